"""Mapping rules: what a `Mapping` means for one network and one chip, held against both.

Neurons that must share a core are one vertex.  Vertices of a group are cut for themselves: those that are pinned to the
same cores are a group, and those of a population with a limit of its own; all others are the last one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

import numpy as np
import numpy.typing as npt

from chips.errors import DoesNotFit, MappingError
from chips.hints import did_you_mean
from chips.profile import ChipProfile
from compiler.board import usable_cores
from compiler.mapping import Mapping, split_member
from compiler.validate import Span

Ints32 = npt.NDArray[np.int32]
_Key = tuple[tuple[int, ...], int | None]  # the cores that a group is pinned to, and its own limit of neurons


@dataclass(frozen=True, slots=True)
class Group:
    """Neurons that share cores with no others."""

    name: str  # what to call it in a message
    cores: tuple[int, ...] | None  # that it is pinned to; None: whatever nobody is pinned to
    neurons: int | None  # most on one core; None: no limit


@dataclass(frozen=True, slots=True)
class Rules:
    """Where neurons may go."""

    chip: ChipProfile  # as the passes may use it: without forbidden cores, and those of pinned populations
    groups: tuple[Group, ...]
    group_of: Ints32  # [neuron]
    vertex_of: Ints32  # [neuron]
    words: str  # what the mapping takes away, for a message; "" if nothing

    @property
    def is_plain(self) -> bool:
        """Whether a chip with smaller limits says all of it."""
        return len(self.groups) == 1 and self.groups[0].cores is None and len(self.vertex_of) == self.n_vertices

    @property
    def n_vertices(self) -> int:
        """Vertices of all groups."""
        return int(self.vertex_of.max()) + 1


def rules_of(mapping: Mapping, spans: Sequence[Span], chip: ChipProfile) -> Rules:
    """The rules of a mapping for the populations `spans` on `chip`.

    Raises:
        MappingError: it names what is not there, or contradicts itself or the chip.
        DoesNotFit: a population is pinned to fewer cores than its neurons need.
    """
    cells = [span for span in spans if span.kind != "input"]
    _check_names(mapping, spans)
    _check_forbidden(mapping, chip)
    limits = _limits(mapping, cells, chip)
    for name, cores in mapping.pinned.items():
        _check_pin(name, cores, mapping, chip)
    n = sum(span.n for span in cells)
    key_of = {span.name: (mapping.pinned.get(span.name, ()), limits.get(span.name)) for span in cells}
    population_of = np.repeat(np.arange(len(cells)), [span.n for span in cells])
    vertex_of = _vertices(mapping, cells, n)
    keys, group_of = _groups(mapping, cells, key_of, population_of, vertex_of)
    whole = mapping.neurons_per_core if isinstance(mapping.neurons_per_core, int) else chip.core.neurons
    groups = tuple(
        Group(_named(i, cells, population_of, group_of), cores or None, whole if own is None else own)
        for i, (cores, own) in enumerate(keys)
    )
    _check_apart(groups)
    for i, group in enumerate(groups):
        _check_room(group, int((group_of == i).sum()), chip)
    return Rules(_chip_left(mapping, chip, whole), groups, group_of, vertex_of, _in_words(mapping))


# ---------------------------------------------------------------- what a mapping names


def _check_names(mapping: Mapping, spans: Sequence[Span]) -> None:
    known = [span.name for span in spans if span.kind != "input"]
    members = [split_member(member, known)[0] for group in mapping.together for member in group]
    limited = list(mapping.neurons_per_core) if isinstance(mapping.neurons_per_core, dict) else []
    for key, names in (("neurons_per_core", limited), ("pinned", list(mapping.pinned)), ("together", members)):
        for name in names:
            if name in known:
                continue
            if any(span.name == name for span in spans):
                raise MappingError(f"{key}: {name!r} is an input, which is on no core: name populations")
            hint = did_you_mean(name, known) or f"it has {', '.join(repr(other) for other in known)}"
            raise MappingError(f"{key}: the network has no population {name!r}: {hint}")


def _check_forbidden(mapping: Mapping, chip: ChipProfile) -> None:
    mesh = chip.mesh
    for core in mapping.forbidden_cores:
        if core >= mesh.n_cores:
            raise MappingError(
                f"forbidden_cores: core {core:,} is not on {chip.name}, whose cores are 0 to {mesh.n_cores - 1:,}"
            )
    if len({*mapping.forbidden_cores, *mesh.disabled_cores}) == mesh.n_cores:
        raise MappingError(f"forbidden_cores: of the {mesh.n_cores:,} cores of {chip.name} none is left")


def _limits(mapping: Mapping, cells: Sequence[Span], chip: ChipProfile) -> dict[str, int]:
    """Population -> neurons on a core, where it has a limit of its own."""
    given, most = mapping.neurons_per_core, chip.core.neurons
    named = given if isinstance(given, dict) else {} if given is None else {"the network": given}
    for name, limit in named.items():
        if most is not None and limit > most:
            raise MappingError(
                f"neurons_per_core of {name!r} is {limit:,}, but a {chip.name} core holds {most:,} (core.neurons): "
                f"give {most:,} or less"
            )
    return dict(given) if isinstance(given, dict) else {}


def _check_pin(name: str, cores: tuple[int, ...], mapping: Mapping, chip: ChipProfile) -> None:
    for core in cores:
        if core >= chip.mesh.n_cores:
            why = f"is not on {chip.name}, whose cores are 0 to {chip.mesh.n_cores - 1:,}"
        elif core in mapping.forbidden_cores:
            why = "is forbidden (forbidden_cores)"
        elif core in chip.mesh.disabled_cores:
            why = f"is disabled on {chip.name} (mesh.disabled_cores)"
        else:
            continue
        raise MappingError(f"population {name!r} is pinned to core {core:,}, which {why}: choose another core")


def _check_apart(groups: Sequence[Group]) -> None:
    """No core is pinned to by two groups."""
    owner: dict[int, Group] = {}
    for group in groups:
        for core in group.cores or ():
            other = owner.setdefault(core, group)
            if other is not group:
                here, there = in_words(other.cores or ()), in_words(group.cores or ())
                both = f"{other.name} is pinned to {here}, {group.name} to {there}"
                raise MappingError(
                    f"{both}: they meet on core {core}, but what is pinned shares all of its cores, and its "
                    "neurons_per_core, or none"
                )


def _check_room(group: Group, n: int, chip: ChipProfile) -> None:
    if group.cores is None or group.neurons is None or n <= group.neurons * len(group.cores):
        return
    key = "core.neurons" if group.neurons == chip.core.neurons else "neurons_per_core"
    raise DoesNotFit(
        f"{group.name} is pinned to {in_words(group.cores)} of {group.neurons:,} neurons each ({key}), but "
        f"has {n:,} neurons: pin it to {-(-n // group.neurons):,} cores or more",
        "cores",
        -(-n // group.neurons),
        len(group.cores),
    )


# ---------------------------------------------------------------- vertices and groups


def _vertices(mapping: Mapping, cells: Sequence[Span], n: int) -> Ints32:
    """The vertex of each neuron, numbered by first neurons; groups with neurons in common are one."""
    leader = np.arange(n)
    names = [span.name for span in cells]
    for group in mapping.together:
        members = np.concatenate([_neurons(member, names, cells) for member in group])
        joined = np.isin(leader, leader[members])
        leader[joined] = leader[members].min()
    first, vertex = np.unique(leader, return_inverse=True)
    del first
    return vertex.astype(np.int32)


def _neurons(member: str | tuple[str, slice], names: Sequence[str], cells: Sequence[Span]) -> npt.NDArray[np.int64]:
    name, part = split_member(member, names)
    span = cells[names.index(name)]
    first, end = part.start or 0, span.n if part.stop is None else part.stop
    if not 0 <= first < end <= span.n:
        raise MappingError(
            f"together: {name}[{first}:{end}] is no part of population {name!r}, whose neurons are 0 to {span.n - 1:,}"
        )
    return span.start + np.arange(first, end)


def _groups(
    mapping: Mapping,
    cells: Sequence[Span],
    key_of: dict[str, _Key],
    population_of: npt.NDArray[np.int64],
    vertex_of: Ints32,
) -> tuple[list[_Key], Ints32]:
    """The keys of all groups, that of the rest last, and the group of each neuron."""
    keys = list(dict.fromkeys(key for key in key_of.values() if key != ((), None)))
    number = {key: i for i, key in enumerate(keys)}
    own = np.array([number.get(key_of[span.name], -1) for span in cells])[population_of]  # [neuron], -1: no wish
    group_of_vertex = np.full(int(vertex_of.max()) + 1, -1)
    np.maximum.at(group_of_vertex, vertex_of, own)
    group_of = group_of_vertex[vertex_of]
    against = (own >= 0) & (own != group_of)
    if against.any():
        one = int(against.argmax())
        other = int(((vertex_of == vertex_of[one]) & (own == group_of[one])).argmax())
        _refuse_together([cells[population_of[i]].name for i in (one, other)], key_of)
    if (group_of < 0).any():
        keys.append(((), None))
    present, numbered = np.unique(np.where(group_of < 0, len(keys) - 1, group_of), return_inverse=True)
    return [keys[i] for i in present], numbered.astype(np.int32)


def _refuse_together(names: list[str], key_of: dict[str, _Key]) -> NoReturn:
    words = []
    for name in names:
        cores, limit = key_of[name]
        parts = [f"pinned to {in_words(cores)}"] if cores else []
        parts += [f"held to {limit:,} neurons a core (neurons_per_core)"] if limit is not None else []
        words.append(f"{name!r} is {' and '.join(parts)}")
    raise MappingError(
        f"together: populations {names[0]!r} and {names[1]!r} are to share a core, but {words[0]}, and {words[1]}: "
        "give both the same"
    )


def _named(group: int, cells: Sequence[Span], population_of: npt.NDArray[np.int64], group_of: Ints32) -> str:
    inside = [repr(cells[i].name) for i in np.unique(population_of[group_of == group])]
    if len(inside) > 4:
        inside = [*inside[:3], f"{len(inside) - 3:,} more"]
    return f"population {inside[0]}" if len(inside) == 1 else f"the group of {', '.join(inside)}"


def in_words(cores: Sequence[int]) -> str:
    """Numbers of cores, runs of them as 4-7."""
    numbers = np.unique(cores)
    runs = np.split(numbers, np.flatnonzero(np.diff(numbers) > 1) + 1)
    listed = ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
    return f"core {listed}" if len(numbers) == 1 else f"cores {listed}"


# ---------------------------------------------------------------- the chip that is left


def _chip_left(mapping: Mapping, chip: ChipProfile, neurons: int | None) -> ChipProfile:
    pinned = {core for cores in mapping.pinned.values() for core in cores}
    taken = tuple(sorted({*chip.mesh.disabled_cores, *mapping.forbidden_cores, *pinned}))
    mesh = chip.mesh.model_copy(update={"disabled_cores": taken})
    core = chip.core.model_copy(update={"neurons": neurons})
    return chip.model_copy(update={"mesh": mesh, "core": core})


def _in_words(mapping: Mapping) -> str:
    parts = []
    if isinstance(mapping.neurons_per_core, int):
        parts.append(f"holds cores to {mapping.neurons_per_core:,} neurons (neurons_per_core)")
    if mapping.forbidden_cores:
        parts.append(f"forbids {len(mapping.forbidden_cores):,} cores (forbidden_cores)")
    if mapping.pinned:
        parts.append(f"keeps {len({c for cores in mapping.pinned.values() for c in cores}):,} cores for what is pinned")
    return " and ".join(parts)


def refuse_more(group: Group, n_pieces: int, rules: Rules, fill: str) -> NoReturn:
    """Refuse a group that came out as more pieces than it has cores.

    Raises:
        DoesNotFit: always.
    """
    if group.cores is not None:
        raise DoesNotFit(
            f"{group.name} is pinned to {in_words(group.cores)}, but needs {n_pieces:,} cores{fill}: pin it to more "
            "cores, or make it smaller",
            "cores",
            n_pieces,
            len(group.cores),
        )
    left = int(usable_cores(rules.chip.mesh).sum())
    words = f", as the mapping {rules.words}" if rules.words else ""
    raise DoesNotFit(
        f"{group.name} needs {n_pieces:,} cores{fill}, but {rules.chip.name} has {left:,} for it{words}: ask for less, "
        "or use several chips (mesh.chips_x, mesh.chips_y)",
        "cores",
        n_pieces,
        left,
    )
