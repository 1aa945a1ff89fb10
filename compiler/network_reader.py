"""Network reader: a YAML document to a network, with every fault told at its line.

The format is described in network_yaml.py.  Each value is checked where it stands, so that its line can be
named; then the part is added through the methods of `Network`, which have the last word.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from chips.errors import Fault, FaultyFile, NetworkError
from chips.hints import did_you_mean
from chips.reading import Document, KeyPath, file_order
from compiler.network import MAX_DELAY_STEPS, MAX_NEURONS, PARAMETERS, Network, Parameter
from compiler.weight_types import WEIGHT_TYPES, cast

FORMAT = "neurosim-network/1"
MAX_FAULTS = 100

_COLUMNS = ("sources", "targets", "weights", "delays")
_TOP_KEYS = ("format", "dt_ms", "inputs", "populations", "projections")
_PROJECTION_KEYS = ("source", "target", *_COLUMNS, "edges", "weight_type")

Numbers = npt.NDArray[Any]


class NetworkFileError(FaultyFile, NetworkError):
    """A network file that cannot be used; `faults` lists everything wrong with it."""


def read_network(document: Document) -> Network:
    """The network that a document without faults describes.

    Raises:
        NetworkFileError: with every fault, or the first hundred.
    """
    faults = _Faults(document)
    data = document.data
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        found = data.get("format") if isinstance(data, dict) else data
        path = ("format",) if isinstance(data, dict) else ()
        faults.add(path, f"is {_shown(found)}, but a network file begins with 'format: {FORMAT}'")
        faults.raise_all()
    network = _Reader(faults).read(data)
    faults.raise_all()
    return network


@dataclass(frozen=True, slots=True)
class _Values:
    """A number, or a list of numbers, and where each of them stands."""

    given: Any
    place: Callable[[int], KeyPath]

    @staticmethod
    def at(path: KeyPath, given: Any) -> "_Values":
        """What a key holds."""
        return _Values(given, lambda i: (*path, i) if isinstance(given, list) else path)

    def entries(self) -> list[Any]:
        """The numbers, one by one."""
        return self.given if isinstance(self.given, list) else [self.given]


@dataclass(slots=True)
class _Faults:
    """The faults found so far, and the checks of plain data that find them."""

    document: Document
    found: list[Fault] = field(default_factory=list)

    def add(self, path: KeyPath, message: str) -> None:
        self.found.append(self.document.fault(path, message))
        if len(self.found) >= MAX_FAULTS:
            self.raise_all(f"has {MAX_FAULTS} faults or more: correct those first")

    def raise_all(self, last: str = "") -> None:
        if self.found:
            name = self.document.name
            more = [Fault(name, "", last)] if last else []
            raise NetworkFileError([*file_order(self.found, [name]), *more])

    def attempt(self, path: KeyPath, prefix: str, action: Callable[[], object]) -> bool:
        """Whether `action` succeeds; a refusal becomes a fault."""
        try:
            action()
        except NetworkError as error:
            self.add(path, str(error).removeprefix(prefix))
            return False
        return True

    def section(
        self, path: KeyPath, given: Any, legal: Sequence[str], required: Sequence[str] = ()
    ) -> dict[str, Any]:
        """The legal keys of a mapping."""
        if not isinstance(given, dict):
            self.add(path, f"is {_shown(given)}, but needs {', '.join(required)}")
            return {}
        for key in given:
            if key not in legal:
                hint = did_you_mean(key, legal) or f"legal here are {', '.join(legal)}"
                self.add((*path, key), f"unknown key: {hint}")
        for key in required:
            if key not in given:
                self.add(path, f"has no {key}: add it")
        return {key: value for key, value in given.items() if key in legal}

    def mapping(self, path: KeyPath, given: Any) -> dict[str, Any]:
        """A mapping of free keys; nothing counts as an empty one."""
        if given is None or isinstance(given, dict):
            return given or {}
        self.add(path, f"is {_shown(given)}, but a mapping is needed, as in 'name: {{...}}'")
        return {}

    def listed(self, path: KeyPath, given: Any) -> list[Any]:
        """A list; nothing counts as an empty one."""
        if given is None or isinstance(given, list):
            return given or []
        self.add(path, f"is {_shown(given)}, but a list is needed, as in '- ...'")
        return []

    def count(self, path: KeyPath, given: Any) -> int | None:
        """How many neurons or channels, or None with a fault."""
        if isinstance(given, int) and not isinstance(given, bool) and 1 <= given <= MAX_NEURONS:
            return given
        self.add(path, f"is {_shown(given)}, but must be a whole number from 1 to {MAX_NEURONS:,}")
        return None

    def numbers(self, values: _Values, accepts: Callable[[Numbers], Any], rule: object) -> Numbers | None:
        """The numbers of `values` if `accepts` accepts them all, or None with faults."""
        before = len(self.found)
        entries = values.entries()
        for i, value in enumerate(entries):
            if isinstance(value, bool) or not isinstance(value, int | float):
                self.add(values.place(i), f"is {_shown(value)}, but a number is needed")
        if len(self.found) > before:
            return None
        array = np.asarray(values.given)
        array = array.astype(np.float64) if array.dtype == object else array  # whole numbers beyond 64 bits
        for i in np.flatnonzero(~np.atleast_1d(accepts(array.astype(np.float64)))).tolist():
            self.add(values.place(i), f"is {_shown(entries[i])}, but must be {rule}")
        return array if len(self.found) == before else None


@dataclass(slots=True)
class _Reader:
    """One network in the making; one method per thing in the file."""

    faults: _Faults
    network: Network = field(default_factory=Network)
    declared: tuple[str, ...] = ()  # populations and inputs, faulty ones too
    inputs: dict[str, int] = field(default_factory=dict)  # name -> channels, of those without fault
    populations: dict[str, int] = field(default_factory=dict)  # name -> neurons, likewise

    def read(self, data: dict[str, Any]) -> Network:
        """The network, as far as it is without fault."""
        faults = self.faults
        top = faults.section((), data, _TOP_KEYS)
        self.step(top.get("dt_ms", 1.0))
        inputs = faults.mapping(("inputs",), top.get("inputs"))
        populations = faults.mapping(("populations",), top.get("populations"))
        self.declared = (*populations, *inputs)
        for name, given in inputs.items():
            self.input(name, given)
        for name, given in populations.items():
            self.population(name, given)
        for i, given in enumerate(faults.listed(("projections",), top.get("projections"))):
            self.projection(("projections", i), given)
        return self.network

    def step(self, given: Any) -> None:
        def begin() -> None:
            self.network = Network(given)

        self.faults.attempt(("dt_ms",), "dt_ms ", begin)

    def input(self, name: str, given: Any) -> None:
        path = ("inputs", name)
        section = self.faults.section(path, given, ("channels",), ("channels",))
        channels = self.faults.count((*path, "channels"), section["channels"]) if section else None
        if channels and self.faults.attempt(path, "", lambda: self.network.add_input(name, channels)):
            self.inputs[name] = channels

    def population(self, name: str, given: Any) -> None:
        path = ("populations", name)
        before = len(self.faults.found)
        is_lif = not isinstance(given, dict) or "registers" not in given
        if is_lif:
            section = self.lif_section(path, given)
            legal, home, parameters = PARAMETERS["lif"], path, section
        else:
            section = self.faults.section(path, given, ("neurons", "registers"), ("neurons",))
            legal, home = PARAMETERS["registers"], (*path, "registers")
            parameters = self.faults.mapping(home, given["registers"])
            parameters = self.faults.section(home, parameters, tuple(legal))
        n = self.faults.count((*path, "neurons"), section["neurons"]) if "neurons" in section else None
        values = {
            key: self.parameter((*home, key), parameters[key], rule, n)
            for key, rule in legal.items()
            if key in parameters
        }
        if len(self.faults.found) == before and n is not None:
            add = self.network.add_lif if is_lif else self.network.add_registers
            if self.faults.attempt(path, f"population {name!r}: ", lambda: add(name, n, **values)):
                self.populations[name] = n

    def lif_section(self, path: KeyPath, given: Any) -> dict[str, Any]:
        """The keys of a population in physical units; registers among them are told where they belong."""
        strays = [key for key in PARAMETERS["registers"] if isinstance(given, dict) and key in given]
        for key in strays:
            self.faults.add((*path, key), f"belongs under registers: write 'registers: {{{key}: ...}}'")
        rest = {key: given[key] for key in given if key not in strays} if strays else given
        return self.faults.section(path, rest, ("neurons", *PARAMETERS["lif"]), ("neurons",))

    def parameter(self, path: KeyPath, given: Any, rule: Parameter, n: int | None) -> Any:
        if isinstance(given, list) and n is not None and len(given) != n:
            self.faults.add(path, f"has {len(given):,} values for {n:,} neurons: give one, or one for each")
        return self.faults.numbers(_Values.at(path, given), rule.accepts, rule)

    def projection(self, path: KeyPath, given: Any) -> None:
        before = len(self.faults.found)
        section = self.faults.section(path, given, _PROJECTION_KEYS, ("source", "target"))
        source, target = (self.end(path, section, key) for key in ("source", "target"))
        columns = self.edges(path, section) if "edges" in section else self.lists(path, section)
        checked = self.columns(columns, self.size(source), self.populations.get(target or ""))
        weights = self.weights(path, section, checked.get("weights"))
        if len(self.faults.found) == before and source in {**self.inputs, **self.populations}:
            arrays = {**checked, "weights": weights}
            prefix = f"projection {source!r} -> {target!r}: "
            self.faults.attempt(path, prefix, lambda: self.network.connect(source, target, **arrays))
