"""Mapping: what a user says about where neurons go, before the compiler chooses.

Only what can be wrong without a network is checked here; mapping_rules.py holds it against network and chip.
"""

import re
from collections.abc import Iterable
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from chips.errors import MappingError
from chips.hints import did_you_mean

Member = str | tuple[str, slice]
_SLICED = re.compile(r"(?P<name>.+)\[(?P<first>\d*):(?P<end>\d*)\]", re.DOTALL)


@dataclass(frozen=True)
class Mapping:
    """Wishes about cores; whatever is left open, the compiler chooses.

    Attributes:
        neurons_per_core: at most so many neurons on a core, for all of the network; or population -> how many: such a
            population has cores to itself.
        pinned: population -> the cores that its neurons go to, and to no other; these cores hold nothing else, but
            populations that are pinned to the same cores share them.
        forbidden_cores: cores that hold nothing; their tiles still pass packets on.
        together: groups that share one core each: names of populations, "name[0:10]" or ("name", slice(0, 10)) for some
            of its neurons.
    """

    neurons_per_core: int | dict[str, int] | None = None
    pinned: dict[str, tuple[int, ...]] = field(default_factory=dict)
    forbidden_cores: tuple[int, ...] = ()
    together: tuple[tuple[Member, ...], ...] = ()

    def __post_init__(self) -> None:
        given = self.neurons_per_core
        if isinstance(given, Dictionary):
            checked: Any = {str(name): _count(n, f"neurons_per_core of {name!r}") for name, n in given.items()}
        else:
            checked = None if given is None else _count(given, "neurons_per_core")
        object.__setattr__(self, "neurons_per_core", checked)
        if not isinstance(self.pinned, Dictionary):
            raise MappingError(f"pinned is {self.pinned!r}, but names populations and their cores: {{'cells': [0, 1]}}")
        pinned = {str(name): _cores(cores, f"pinned: {name!r}") for name, cores in self.pinned.items()}
        if empty := [name for name, cores in pinned.items() if not cores]:
            raise MappingError(f"pinned: {empty[0]!r} has no cores: name some, or leave it out")
        object.__setattr__(self, "pinned", pinned)
        object.__setattr__(self, "forbidden_cores", _cores(self.forbidden_cores, "forbidden_cores"))
        object.__setattr__(self, "together", tuple(_group(group) for group in _listed(self.together, "together")))

    @staticmethod
    def of(data: object) -> "Mapping":
        """The mapping of plain data, as read from a file.

        Raises:
            MappingError: a key is unknown, or a value is none of its kind.
        """
        legal = [each.name for each in fields(Mapping)]
        if not isinstance(data, Dictionary):
            raise MappingError(f"is {data!r}, but must be keys and values; legal keys are {', '.join(legal)}")
        for key in data:
            if key not in legal:
                hint = did_you_mean(str(key), legal) or f"legal are {', '.join(legal)}"
                raise MappingError(f"unknown key {key!r}: {hint}")
        return Mapping(**data)

    def __bool__(self) -> bool:
        """Whether it says anything."""
        return self != Mapping()


def split_member(member: Member, names: Iterable[str]) -> tuple[str, slice]:
    """The population that a member of a group names, and which of its neurons."""
    if isinstance(member, tuple):
        return member
    found = None if member in names else _SLICED.fullmatch(member)
    if found is None:
        return member, slice(None)
    first, end = (int(text) if text else None for text in (found["first"], found["end"]))
    return found["name"], slice(first, end)


def _count(value: object, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise MappingError(f"{what} is {value!r}, but must be a whole number of at least 1")
    return int(value)


def _listed(values: Any, what: str) -> tuple[Any, ...]:
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise MappingError(f"{what} is {values!r}, but must be a list")
    return tuple(values)


def _cores(values: object, what: str) -> tuple[int, ...]:
    cores = _listed(values, what)
    for core in cores:
        if isinstance(core, bool) or not isinstance(core, int | np.integer) or core < 0:
            raise MappingError(f"{what}: core {core!r} is not a number of a core")
        if cores.count(core) > 1:
            raise MappingError(f"{what}: core {core} stands there twice")
    return tuple(int(core) for core in cores)


def _group(values: object) -> tuple[Member, ...]:
    group = _listed(values, "a group of together")
    for member in group:
        sliced = isinstance(member, tuple) and len(member) == 2 and isinstance(member[1], slice)
        if not (isinstance(member, str) or (sliced and isinstance(member[0], str))):
            raise MappingError(
                f"together: {member!r} names no neurons: give the name of a population, 'name[0:10]', or "
                "('name', slice(0, 10))"
            )
        if sliced and member[1].step not in (None, 1):
            raise MappingError(f"together: {member!r} has a step, but groups are of neurons next to each other")
    return group
