"""Explain: what a program uses, what binds, how far it is from the bounds and from the simplest way of mapping it."""

from dataclasses import asdict, dataclass
from typing import Any

from compiler import LoweringError, Program, Usage, route, usage
from neurosim.explaining.links import Link, hottest

MOST_LINKS = 10


@dataclass(frozen=True, slots=True)
class Bound:
    """The fewest cores that one resource allows."""

    resource: str
    cores: int  # at least, whatever the partition
    gap: int  # cores in use beyond that
    mean_fill: float  # share of the limit that is used, mean over cores in use
    binds_on: int  # cores on which it is the fullest resource


@dataclass(frozen=True, slots=True)
class Traffic:
    """Packets and hops, per spike when every neuron fires once."""

    cores: int
    packets_per_spike: float
    packets_between_cores_per_spike: float
    hops_per_spike: float | None  # None: the chip has too few cores for this way of mapping
    busiest_link_packets: int | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Tables about a program; rates are taken as equal."""

    usage: Usage
    bounds: tuple[Bound, ...]
    traffic: Traffic
    sequential: Traffic | None  # neurons in order, cores in order; None on crossbars, which are not cut this way
    links: tuple[Link, ...]  # the hottest
    quantisation: dict[str, tuple[LoweringError, ...]]  # population -> errors of its parameters and incoming weights

    def to_dict(self) -> dict[str, Any]:
        """Plain data with stable keys."""
        return {
            "usage": self.usage.to_dict(),
            "bounds": [asdict(bound) for bound in self.bounds],
            "traffic": asdict(self.traffic),
            "sequential": None if self.sequential is None else asdict(self.sequential),
            "links": [asdict(link) for link in self.links],
            "quantisation": {name: [asdict(each) for each in errors] for name, errors in self.quantisation.items()},
        }


def explain(program: Program) -> Explanation:
    """Why a program is as it is."""
    use = usage(program)
    return Explanation(
        usage=use,
        bounds=_bounds(use),
        traffic=_traffic(use, len(use.core)),
        sequential=None if program.is_crossbar else _sequential(program),
        links=hottest(program, route(program), MOST_LINKS),
        quantisation=_quantisation(program),
    )


def _bounds(use: Usage) -> tuple[Bound, ...]:
    n, binding = len(use.core), use.binding
    return tuple(
        Bound(name, cores, n - cores, float(use.used[name].mean() / limit), binding.count(name))
        for name, cores in use.lower_bound.items()
        if (limit := use.limit[name]) is not None
    )


def _traffic(use: Usage, cores: int) -> Traffic:
    return Traffic(
        cores,
        use.packets_per_spike,
        use.packets_between_cores_per_spike,
        use.hops_per_spike,
        max(use.busiest_link_packets, use.busiest_border_packets),
    )


def _sequential(program: Program) -> Traffic:
    from compiler.partitioning.sequential import sequential  # it loads numba

    made = sequential(program)
    if made.program is None:
        return Traffic(made.cores, made.packets_per_spike, made.packets_between_cores_per_spike, None, None)
    return _traffic(usage(made.program), made.cores)


def _quantisation(program: Program) -> dict[str, tuple[LoweringError, ...]]:
    """Errors of lowering by the population that has them; what is of none stands under its own name."""
    found: dict[str, list[LoweringError]] = {}
    names = [span.name for span in program.spans if span.kind != "input"]
    for error in program.errors:
        mine = (name for name in names if error.where.endswith((f"population {name!r}", f"-> {name!r}")))
        found.setdefault(next(mine, error.where), []).append(error)
    return {name: tuple(errors) for name, errors in found.items()}
