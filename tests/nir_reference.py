"""An independent reference for networks from NIR: dense floats, NIR's ODEs by forward Euler, layer by layer.

It takes the same steps as the simulators that NIR was tried with: in a step, every layer in order answers to what the
layer before it sent in the same step; what goes backward is of the step before.
"""

import numpy as np


class Layer:
    """One neuron node; `step` takes its input, and gives its spikes."""

    def __init__(self, dt_s, *, tau_mem=None, tau_syn=None, r=1.0, v_leak=0.0, v_threshold=1.0, v_reset=0.0, w_in=1.0):
        self.dt, self.tau_mem, self.tau_syn, self.w_in = dt_s, tau_mem, tau_syn, w_in
        self.r, self.v_leak, self.v_threshold, self.v_reset = r, v_leak, v_threshold, v_reset
        self.v = self.i = None

    def step(self, x):
        if self.v is None:
            self.v, self.i = np.zeros(len(x)) + self.v_reset, np.zeros(len(x))
        if self.tau_syn is None:
            self.i = x
        else:
            self.i = self.i + self.dt / self.tau_syn * (self.w_in * x - self.i)
        if self.tau_mem is None:
            self.v = self.v + self.dt * self.r * self.i
        else:
            self.v = self.v + self.dt / self.tau_mem * (self.v_leak - self.v + self.r * self.i)
        z = self.v > self.v_threshold
        self.v = np.where(z, self.v_reset, self.v)
        return z.astype(float)


def convolve(x, weight, stride=(1, 1), padding=(0, 0), dilation=(1, 1), groups=1):
    """A convolution in plain loops: x [channel, row, column]."""
    out, per, kh, kw = weight.shape
    x = np.pad(x, ((0, 0), (padding[0], padding[0]), (padding[1], padding[1])))
    height = (x.shape[1] - dilation[0] * (kh - 1) - 1) // stride[0] + 1
    width = (x.shape[2] - dilation[1] * (kw - 1) - 1) // stride[1] + 1
    made = np.zeros((out, height, width))
    for o in range(out):
        first = o // (out // groups) * per
        for y in range(height):
            for z in range(width):
                rows = y * stride[0] + dilation[0] * np.arange(kh)
                columns = z * stride[1] + dilation[1] * np.arange(kw)
                made[o, y, z] = (x[first : first + per][:, rows][:, :, columns] * weight[o]).sum()
    return made


def sum_pool(x, kernel, stride):
    """Sums over windows."""
    channels = len(x)
    return convolve(x, np.ones((channels, 1, *kernel)), stride, groups=channels)


def spikes_of(raster):
    """(step, neuron) of a raster [step, neuron], in order."""
    return [tuple(row) for row in np.argwhere(raster).tolist()]
