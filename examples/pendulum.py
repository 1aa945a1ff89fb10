"""A pendulum that stands on its pivot, driven by a motor there; it can change on the way.

    m l^2 theta'' = m g l sin(theta) - friction theta' + motor torque + wind

theta is 0 upright.  A point mass m on a massless rod l; integrated by the classical Runge-Kutta method, steps of 2 ms.
The torque that a controller works out in one period of 20 ms acts in the next: it has the whole period to think.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
PERIOD_MS, STEP_MS = 20, 2
GRAVITY = 9.81  # m/s^2
MAX_TORQUE = 6.0  # N m
LIMIT_RAD = 0.5  # beyond, it has fallen
PUSH = 0.2  # N m, standard deviation of a random torque, drawn anew in each period
SENSOR = np.array([0.002, 0.02])  # rad and rad/s, standard deviation of what is measured
PD = np.array([10.5, 1.6])  # N m per rad and per rad/s: 8 rad/s and damping 0.8 on the original plant


@dataclass(frozen=True)
class Plant:
    """What the pendulum is made of; the original by default."""

    mass: float = 0.5  # kg
    length: float = 0.5  # m
    friction: float = 0.02  # N m s
    motor: float = 1.0  # torque made of what was asked
    wind: float = 0.0  # N m

    def after(self, state: Floats, asked: float, push: float = 0.0) -> Floats:
        """Angle and angular velocity one period later."""
        inertia = self.mass * self.length**2
        torque = self.motor * float(np.clip(asked, -MAX_TORQUE, MAX_TORQUE)) + self.wind + push
        weight, h = self.mass * GRAVITY * self.length, STEP_MS / 1000

        def slope(angle: float, speed: float) -> tuple[float, float]:
            return speed, (weight * np.sin(angle) - self.friction * speed + torque) / inertia

        angle, speed = float(state[0]), float(state[1])
        for _ in range(PERIOD_MS // STEP_MS):
            a1, b1 = slope(angle, speed)
            a2, b2 = slope(angle + h / 2 * a1, speed + h / 2 * b1)
            a3, b3 = slope(angle + h / 2 * a2, speed + h / 2 * b2)
            a4, b4 = slope(angle + h * a3, speed + h * b3)
            angle += h / 6 * (a1 + 2 * a2 + 2 * a3 + a4)
            speed += h / 6 * (b1 + 2 * b2 + 2 * b3 + b4)
        return np.array([angle, speed])


ORIGINAL = Plant()
CHANGED = replace(ORIGINAL, mass=0.75, motor=0.6, wind=0.5)


def drive(control: Callable[[Floats], float], periods: int, seed: int, change_at: int | None = None) -> Floats:
    """True states [period, (angle, speed)] under `control(measured) -> torque`, up to a fall."""
    rng = np.random.default_rng([seed, 1])
    state, torque, states = rng.normal(0, [0.1, 0.3]), 0.0, []
    for k in range(periods):
        if abs(state[0]) > LIMIT_RAD:
            break
        states.append(state)
        coming = control(state + SENSOR * rng.standard_normal(2))
        plant = ORIGINAL if change_at is None or k < change_at else CHANGED
        state, torque = plant.after(state, torque, PUSH * rng.standard_normal()), coming
    return np.array(states)
