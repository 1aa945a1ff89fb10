"""The result of a run: spikes, counts, probes.  Saves and loads as one file."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from chips import ChipProfile, ProfileError, RunError, profile_from_json, profile_to_json
from compiler import Span
from compiler.npz import Array, read_npz, write_npz
from compiler.validate import spans_from_json, spans_to_json
from neurosim.counts import KINDS, Counts
from neurosim.spike_record import SpikeRecord
from neurosim.spikes import chosen_spikes, sample_of_spikes

FORMAT = "neurosim-run/2"


@dataclass(frozen=True, eq=False)
class Probes:
    """u and v of chosen neurons in every step.

    Of LIF neurons u (after input and decay) and v (after reset); of units that send numbers u is the input that they
    used (s in compiler/lower_graded.py) and v their state y; of resonators u is the real and v the imaginary part.
    """

    neuron: npt.NDArray[np.int32]  # [probe], in the network's numbering
    u: npt.NDArray[np.int64]  # [step of all samples, probe]; [sample, probe] where only last steps are kept
    v: npt.NDArray[np.int64]  # likewise
    last_only: bool = False  # whether only the last step of each sample is kept


@dataclass(frozen=True, eq=False)
class RunResult(SpikeRecord):
    """What a program did.  Spikes are sorted by sample, step and neuron."""

    chip: ChipProfile
    program_digest: str
    spans: tuple[Span, ...]
    dt_ms: float
    sample_ptr: npt.NDArray[np.int64]  # [sample + 1], into spike_step and spike_neuron
    spike_step: npt.NDArray[np.int32]  # [spike], from 0 in each sample
    spike_neuron: npt.NDArray[np.int32]  # [spike], in the network's numbering
    counts: Counts
    seed: int = 0  # of random numbers, on chips that draw any; sample i is drawn from seed + i
    probes: Probes | None = None
    spike_value: npt.NDArray[np.int32] | None = None  # [spike], payload; None: all are 1
    faults: tuple[str, ...] = ()  # that the chip had, each as `Faults.parse` reads it

    def __repr__(self) -> str:
        """One line of sizes."""
        steps = int(self.counts.steps.sum())
        return f"RunResult({self.n_samples:,} samples, {steps:,} steps, {self.n_spikes:,} spikes on {self.chip.name})"

    @property
    def steps(self) -> npt.NDArray[np.int64]:
        """Length of each sample in steps: [sample]."""
        return self.counts.steps

    def samples(self, which: npt.ArrayLike) -> "RunResult":
        """Some of the samples, by number, in the order given: spikes and totals, without counts per step and probes."""
        chosen = np.asarray(which, np.int64)
        ptr, at = chosen_spikes(self.sample_ptr, chosen)
        counts = replace(
            self.counts,
            steps=self.counts.steps[chosen],
            total=self.counts.total[chosen],
            per_step=None,
            busiest_link=None,
            busiest_border=None,
        )
        return replace(
            self,
            sample_ptr=ptr,
            spike_step=self.spike_step[at],
            spike_neuron=self.spike_neuron[at],
            spike_value=None if self.spike_value is None else self.spike_value[at],
            counts=counts,
            probes=None,
        )

    def trajectory(
        self, population: str | None = None, sample: int = 0, coding: Literal["value", "sigma_delta"] = "value"
    ) -> npt.NDArray[np.int64]:
        """What receivers know of each neuron: [step, neuron], from the payloads sent up to each step.

        Args:
            population: which neurons; None for all.
            sample: which sample.
            coding: "value": the payload of the step, 0 where none was sent; "sigma_delta": the sum of all so far, which
                is the sender's state to within its threshold.

        Raises:
            RunError: the population or the coding is unknown.
        """
        if coding not in ("value", "sigma_delta"):
            raise RunError(f"coding is {coding!r}, but must be 'value' or 'sigma_delta'")
        start, n = self.range_of(population)
        part = slice(self.sample_ptr[sample], self.sample_ptr[sample + 1])
        dense = np.zeros((int(self.counts.steps[sample]), self.n_neurons), np.int64)
        dense[self.spike_step[part], self.spike_neuron[part]] = (
            1 if self.spike_value is None else self.spike_value[part]
        )
        chosen = dense[:, start : start + n]
        return chosen if coding == "value" else np.cumsum(chosen, axis=0)

    def save(self, path: str | Path) -> None:
        """Write the result as one file.

        Raises:
            NeurosimError: the file cannot be written.
        """
        header = {
            "format": FORMAT,
            "chip": profile_to_json(self.chip),
            "program_digest": self.program_digest,
            "spans": spans_to_json(self.spans),
            "dt_ms": self.dt_ms,
            "seed": self.seed,
            "probe_last_only": self.probes is not None and self.probes.last_only,
            "faults": list(self.faults),
        }
        write_npz(path, header, _arrays(self))

    @staticmethod
    def load(path: str | Path) -> "RunResult":
        """Read a result.

        Raises:
            RunError: the file is damaged, foreign, of another version, or contradicts itself.
        """
        header, arrays = read_npz(path, FORMAT, RunError)
        try:
            return _from_parts(header, arrays)
        except (ProfileError, LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise RunError(f"{path} lacks or garbles {error}: run the program again") from error


def _arrays(result: RunResult) -> dict[str, Array]:
    counts = result.counts
    arrays: dict[str, Array | None] = {
        "sample_ptr": result.sample_ptr,
        "spike_step": result.spike_step,
        "spike_neuron": result.spike_neuron,
        "core": counts.core,
        "neurons": counts.neurons,
        "steps": counts.steps,
        "total": counts.total,
        "per_step": counts.per_step,
        "busiest_link": counts.busiest_link,
        "spike_value": result.spike_value,
        "busiest_border": counts.busiest_border,
    }
    if result.probes is not None:
        arrays |= {
            "probe_neuron": result.probes.neuron,
            "probe_u": result.probes.u,
            "probe_v": result.probes.v,
        }
    return {name: array for name, array in arrays.items() if array is not None}


_DTYPES = {
    "sample_ptr": np.int64,
    "spike_step": np.int32,
    "spike_neuron": np.int32,
    "spike_value": np.int32,
    "core": np.int32,
    "neurons": np.int64,
    "steps": np.int64,
    "total": np.int64,
    "per_step": np.int32,
    "busiest_link": np.int32,
    "busiest_border": np.int32,
    "probe_neuron": np.int32,
    "probe_u": np.int64,
    "probe_v": np.int64,
}


def _from_parts(header: dict[str, Any], arrays: dict[str, Array]) -> RunResult:
    for name, array in arrays.items():
        if array.dtype != _DTYPES[name]:
            raise ValueError(f"{name!r}, whose type is {array.dtype}")
    chip = profile_from_json(header["chip"])
    counts = Counts(
        chip_name=chip.name,
        limits_hash=chip.limits_hash,
        core=arrays["core"],
        neurons=arrays["neurons"],
        steps=arrays["steps"],
        total=arrays["total"],
        per_step=arrays.get("per_step"),
        busiest_link=arrays.get("busiest_link"),
        busiest_border=arrays.get("busiest_border"),
    )
    probes = None
    if "probe_neuron" in arrays:
        probes = Probes(
            arrays["probe_neuron"], arrays["probe_u"], arrays["probe_v"], bool(header.get("probe_last_only", False))
        )
    result = RunResult(
        chip=chip,
        program_digest=str(header["program_digest"]),
        spans=spans_from_json(header["spans"]),
        dt_ms=float(header["dt_ms"]),
        sample_ptr=arrays["sample_ptr"],
        spike_step=arrays["spike_step"],
        spike_neuron=arrays["spike_neuron"],
        counts=counts,
        seed=int(header["seed"]),
        probes=probes,
        spike_value=arrays.get("spike_value"),
        faults=tuple(str(each) for each in header.get("faults", ())),
    )
    _check_shapes(result)
    return result


def _check_shapes(result: RunResult) -> None:
    counts, probes, n_samples, n_spikes = result.counts, result.probes, result.n_samples, result.n_spikes
    n_cores, n_kinds, n_steps = len(counts.core), len(KINDS), sum(counts.steps.tolist())
    shapes = {
        "sample_ptr": (n_samples + 1,),
        "spike_step": (n_spikes,),
        "spike_neuron": (n_spikes,),
        "spike_value": (n_spikes,),
        "steps": (n_samples,),
        "core": (n_cores,),
        "neurons": (n_cores,),
        "total": (n_samples, n_cores, n_kinds),
        "per_step": (n_steps, n_cores, n_kinds),
        "busiest_link": (n_steps,),
        "busiest_border": (n_steps,),
    }
    if probes is not None:
        probed = (n_samples if probes.last_only else n_steps, len(probes.neuron))
        shapes |= {"probe_neuron": probed[1:], "probe_u": probed, "probe_v": probed}
    arrays = _arrays(result)
    for name, array in arrays.items():
        _require(array.shape == shapes[name], name)
        _require(name in ("probe_u", "probe_v", "spike_value") or array.size == 0 or array.min() >= 0, name)
    _require(counts.steps.min() >= 1, "steps")
    for name in ("busiest_link", "busiest_border"):
        _require((counts.per_step is None) == (getattr(counts, name) is None), name)
    pointer = result.sample_ptr
    _require(pointer[0] == 0 and pointer[-1] == n_spikes and (np.diff(pointer) >= 0).all(), "sample_ptr")
    last = counts.steps[sample_of_spikes(pointer)]
    _require((result.spike_step < last).all(), "spike_step")
    _require((result.spike_neuron < result.n_neurons).all(), "spike_neuron")
    _require(probes is None or (probes.neuron < result.n_neurons).all(), "probe_neuron")
    _require(int(counts.neurons.sum()) >= result.n_neurons, "neurons")
    starts = [0, *np.cumsum([span.n for span in result.spans], dtype=np.int64).tolist()]
    _require([span.start for span in result.spans] == starts[:-1], "spans")
    _require(np.isfinite(result.dt_ms) and result.dt_ms > 0, "dt_ms")


def _require(holds: Any, name: str) -> None:
    if not holds:
        raise ValueError(f"{name!r}, which contradicts the rest")
