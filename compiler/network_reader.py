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
from chips.formats import who_takes
from chips.hints import did_you_mean, nearest
from chips.reading import Document, KeyPath, file_order
from compiler.network import Network
from compiler.parameters import MAX_DELAY_STEPS, MAX_NEURONS, NATIVE, PARAMETERS, Parameter
from compiler.plasticity import ShortTermPlasticity
from compiler.weight_types import WEIGHT_TYPES, cast, from_numbers

FORMAT = "neurosim-network/1"
MAX_FAULTS = 100

_COLUMNS = ("sources", "targets", "weights", "delays")
_TOP_KEYS = ("format", "dt_ms", "inputs", "populations", "projections")
_PROJECTION_KEYS = ("source", "target", *_COLUMNS, "edges", "weight_type", "stp")

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
        given = f"{_shown(found)}{who_takes(found, FORMAT)}"
        faults.add(path, f"is {given}, but a network file begins with 'format: {FORMAT}'")
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

    def section(self, path: KeyPath, given: Any, legal: Sequence[str], required: Sequence[str] = ()) -> dict[str, Any]:
        """The legal keys of a mapping."""
        if not isinstance(given, dict):
            self.add(path, f"is {_shown(given)}, but needs {', '.join(required)}")
            return {}
        meant = set()
        for key in given:
            if key not in legal:
                meant.add(nearest(key, legal))
                hint = did_you_mean(key, legal) or f"legal here are {', '.join(legal)}"
                self.add((*path, key), f"unknown key: {hint}")
        for key in required:
            if key not in given and key not in meant:
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
        array = from_numbers(values.given)
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
        path: KeyPath = ("populations", name)
        before = len(self.faults.found)
        kind = next((key for key in NATIVE if isinstance(given, dict) and key in given), "lif")
        if kind == "lif":
            section = self.lif_section(path, given)
            legal, home, parameters = PARAMETERS["lif"], path, section
        else:
            section = self.faults.section(path, given, ("neurons", kind), ("neurons",))
            legal, home = PARAMETERS[kind], (*path, kind)
            parameters = self.faults.mapping(home, given[kind])
            parameters = self.faults.section(home, parameters, tuple(legal))
        n = self.faults.count((*path, "neurons"), section["neurons"]) if "neurons" in section else None
        values = {
            key: self.parameter((*home, key), parameters[key], rule, n)
            for key, rule in legal.items()
            if key in parameters
        }
        if len(self.faults.found) > before or n is None:
            return
        if self.faults.attempt(path, f"population {name!r}: ", lambda: self.network.add(name, n, kind, **values)):
            self.populations[name] = n

    def lif_section(self, path: KeyPath, given: Any) -> dict[str, Any]:
        """The keys of a population in physical units; registers among them are told where they belong."""
        given_keys = given if isinstance(given, dict) else {}
        strays = {key: next((kind for kind in NATIVE if key in PARAMETERS[kind]), "") for key in given_keys}
        strays = {key: kind for key, kind in strays.items() if kind and key not in PARAMETERS["lif"]}
        for key, kind in strays.items():
            self.faults.add((*path, key), f"belongs under {kind}: write '{kind}: {{{key}: ...}}'")
        rest = {key: given[key] for key in given if key not in strays} if strays else given
        return self.faults.section(path, rest, ("neurons", *PARAMETERS["lif"], *NATIVE), ("neurons",))

    def parameter(self, path: KeyPath, given: Any, rule: Parameter, n: int | None) -> Any:
        if isinstance(given, list) and n is not None and len(given) != n:
            self.faults.add(path, f"has {len(given):,} values for {n:,} neurons: give one, or one for each")
        return self.faults.numbers(_Values.at(path, given), rule.accepts, rule)

    def projection(self, path: KeyPath, given: Any) -> None:
        before = len(self.faults.found)
        section = self.faults.section(path, given, _PROJECTION_KEYS, ("source", "target"))
        source, target = self.end(path, section, "source"), self.end(path, section, "target")
        n_sources = self.inputs.get(source, self.populations.get(source))
        columns = self.edges(path, section) if "edges" in section else self.lists(path, section)
        checked = self.columns(columns, n_sources, self.populations.get(target))
        if "weight_type" in section:
            checked["weights"] = self.weights(path, section["weight_type"], checked.get("weights"))
        stp = self.plasticity((*path, "stp"), section["stp"]) if "stp" in section else None
        if len(self.faults.found) == before and n_sources is not None and target in self.populations:
            prefix = f"projection {source!r} -> {target!r}: "
            self.faults.attempt(path, prefix, lambda: self.network.connect(source, target, **checked, stp=stp))

    def plasticity(self, path: KeyPath, given: Any) -> ShortTermPlasticity | None:
        """Short-term plasticity; None with a fault."""
        found: list[ShortTermPlasticity] = []
        keys = ("u", "tau_rec_ms", "tau_facil_ms")
        before = len(self.faults.found)
        section = self.faults.section(path, given, keys, keys)
        if len(self.faults.found) == before:
            self.faults.attempt(path, "short-term plasticity: ", lambda: found.append(ShortTermPlasticity(**section)))
        return found[0] if found else None

    def end(self, path: KeyPath, section: dict[str, Any], key: str) -> str:
        """The name at one end; "" with a fault."""
        if key not in section:
            return ""
        name, here = section[key], (*path, key)
        if not isinstance(name, str):
            self.faults.add(here, f"is {_shown(name)}, but a name is needed: put it in quotes")
        elif name not in self.declared:
            known = ", ".join(repr(known) for known in self.declared[:10]) or "none"
            hint = did_you_mean(name, self.declared) or f"known are {known}"
            self.faults.add(here, f"unknown population {name!r}: {hint}")
        elif key == "target" and name in self.inputs:
            self.faults.add(here, f"{name!r} is an input; only populations can receive synapses")
        else:
            return name
        return ""

    def edges(self, path: KeyPath, section: dict[str, Any]) -> dict[str, _Values]:
        """The columns of a list of edges."""
        for key in _COLUMNS:
            if key in section:
                self.faults.add((*path, key), "stands beside edges: give one or the other")
        home = (*path, "edges")
        edges = self.faults.listed(home, section["edges"])
        rows = [i for i, edge in enumerate(edges) if self.is_edge((*home, i), edge)]

        def column(k: int) -> _Values:
            given = [edges[i][k] if k < len(edges[i]) else 1 for i in rows]
            return _Values(given, lambda i: (*home, rows[i], k))

        return {key: column(k) for k, key in enumerate(_COLUMNS)}

    def is_edge(self, path: KeyPath, edge: Any) -> bool:
        if isinstance(edge, list) and len(edge) in (3, 4):
            return True
        self.faults.add(path, f"is {_shown(edge)}, but an edge is [source, target, weight, delay]")
        return False

    def lists(self, path: KeyPath, section: dict[str, Any]) -> dict[str, _Values]:
        """The columns of a projection in parallel lists."""
        missing = [key for key in ("sources", "targets", "weights") if key not in section]
        if section and missing:
            self.faults.add(path, f"has no {', no '.join(missing)}: add what is missing, or give edges")
        for key in ("sources", "targets"):
            if key in section and not isinstance(section[key], list):
                self.faults.add((*path, key), f"is {_shown(section[key])}, but a list of indices is needed")
        return {key: _Values.at((*path, key), section[key]) for key in _COLUMNS if key in section}

    def columns(self, columns: dict[str, _Values], n_sources: int | None, n_targets: int | None) -> dict[str, Any]:
        """The columns as arrays; those with faults are None."""
        rules: dict[str, tuple[Callable[[Numbers], Any], str]] = {
            "sources": (_whole(0, _last(n_sources)), f"an index from 0 to {_last(n_sources)}"),
            "targets": (_whole(0, _last(n_targets)), f"an index from 0 to {_last(n_targets)}"),
            "weights": (np.isfinite, "finite"),
            "delays": (_whole(1, MAX_DELAY_STEPS), f"whole steps from 1 to {MAX_DELAY_STEPS}"),
        }
        return {key: self.faults.numbers(values, *rules[key]) for key, values in columns.items()}

    def weights(self, path: KeyPath, weight_type: Any, weights: Numbers | None) -> Numbers | None:
        """The weights in the type that the file asks for."""
        here = (*path, "weight_type")
        if weight_type not in WEIGHT_TYPES:
            hint = did_you_mean(str(weight_type), WEIGHT_TYPES) or f"legal are {', '.join(WEIGHT_TYPES)}"
            self.faults.add(here, f"is {_shown(weight_type)}, which is no type of weights: {hint}")
            return None
        if weights is None:
            return None
        made = cast(weights, weight_type)
        if made is None:
            self.faults.add(here, f"is {weight_type}, which cannot hold all weights: use float64")
        return made


def _last(n: int | None) -> int:
    """The last index of a population; if its size is unknown, of the largest."""
    return (MAX_NEURONS if n is None else n) - 1


def _whole(low: int, high: int) -> Callable[[Numbers], Any]:
    return lambda array: (array >= low) & (array <= high) & (array == np.floor(array))


def _shown(value: Any) -> str:
    """A value in a message, cut to what fits a line."""
    if isinstance(value, dict | list):
        return f"a {'mapping' if isinstance(value, dict) else 'list'} of {len(value):,}"
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
