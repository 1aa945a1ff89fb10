"""Check: verify a program against its chip, and against the network that it was made from.

Shares no code with the passes; what is checked is what the tables say.  A program that passes is safe to
run: every index is in range, every limit of the chip holds, and no entry has changed since it was emitted.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from chips.errors import ProgramError
from chips.packing import list_bits
from chips.profile import ChipProfile
from compiler.blocks import blocks
from compiler.check_routes import communicating, distances
from compiler.lowering.lowered import LoweredNetwork, SynapseFormat
from compiler.lowering.registers import ADAPTIVE, MODELS, registers_of, sends_numbers
from compiler.program import Program, program_digest

Limits = dict[str, tuple[int, int, str]]  # register -> least, largest, key of the profile
Keys = tuple[npt.NDArray[Any], npt.NDArray[Any]]  # of synapses, sorted


def check_program(program: Program) -> None:
    """Verify structure, limits and digest.

    Raises:
        ProgramError: naming the table, the entry and the limit.
    """
    _check_pointers(program)
    _check_indices(program)
    _check_registers(program)
    _check_formats(program)
    _check_capacity(program)
    check_board(program)
    require(
        program.digest == program_digest(program),
        "the tables differ from what was compiled (digest mismatch): an entry was changed; compile again",
    )


def check_faithful(program: Program, net: LoweredNetwork) -> None:
    """Verify that the program holds exactly the neurons and synapses of `net`.

    Raises:
        ProgramError: a neuron or synapse is missing, doubled or different.
    """
    t = program.lists
    require(len(t.neuron_of) == net.n_neurons, "the number of neurons differs from the network")
    require((t.model == net.model[t.neuron_of]).all(), "neuron models differ from the network")
    for name, values in t.registers.items():
        require((values == net.registers[name][t.neuron_of]).all(), f"register {name} differs from the network")
    if not program.n_synapses == len(net.source):
        raise ProgramError(f"the program has {program.n_synapses:,} synapses, the network {len(net.source):,}")
    if not program.n_synapses:
        return
    home = np.concatenate([program.slot_of, np.arange(net.n_neurons, len(t.source_ptr) - 1)]).astype(np.int32)
    for first, last, entries in blocks(home[net.source], len(home)):
        made, wanted = _held(program, first, last), _wanted(net, entries, home)
        same = all(np.array_equal(a, b) for a, b in zip(made, wanted, strict=True))
        require(same, "synapses differ from the network")


def _held(program: Program, first: int, last: int) -> Keys:
    """Synapses of the sources from `first` to `last` in a program."""
    t = program.lists
    begin, end = t.source_ptr[first], t.source_ptr[last]
    lists = t.list_ptr[begin : end + 1]
    of_list = np.repeat(np.arange(first, last), np.diff(t.source_ptr[first : last + 1]))
    inside = slice(lists[0], lists[-1])
    list_of = np.repeat(np.arange(end - begin), np.diff(lists))
    target = t.neuron_of[t.core_ptr[t.list_core[begin:end]][list_of] + t.synapse_index[inside]]
    exponent = np.array([f.exponent for f in program.formats], np.int64)[t.list_format[begin:end]]
    return _canonical(of_list[list_of], target, t.synapse_delay[inside], t.synapse_weight[inside], exponent[list_of])


def _wanted(net: LoweredNetwork, entries: npt.NDArray[np.int64] | slice, home: npt.NDArray[np.int32]) -> Keys:
    """These synapses of a network, whose sources are where `home` says."""
    exponent = np.array([f.exponent for f in net.formats], np.int64)[net.format_of[entries]]
    source = home[net.source[entries]]
    return _canonical(source, net.target[entries], net.delay[entries], net.weight[entries], exponent)


def _canonical(
    source: npt.NDArray[Any],
    target: npt.NDArray[Any],
    delay: npt.NDArray[Any],
    weight: npt.NDArray[Any],
    exponent: npt.NDArray[Any],
) -> Keys:
    """Synapses as two keys, sorted: equal multisets give equal arrays."""
    ends = source.astype(np.int64) * 2**31 + target
    value = (delay.astype(np.int64) << 32) + (weight.astype(np.int64) << exponent)
    order = np.lexsort((value, ends))
    return ends[order], value[order]


def require(holds: Any, message: str) -> None:
    """Refuse the program unless it holds."""
    if not holds:
        raise ProgramError(message)


def _check_pointers(program: Program) -> None:
    t = program.lists
    sizes = [
        ("core_ptr", t.core_ptr, len(t.core), len(t.neuron_of)),
        ("source_ptr", t.source_ptr, None, len(t.list_core)),
        ("list_ptr", t.list_ptr, len(t.list_core), len(t.synapse_index)),
    ]
    for name, pointer, n, end in sizes:
        require(len(pointer) >= 1 and (n is None or len(pointer) == n + 1), f"table {name} has a wrong length")
        spans = pointer[0] == 0 and pointer[-1] == end and pointer.min() >= 0 and pointer.max() <= end
        require(spans, f"table {name} does not span its entries")
        require((np.diff(pointer) >= 0).all(), f"table {name} runs backwards")
    n_neurons = len(t.neuron_of)
    require(n_neurons >= 1, "the program has no neurons")
    require(len(t.source_ptr) - 1 >= n_neurons, "table source_ptr is shorter than the neurons")
    for name, values in {"model": t.model, **t.registers}.items():
        require(len(values) == n_neurons, f"table {name} has a wrong length")
    require(t.model.max() < len(MODELS), "table model names no neuron model")
    require(set(t.registers) == set(registers_of(np.unique(t.model))), "the registers are not those of the models")
    require(len(t.list_format) == len(t.list_core), "table list_format has a wrong length")
    for name in ("synapse_weight", "synapse_delay"):
        require(len(getattr(t, name)) == len(t.synapse_index), f"table {name} has a wrong length")
    _check_spans(program)


def _check_spans(program: Program) -> None:
    n_neurons, start = len(program.lists.neuron_of), 0
    for span in program.spans:
        require(span.start == start and span.n >= 1, f"{span.name!r} does not follow its neighbour")
        require((span.kind == "input") == (start >= n_neurons), f"{span.name!r} has the wrong kind")
        start += span.n
    require(start == len(program.lists.source_ptr) - 1, "the populations and inputs do not cover all sources")
    require(np.isfinite(program.dt_ms) and program.dt_ms > 0, f"dt_ms is {program.dt_ms}")


def _check_indices(program: Program) -> None:
    t = program.lists
    mesh_cores = program.chip.mesh.n_cores
    require((np.diff(t.core) > 0).all(), "table core does not ascend")
    require(
        len(t.core) and t.core.min() >= 0 and t.core.max() < mesh_cores,
        f"a core is outside the mesh of {mesh_cores:,} cores (mesh.tiles_x, mesh.tiles_y, mesh.cores_per_tile)",
    )
    require((np.diff(t.core_ptr) > 0).all(), "a core in use has no neurons")
    require(
        np.array_equal(np.sort(t.neuron_of), np.arange(len(t.neuron_of))),
        "table neuron_of is not a permutation",
    )
    if not len(t.list_core):
        return
    require(t.list_core.min() >= 0 and t.list_core.max() < len(t.core), "table list_core names no core")
    require(t.list_format.max() < len(program.formats), "table list_format names no format")
    require((np.diff(t.list_ptr) > 0).all(), "a list has no synapses")
    size = np.diff(t.core_ptr)[t.list_core]
    first = np.minimum.reduceat(t.synapse_index, t.list_ptr[:-1])
    last = np.maximum.reduceat(t.synapse_index, t.list_ptr[:-1])
    require((first >= 0).all() and (last < size).all(), "table synapse_index names no neuron of its core")
    source = np.repeat(np.arange(len(t.source_ptr) - 1), np.diff(t.source_ptr))
    key = (source * len(t.core) + t.list_core) * len(program.formats) + t.list_format
    require((np.diff(key) > 0).all(), "the lists of a source do not ascend by core and format")


def _check_registers(program: Program) -> None:
    t, name = program.lists, program.chip.name
    for model in np.unique(t.model):
        mine = t.model == model
        if MODELS[model] not in _LIMITS:
            raise ProgramError(f"neurons of model {MODELS[model]} do not go with lists of synapses")
        limits = _LIMITS[MODELS[model]](program.chip)
        for register in registers_of([model]):
            low, high, key = limits[register]
            within(t.registers[register][mine], low, high, register, f"{name} ({key})")
    if program.chip.graded:
        _check_graded_sums(program, program.chip.graded.message_bits)
    if len(t.synapse_delay):
        longest = program.chip.core.delay_steps_max
        within(t.synapse_delay, 1, longest, "synapse_delay", f"{name} (core.delay_steps_max)")


def _cuba_lif_limits(chip: ChipProfile) -> Limits:
    neuron = chip.cuba_lif
    if neuron is None:
        raise ProgramError(f"the program has cuba_lif neurons, which {chip.name} has not (section cuba_lif)")
    return {
        "du": (0, (1 << neuron.decay_bits) - 1, "cuba_lif.decay_bits"),
        "dv": (0, (1 << neuron.decay_bits) - 1, "cuba_lif.decay_bits"),
        "vth": (0, (1 << neuron.vth_mantissa_bits) - 1, "cuba_lif.vth_mantissa_bits"),
        "bias_mantissa": (-neuron.bias_mantissa_max, neuron.bias_mantissa_max, "cuba_lif.bias_mantissa_max"),
        "bias_exponent": (0, neuron.bias_exponent_max, "cuba_lif.bias_exponent_max"),
        "refractory": (1, neuron.refractory_max, "cuba_lif.refractory_max"),
    }


def _adaptive_lif_limits(chip: ChipProfile) -> Limits:
    neuron = chip.cuba_lif
    if neuron is None or neuron.adaptation_bits == 0:
        raise ProgramError(
            f"the program has adaptive_lif neurons, which {chip.name} has not (cuba_lif.adaptation_bits)"
        )
    state = (1 << (neuron.adaptation_bits - 1)) - 1
    jump = min((1 << neuron.vth_mantissa_bits) - 1, state >> neuron.weight_shift)
    return _cuba_lif_limits(chip) | {
        "adaptation_jump": (0, jump, "cuba_lif.vth_mantissa_bits, cuba_lif.adaptation_bits"),
        "adaptation_decay": (0, (1 << neuron.decay_bits) - 1, "cuba_lif.decay_bits"),
    }


def _linear_lif_limits(chip: ChipProfile) -> Limits:
    neuron = chip.linear_lif
    if neuron is None:
        raise ProgramError(f"the program has linear_lif neurons, which {chip.name} has not (section linear_lif)")
    return {
        "leak": (0, (1 << neuron.leak_bits) - 1, "linear_lif.leak_bits"),
        "threshold": (1, (1 << neuron.threshold_bits) - 1, "linear_lif.threshold_bits"),
    }


def _check_graded_sums(program: Program, message_bits: int) -> None:
    """No sum of weight * payload leaves 64 bits, whatever is sent; programs of LIF neurons alone send no payloads."""
    t = program.lists
    if not (sends_numbers(np.unique(t.model)) and len(t.synapse_weight)):
        return
    list_of = np.repeat(np.arange(len(t.list_core)), np.diff(t.list_ptr))
    exponent = np.array([f.exponent for f in program.formats], np.int64)[t.list_format[list_of]]
    target = t.core_ptr[t.list_core[list_of]] + t.synapse_index
    sums = np.zeros(len(t.neuron_of), np.int64)
    np.add.at(sums, target, np.abs(t.synapse_weight.astype(np.int64)) << exponent)
    largest = (1 << 62) >> (message_bits - 1)
    most = int(sums.max())
    require(most <= largest, f"the weights into a neuron add up to {most:,}; at most {largest:,} can be run")


def _graded_limits(chip: ChipProfile) -> Limits:
    graded = chip.graded
    if graded is None:
        raise ProgramError(f"the program has neurons that send numbers, which {chip.name} has not (section graded)")
    state, one = (1 << (graded.state_bits - 1)) - 1, 1 << graded.decay_bits
    return {
        "shift": (0, graded.sum_bits - 1, "graded.sum_bits"),
        "bias": (-state, state, "graded.state_bits"),
        "keep": (0, one, "graded.decay_bits"),
        "gain": (-one, one, "graded.decay_bits"),
        "threshold": (0, (1 << (graded.message_bits - 1)) - 1, "graded.message_bits"),
        "sigma": (0, 1, "graded"),
        "delta": (0, 1, "graded"),
        "limit": (0, state, "graded.state_bits"),
        "reversal": (-state, state, "graded.state_bits"),
        "cos": (-one, one, "graded.decay_bits"),
        "sin": (-one, one, "graded.decay_bits"),
        "magnitude": (0, 1, "graded"),
    }


_GRADED = ("linear", "hardtanh", "tanh", "square", "liquid_time_constant", "resonate_and_fire")
_LIMITS: dict[str, Callable[[ChipProfile], Limits]] = {
    "cuba_lif": _cuba_lif_limits,
    "adaptive_lif": _adaptive_lif_limits,
    "linear_lif": _linear_lif_limits,
    **dict.fromkeys(_GRADED, _graded_limits),
}
"""model -> its limits on a chip"""


def within(values: npt.NDArray[Any], low: int, high: int, table: str, whose: str) -> None:
    """Refuse a table with an entry out of range."""
    wrong = (values < low) | (values > high)
    if wrong.any():
        i = int(wrong.argmax())
        raise ProgramError(f"table {table}: entry {i} is {values[i]}, but {whose} allows {low} to {high}")


def _check_formats(program: Program) -> None:
    t, synapse = program.lists, program.chip.lists
    exponent_max = program.chip.cuba_lif.weight_exponent_max if program.chip.cuba_lif else 0
    is_row = synapse.layout == "row"
    if is_row:
        _check_rows(program)
    lengths = np.diff(t.list_ptr)
    sizes = np.diff(t.core_ptr)[t.list_core]
    for i, form in enumerate(program.formats):
        label = f"synapse format {i}"
        require(form.weight_bits in synapse.weight_bits, f"{label}: {form.weight_bits} weight bits are not legal")
        require(form.index_bits in synapse.index_bits, f"{label}: {form.index_bits} index bits are not legal")
        require(
            0 <= form.exponent <= exponent_max,
            f"{label}: exponent {form.exponent} is not legal (neuron.weight_exponent_max)",
        )
        require(0 <= form.delay_bits <= 8, f"{label}: {form.delay_bits} delay bits are not legal")
        mine = t.list_format == i
        chosen = np.repeat(mine, lengths)
        if not chosen.any():
            continue
        if is_row:
            _check_row_weights(t.synapse_weight[chosen], form, label)
            continue
        _check_weights(t.synapse_weight[chosen], form, label)
        require(
            int(t.synapse_delay[chosen].max()) <= 1 << form.delay_bits,
            f"{label}: a delay needs more than {form.delay_bits} bits",
        )
        if form.index_bits:
            require(sizes[mine].max() <= 1 << form.index_bits, f"{label}: a core has more neurons than indices")
        else:
            inside = np.arange(len(t.synapse_index)) - np.repeat(t.list_ptr[:-1], lengths)
            dense = (lengths[mine] == sizes[mine]).all() and (t.synapse_index[chosen] == inside[chosen]).all()
            require(dense, f"{label}: a dense list does not hold one synapse for each neuron of its core")


def _check_weights(weight: npt.NDArray[np.int16], form: SynapseFormat, label: str) -> None:
    grain = 1 << (8 - form.weight_bits + (form.sign == "mixed"))
    low = {"mixed": -256, "excitatory": 0, "inhibitory": grain - 256}.get(form.sign)
    high = 0 if form.sign == "inhibitory" else 256 - grain
    if low is None:
        raise ProgramError(f"{label}: sign mode {form.sign!r} is not known")
    within(weight, low, high, "synapse_weight", f"{label} ({form.sign}, {form.weight_bits} bits)")
    require((weight % grain == 0).all(), f"{label}: a weight is not a multiple of {grain}")


def _check_rows(program: Program) -> None:
    """A row has one place for each neuron of its core."""
    t, synapse = program.lists, program.chip.lists
    inner = np.ones(max(0, len(t.synapse_index) - 1), np.bool_)
    inner[t.list_ptr[1:-1] - 1] = False
    require((np.diff(t.synapse_index)[inner] > 0).all(), "table synapse_index: a row names a neuron twice")
    within(np.diff(t.core_ptr), 1, synapse.block_synapses, "core_ptr", f"{program.chip.name} (synapse.block_synapses)")


def _check_row_weights(weight: npt.NDArray[np.int16], form: SynapseFormat, label: str) -> None:
    largest = (1 << form.weight_bits) - 1
    spans = {"excitatory": (0, largest), "inhibitory": (-largest, 0)}
    require(form.sign in spans, f"{label}: sign mode {form.sign!r} is not one of a row")
    within(weight, *spans[form.sign], "synapse_weight", f"{label} ({form.sign}, {form.weight_bits} bits)")


def check_board(program: Program) -> None:
    """Nothing on a disabled core, and a way for every packet."""
    core, mesh, name = program.tables.core, program.chip.mesh, program.chip.name
    disabled = sorted(set(mesh.disabled_cores).intersection(core.tolist()))
    if disabled:
        raise ProgramError(f"core {disabled[0]} is in use, but {name} disables it (mesh.disabled_cores)")
    home, reached = communicating(program)
    tile = core.astype(np.int64) // mesh.cores_per_tile
    no_way = distances(mesh, tile[home], tile[reached]) < 0
    if no_way.any():
        i = int(no_way.argmax())
        raise ProgramError(
            f"core {core[home[i]]} sends to core {core[reached[i]]}, but the disabled links of {name} leave no way "
            "between them (mesh.disabled_links)"
        )


def _check_capacity(program: Program) -> None:
    t, core = program.lists, program.chip.core
    n_cores, n_neurons = len(t.core), len(t.neuron_of)
    source = np.repeat(np.arange(len(t.source_ptr) - 1), np.diff(t.source_ptr))
    axons = np.unique(source * n_cores + t.list_core)
    axon_source, axon_core = np.divmod(axons, n_cores)
    inside = axon_source < n_neurons
    home = np.searchsorted(t.core_ptr, axon_source[inside], side="right") - 1
    lengths = np.diff(t.list_ptr)
    if program.chip.lists.layout == "row":
        axon_core = t.list_core  # each row takes an axon
    bits = np.zeros(n_cores, np.int64)
    widths = [f.weight_bits + f.index_bits + f.delay_bits for f in program.formats]
    for form, width in enumerate(widths):
        mine = t.list_format == form
        sizes, which = np.unique(lengths[mine], return_inverse=True)
        each = np.array([list_bits(int(n), width, program.chip.lists) for n in sizes], np.int64)
        np.add.at(bits, t.list_core[mine], each[which])
    used = {
        "neurons": np.diff(t.core_ptr),
        "input_axons": np.bincount(axon_core, minlength=n_cores),
        "output_axons": np.bincount(home, minlength=n_cores),
        "synapse_memory_bits": bits,
    }
    pool = program.chip.pool
    if pool is not None:
        cost = {"neurons": pool.neuron_bits, "input_axons": pool.input_axon_bits, "output_axons": pool.output_axon_bits}
        used["memory_bits"] = bits + sum(each * used[key] for key, each in cost.items())
        used["memory_bits"] += pool.adaptation_bits * np.add.reduceat(
            t.model == ADAPTIVE, t.core_ptr[:-1], dtype=np.int64
        )
    for key, values in used.items():
        section = "pool" if key == "memory_bits" else "core"
        limit = getattr(program.chip.pool if key == "memory_bits" else core, key)
        if limit is not None and values.max() > limit:
            i = int(values.argmax())
            raise ProgramError(
                f"core {t.core[i]} holds {values[i]:,} {key.replace('_', ' ')}, but {program.chip.name} allows "
                f"{limit:,} ({section}.{key})"
            )
