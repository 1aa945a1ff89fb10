"""Native networks: the cores of a crossbar chip, given directly.

For whoever thinks in cores, axons and crosspoints; a million neurons and a hundred million crosspoints fit, as a
crosspoint is a bit.  Core i of the description is core i of the chip; nothing is moved.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from chips.errors import CannotRepresent, NetworkError
from chips.kinds import chips_with
from chips.profile import ChipProfile
from compiler.crossbar.tables import NEURON, CrossbarTables
from compiler.lowering.registers import REGISTERS
from compiler.npz import Array, read_npz, write_npz
from compiler.program import Program, with_digest
from compiler.validate import Span

FORMAT = "neurosim-crossbar/1"
NEURONS, INPUT = "neurons", "input"
_DEFAULTS = {"threshold": 1, "negative_saturates": 1}


@dataclass(frozen=True, eq=False)
class CrossbarNetwork:
    """Cores with their axons, crosspoints, neurons and targets.

    Registers are those of a crossbar neuron: weight_0 to weight_3 (one for each axon type), stochastic_weights (bit g:
    type g), leak, leak_reversal, stochastic_leak, threshold, threshold_mask, negative_threshold,
    negative_saturates, reset_mode (0: to reset_potential, 1: less the threshold, 2: none), reset_potential,
    and potential (at the start).  See crossbar_kernel.py for the equations.

    Attributes:
        axon_type: [core, axon], 0 to 3.
        crossbar: [core, axon, neurons / 8], bits, least first; `pack` makes it from Booleans.
        registers: name -> [core, neuron].
        target_core: [core, neuron], -1: the neuron sends nowhere.
        target_axon: [core, neuron].
        target_delay: [core, neuron], ticks, at least 1.
        input_channel: [entry], ascending; external spikes of this channel enter ...
        input_core: [entry] ... this core,
        input_axon: [entry] ... on this axon,
        input_delay: [entry] ... this many ticks later.
        channels: how many external channels.
        dt_ms: length of a tick.
    """

    axon_type: npt.NDArray[np.uint8]
    crossbar: npt.NDArray[np.uint8]
    registers: Mapping[str, npt.NDArray[Any]]
    target_core: npt.NDArray[np.int32]
    target_axon: npt.NDArray[np.int32]
    target_delay: npt.NDArray[np.uint8]
    input_channel: npt.NDArray[np.int32]
    input_core: npt.NDArray[np.int32]
    input_axon: npt.NDArray[np.int32]
    input_delay: npt.NDArray[np.uint8]
    channels: int
    dt_ms: float = 1.0

    @staticmethod
    def make(
        crossbar: npt.ArrayLike,
        axon_type: npt.ArrayLike,
        target_core: npt.ArrayLike = -1,
        target_axon: npt.ArrayLike = 0,
        target_delay: npt.ArrayLike = 1,
        inputs: npt.ArrayLike = (),
        channels: int | None = None,
        dt_ms: float = 1.0,
        **registers: npt.ArrayLike,
    ) -> "CrossbarNetwork":
        """A checked network from whatever broadcasts to the shapes above.

        Args:
            crossbar: Booleans [core, axon, neuron], or bytes as `pack` makes them.
            axon_type: [core, axon].
            target_core: [core, neuron].
            target_axon: [core, neuron].
            target_delay: [core, neuron].
            inputs: rows of (channel, core, axon, delay).
            channels: how many channels; by default as many as `inputs` names.
            dt_ms: length of a tick.
            **registers: [core, neuron] each; thresholds are 1 and negative_saturates 1 by default, the rest 0.

        Raises:
            NetworkError: shapes, indices or values that do not fit together.
        """
        given = np.asarray(crossbar)
        if given.ndim != 3 or given.dtype not in (np.bool_, np.uint8):
            raise NetworkError("crossbar needs Booleans [core, axon, neuron], or bytes made by pack(...)")
        if given.dtype == np.uint8 and given.max(initial=0) == 1:
            raise NetworkError("crossbar holds bytes of 0 and 1: give Booleans, or bytes made by pack(...)")
        bits = pack(given) if given.dtype == np.bool_ else given
        n_cores, n_axons = bits.shape[:2]
        columns = {name: np.asarray(values) for name, values in registers.items()}
        n = _neurons(bits, given, {**columns, "target_core": np.asarray(target_core)})
        if unknown := sorted(set(columns) - set(REGISTERS["truenorth"])):
            raise NetworkError(f"unknown register {unknown[0]!r}: known are {', '.join(REGISTERS['truenorth'])}")
        shape = (n_cores, n)
        made = {
            name: _cast(name, columns.get(name, _DEFAULTS.get(name, 0)), shape, dtype)
            for name, dtype in REGISTERS["truenorth"].items()
        }
        rows = _rows(inputs)
        rows = rows[np.lexsort(rows.T[::-1])]
        return CrossbarNetwork(
            _cast("axon_type", axon_type, (n_cores, n_axons), "uint8"),
            bits,
            made,
            _cast("target_core", target_core, shape, "int32"),
            _cast("target_axon", target_axon, shape, "int32"),
            _cast("target_delay", target_delay, shape, "uint8"),
            _cast("inputs: channel", rows[:, 0], (len(rows),), "int32"),
            _cast("inputs: core", rows[:, 1], (len(rows),), "int32"),
            _cast("inputs: axon", rows[:, 2], (len(rows),), "int32"),
            _cast("inputs: delay", rows[:, 3], (len(rows),), "uint8"),
            int(rows[:, 0].max(initial=-1)) + 1 if channels is None else channels,
            dt_ms,
        )

    def __repr__(self) -> str:
        """One line of sizes."""
        return f"CrossbarNetwork({self.n_cores:,} cores, {self.n_neurons:,} neurons, {self.n_synapses:,} crosspoints)"

    @property
    def n_cores(self) -> int:
        """Cores."""
        return len(self.crossbar)

    @property
    def n_neurons(self) -> int:
        """Neurons of all cores."""
        return int(self.target_core.size)

    @property
    def n_synapses(self) -> int:
        """Crosspoints that are set."""
        return sum(int(np.bitwise_count(core).sum(dtype=np.int64)) for core in self.crossbar)

    def save(self, path: str | Path) -> None:
        """Write the network as one .npz file.

        Raises:
            NeurosimError: the file cannot be written.
        """
        header = {"format": FORMAT, "channels": self.channels, "dt_ms": self.dt_ms}
        plain = {name: getattr(self, name) for name in _ARRAYS}
        write_npz(path, header, plain | dict(self.registers))

    @staticmethod
    def load(path: str | Path) -> "CrossbarNetwork":
        """Read a network.

        Raises:
            NetworkError: the file is missing, damaged or foreign; compiling checks what it says.
        """
        header, arrays = read_npz(path, FORMAT, NetworkError)
        try:
            return _from_parts(header, dict(arrays))
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise NetworkError(f"{path} lacks or garbles {error}: save the network again") from error


_ARRAYS = (
    *("axon_type", "crossbar", "target_core", "target_axon", "target_delay"),
    *("input_channel", "input_core", "input_axon", "input_delay"),
)


def pack(crosspoints: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint8]:
    """Booleans [core, axon, neuron] as bits [core, axon, neurons / 8], least first."""
    return np.packbits(crosspoints, axis=2, bitorder="little")


def compile_native(native: CrossbarNetwork, chip: ChipProfile, seed: int = 0) -> Program:
    """The program of a native network, core by core where it is.

    Raises:
        CannotRepresent: the chip has no crossbar cores.
        NetworkError: the description contradicts itself.
        ProgramError: a limit of the chip is exceeded.
    """
    from compiler.crossbar.check import check_crossbar, check_native

    if chip.crossbar is None:
        have = ", ".join(chips_with("truenorth"))
        raise CannotRepresent(f"{chip.name} has no crossbar cores: choose a chip that has them ({have})")
    check_native(native, chip)
    n_cores, n_axons = native.axon_type.shape
    n, channels = native.n_neurons, native.channels
    flat_target = native.target_core.astype(np.int64) * n_axons + native.target_axon
    entry_axon = native.input_core.astype(np.int64) * n_axons + native.input_axon
    pointer = np.searchsorted(native.input_channel, np.arange(channels + 1)).astype(np.int64)
    tables = CrossbarTables(
        core=np.arange(n_cores, dtype=np.int32),
        core_ptr=np.arange(n_cores + 1, dtype=np.int64) * (n // n_cores),
        neuron_of=np.arange(n, dtype=np.int32),
        role=np.full(n, NEURON, np.uint8),
        registers={name: values.ravel() for name, values in native.registers.items()},
        axon_type=native.axon_type.ravel(),
        axon_key=np.arange(n_cores * n_axons, dtype=np.int64),
        crossbar=native.crossbar.ravel(),
        target=np.where(native.target_core >= 0, flat_target, -1).ravel(),
        target_delay=native.target_delay.ravel(),
        channel_ptr=pointer,
        channel_target=entry_axon,
        channel_delay=native.input_delay,
    )
    spans = [Span(NEURONS, "truenorth", 0, n)] + ([Span(INPUT, "input", n, channels)] if channels else [])
    program = with_digest(Program(chip, tuple(spans), native.dt_ms, seed, (), (), tables, digest=""))
    check_crossbar(program)
    return program


def _neurons(bits: npt.NDArray[np.uint8], given: npt.NDArray[Any], columns: Mapping[str, npt.NDArray[Any]]) -> int:
    """Neurons of a core: as many as the registers and Booleans have columns; else as many as a row has bits."""
    sizes = {values.shape[-1] for values in columns.values() if values.ndim >= 1 and values.shape[-1] > 1}
    sizes |= {given.shape[2]} if given.dtype == np.bool_ else set()
    if len(sizes) > 1:
        raise NetworkError(f"registers have {', '.join(map(str, sorted(sizes)))} neurons a core: give one size")
    n = int(sizes.pop()) if sizes else bits.shape[2] * 8
    if not 1 <= n <= bits.shape[2] * 8:
        raise NetworkError(f"registers have {n} neurons a core, but a row of the crossbar has {bits.shape[2] * 8} bits")
    return n


def _rows(inputs: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Entries of external spikes: (channel, core, axon, delay)."""
    given = np.asarray(inputs)
    if given.size == 0:
        return np.zeros((0, 4), np.int64)
    if given.ndim != 2 or given.shape[1] != 4 or given.dtype.kind not in "iu":
        raise NetworkError(f"inputs have shape {given.shape}, but need rows of (channel, core, axon, delay)")
    return given.astype(np.int64)


def _cast(name: str, given: npt.ArrayLike, shape: tuple[int, ...], dtype: str) -> npt.NDArray[Any]:
    values = np.asarray(given)
    limits = np.iinfo(dtype)
    if values.dtype.kind not in "iub" or (values.size and (values.min() < limits.min or values.max() > limits.max)):
        raise NetworkError(f"{name} needs whole numbers from {limits.min} to {limits.max}")
    try:
        return np.ascontiguousarray(np.broadcast_to(values.astype(dtype, copy=False), shape))
    except ValueError:
        raise NetworkError(f"{name} has shape {values.shape}, but {shape} is needed") from None


def _from_parts(header: dict[str, Any], arrays: dict[str, Array]) -> CrossbarNetwork:
    plain = {name: arrays.pop(name) for name in _ARRAYS}
    if set(arrays) != set(REGISTERS["truenorth"]):
        raise ValueError(f"registers {sorted(set(arrays) ^ set(REGISTERS['truenorth']))}")
    wanted = {
        **dict.fromkeys(("axon_type", "crossbar", "target_delay", "input_delay"), "uint8"),
        **dict.fromkeys(("target_core", "target_axon", "input_channel", "input_core", "input_axon"), "int32"),
        **REGISTERS["truenorth"],
    }
    for name, values in {**plain, **arrays}.items():
        if values.dtype != wanted[name]:
            raise ValueError(f"{name!r}, whose type is {values.dtype}")
    return CrossbarNetwork(**plain, registers=arrays, channels=header["channels"], dt_ms=float(header["dt_ms"]))
