"""External spikes: which channel fires in which step, and with what payload, of one sample or many."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from chips import RunError
from compiler.npz import Array, read_arrays, write_npz

FORMAT = "neurosim-spikes/1"
MAX_STEPS = 2**31 - 2
MAX_SAMPLES = 10_000_000  # of one file
MAX_VALUE = 2**31 - 1  # of a payload, in magnitude


@dataclass(frozen=True, eq=False)
class SpikeTrains:
    """Spikes of samples laid end to end, each sample sorted by step and channel.

    Channels are numbered across all inputs of a network, in their order.
    """

    steps: npt.NDArray[np.int64]  # [sample], length in steps
    sample_ptr: npt.NDArray[np.int64]  # [sample + 1], into step and channel
    step: npt.NDArray[np.int32]  # [spike], from 0 in each sample
    channel: npt.NDArray[np.int32]  # [spike]
    value: npt.NDArray[np.int32] | None = None  # [spike], payload, not 0; None: all are 1

    @property
    def n_samples(self) -> int:
        """How many samples."""
        return len(self.steps)

    def __len__(self) -> int:
        """How many samples."""
        return len(self.steps)

    @property
    def shape(self) -> tuple[int]:
        """(samples,): lets scikit-learn split trains into folds."""
        return (len(self.steps),)

    def __getitem__(self, which: Any) -> "SpikeTrains":
        """Some of the samples, by number, slice, list of numbers, or mask; in the order given, renumbered from 0."""
        chosen = np.atleast_1d(np.arange(len(self.steps))[which])
        ptr, at = chosen_spikes(self.sample_ptr, chosen)
        value = None if self.value is None else self.value[at]
        if value is not None and (value == 1).all():
            value = None
        return SpikeTrains(self.steps[chosen], ptr, self.step[at], self.channel[at], value)

    @staticmethod
    def from_samples(samples: Sequence[npt.ArrayLike], steps: int | Sequence[int]) -> "SpikeTrains":
        """Make trains from one array of (step, channel) or (step, channel, value) rows per sample.

        Args:
            samples: arrays of shape (k, 2) or (k, 3); a row without a value has payload 1.
            steps: length of all samples, or of each.

        Raises:
            RunError: rows are not of whole numbers, a spike is outside its sample or doubled, or a payload is 0.
        """
        lengths = np.atleast_1d(_whole(steps, "steps"))
        if lengths.shape not in ((1,), (len(samples),)):
            raise RunError(f"{len(samples):,} samples have {lengths.size:,} lengths: give steps once, or for each")
        lengths = np.broadcast_to(lengths, (len(samples),))
        rows = [_rows(sample, i) for i, sample in enumerate(samples)]
        sample_of = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
        flat = np.concatenate([np.zeros((0, 3), np.int64), *rows])
        return SpikeTrains.from_events(flat[:, 0], flat[:, 1], lengths, sample_of, flat[:, 2])

    @staticmethod
    def from_events(
        step: npt.ArrayLike,
        channel: npt.ArrayLike,
        steps: int | npt.ArrayLike,
        sample: npt.ArrayLike | None = None,
        value: npt.ArrayLike | None = None,
    ) -> "SpikeTrains":
        """Make trains from parallel arrays; `sample` None puts all spikes into one sample, `value` None means 1.

        Raises:
            RunError: as `from_samples`.
        """
        at, on = _whole(step, "step"), _whole(channel, "channel")
        lengths = np.atleast_1d(_whole(steps, "steps"))
        of = np.zeros(at.shape, np.int64) if sample is None else _whole(sample, "sample")
        carried = np.ones(at.shape, np.int64) if value is None else _whole(value, "value")
        if not at.shape == on.shape == of.shape == carried.shape or at.ndim != 1:
            values = "" if value is None else f" (values {carried.shape})"
            raise RunError(
                f"spikes: steps, channels and samples have shapes {at.shape}, {on.shape} and {of.shape}{values}, "
                "but lists of equal length are needed"
            )
        if lengths.ndim != 1 or len(lengths) == 0 or lengths.min() < 1 or lengths.max() > MAX_STEPS:
            raise RunError("a run needs at least one sample of at least one step")
        _refuse_first((of < 0) | (of >= len(lengths)), of, f"sample {{}} is unknown: there are {len(lengths):,}")
        wrong = (at < 0) | (at >= lengths[of])
        if wrong.any():
            i = int(wrong.argmax())
            raise RunError(
                f"spike {i} is in step {at[i]}, outside the run: sample {of[i]} has steps 0 to {lengths[of[i]] - 1}"
            )
        _refuse_first((on < 0) | (on > 2**31 - 1), on, "channel {} is unknown: channels count from 0")
        _refuse_first(carried == 0, carried, "a payload of {} says nothing: leave the spike out")
        _refuse_first(np.abs(carried) > MAX_VALUE, carried, f"payload {{}} is not within +-{MAX_VALUE:,}")
        order = np.lexsort((on, at, of))
        of, at, on, carried = of[order], at[order], on[order], carried[order]
        same = (np.diff(of) == 0) & (np.diff(at) == 0) & (np.diff(on) == 0)
        if same.any():
            i = int(same.argmax())
            raise RunError(
                f"channel {on[i]} of sample {of[i]} fires twice in step {at[i]}: a channel holds one spike a step"
            )
        ptr = np.searchsorted(of, np.arange(len(lengths) + 1)).astype(np.int64)
        payload = None if (carried == 1).all() else carried.astype(np.int32)
        return SpikeTrains(lengths.astype(np.int64), ptr, at.astype(np.int32), on.astype(np.int32), payload)

    def longer(
        self, by: int, step: npt.NDArray[Any], channel: npt.NDArray[Any], sample: npt.NDArray[Any]
    ) -> "SpikeTrains":
        """Every sample longer by some steps, and with these spikes too, [spike], of payload 1.

        Raises:
            RunError: as `from_samples`.
        """
        value = None
        if self.value is not None:
            value = np.concatenate([self.value, np.ones(len(step), np.int32)])
        return SpikeTrains.from_events(
            np.concatenate([self.step, step]),
            np.concatenate([self.channel, channel]),
            self.steps + by,
            np.concatenate([sample_of_spikes(self.sample_ptr), sample]),
            value,
        )

    def save(self, path: str | Path) -> None:
        """Write the trains as one .npz file.

        Raises:
            NeurosimError: the file cannot be written.
        """
        sample = sample_of_spikes(self.sample_ptr)
        arrays: dict[str, Array] = {"step": self.step, "channel": self.channel, "sample": sample, "steps": self.steps}
        if self.value is not None:
            arrays["value"] = self.value
        write_npz(path, {"format": FORMAT}, arrays)

    @staticmethod
    def load(path: str | Path, steps: int | None = None) -> "SpikeTrains":
        """Read an .npz file with arrays `step` and `channel`, optionally `sample`, `steps` and `value` (payloads).

        In place of `step` and `channel` an array `spikes` of (step, channel) or (step, channel, value) rows will do.

        Args:
            path: the file; `numpy.savez` makes one.
            steps: length of the samples, for a file that has no `steps` or to cut them to another length.

        Raises:
            RunError: the file is damaged, an array is missing, or no length is given.
        """
        arrays = read_arrays(path, RunError)
        rows = arrays.pop("spikes", None)
        if rows is not None:
            rows = _rows(rows, 0)
            arrays |= {"step": rows[:, 0], "channel": rows[:, 1], "value": rows[:, 2]}
        if missing := [name for name in ("step", "channel") if name not in arrays]:
            raise RunError(f"{path} has no array {missing[0]!r}: a spike file holds step and channel")
        sample = _whole(arrays["sample"], "sample") if "sample" in arrays else None
        n_samples = len(arrays["steps"]) if "steps" in arrays and arrays["steps"].ndim else 1
        if sample is not None and sample.size and "steps" not in arrays:
            n_samples = max(1, int(sample.max()) + 1)
        if n_samples > MAX_SAMPLES:
            raise RunError(
                f"{path} names sample {n_samples - 1:,}, but at most {MAX_SAMPLES:,} are read: number them from 0"
            )
        if steps is not None:
            lengths: npt.ArrayLike = np.full(min(n_samples, 2**31), steps)
        elif "steps" in arrays:
            lengths = arrays["steps"]
        else:
            raise RunError(f"{path} does not say how long its samples are: give the number of steps")
        return SpikeTrains.from_events(arrays["step"], arrays["channel"], lengths, sample, arrays.get("value"))


def sample_of_spikes(sample_ptr: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Sample of each spike: [spike]."""
    return np.repeat(np.arange(len(sample_ptr) - 1), np.diff(sample_ptr))


def chosen_spikes(
    sample_ptr: npt.NDArray[np.int64], chosen: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Pointer of the chosen samples, [chosen + 1], and where their spikes are, [spike]."""
    n = np.diff(sample_ptr)[chosen]
    ptr = np.concatenate([[0], np.cumsum(n)]).astype(np.int64)
    return ptr, np.arange(ptr[-1]) + np.repeat(sample_ptr[chosen] - ptr[:-1], n)


def counts_in_bins(
    sample: npt.NDArray[np.int64],
    step: npt.NDArray[np.integer[Any]],
    index: npt.NDArray[np.integer[Any]],
    steps: npt.NDArray[np.int64],
    n: int,
    bins: int,
) -> npt.NDArray[np.int64]:
    """Spikes of each of `n` neurons or channels in equal parts of each sample: [sample, bins * n], bins outermost.

    `sample`, `step` and `index` describe spikes; step t of a sample of T steps is in bin t * bins // T.
    """
    row = sample
    if bins > 1:  # one bin needs no division, which takes most of the time
        row = sample * bins + step.astype(np.int64) * bins // steps[sample]
    flat = row * n + index
    return np.bincount(flat, minlength=len(steps) * bins * n).reshape(len(steps), bins * n)


def _rows(sample: npt.ArrayLike, i: int) -> npt.NDArray[np.int64]:
    """Rows of (step, channel, value)."""
    rows = _whole(sample, f"sample {i}")
    if rows.size == 0:
        return np.zeros((0, 3), np.int64)
    if rows.ndim != 2 or rows.shape[1] not in (2, 3):
        raise RunError(
            f"sample {i} has shape {rows.shape}, but spikes are rows of (step, channel) or (step, channel, value)"
        )
    return rows if rows.shape[1] == 3 else np.pad(rows, ((0, 0), (0, 1)), constant_values=1)


def _whole(values: npt.ArrayLike, what: str) -> npt.NDArray[np.int64]:
    try:
        array = np.asarray(values)
    except (TypeError, ValueError):
        raise RunError(f"spikes: {what} is not an array of numbers") from None
    if array.size == 0:
        return np.zeros(array.shape, np.int64)
    if array.dtype.kind not in "iuf" or not (np.isfinite(array) & (array == np.floor(array))).all():
        raise RunError(f"spikes: {what} must be whole numbers")
    if np.abs(array.astype(np.float64)).max() > 2**53:
        raise RunError(f"spikes: {what} holds numbers too large to be one")
    return array.astype(np.int64)


def _refuse_first(wrong: npt.NDArray[np.bool_], values: npt.NDArray[np.int64], message: str) -> None:
    if wrong.any():
        i = int(wrong.argmax())
        raise RunError(f"spike {i}: {message.format(values[i])}")
