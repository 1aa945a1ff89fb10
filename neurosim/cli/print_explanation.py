"""What `neurosim compile` prints with --explain, --like, and for a network that does not fit."""

from compiler import LoweringError, Moves
from compiler.mapping_rules import in_words
from neurosim.cli.printing import console, escape, print_table
from neurosim.explaining.advice import Advice
from neurosim.explaining.explanation import Explanation, Traffic
from neurosim.explaining.links import Link


def print_moves(moves: Moves) -> None:
    """What moved from an older program to this one."""
    rows = [
        [each.name, *(f"{n:,}" for n in (each.stayed, each.moved, each.added, each.removed))]
        for each in moves.populations
    ]
    print_table(["population", "stayed", "moved", "new", "gone"], rows, right=(1, 2, 3, 4))
    parts = {"changed": moves.cores_changed, "now in use": moves.cores_added, "no longer": moves.cores_removed}
    said = "; ".join(f"{words}: {in_words(cores)}" for words, cores in parts.items() if cores)
    console().print(said or "no core changed its neurons")


def print_explanation(found: Explanation) -> None:
    """Bounds, the simplest mapping, hottest links, and errors of each population."""
    bounds = [
        [
            bound.resource.replace("_", " "),
            f"{bound.cores:,}",
            f"{bound.gap:,}",
            f"{bound.mean_fill:.1%}",
            f"{bound.binds_on:,}",
        ]
        for bound in found.bounds
    ]
    header = ["lower bounds", "cores at least", "used beyond", "mean fill", "binds on cores"]
    print_table(header, bounds, right=(1, 2, 3, 4))
    rows = [["this program", *_traffic(found.traffic)]]
    if found.sequential is not None:
        rows.append(["in order", *_traffic(found.sequential)])
        rows.append(["ratio", *_ratios(found.traffic, found.sequential)])
    header = ["traffic", "cores", "packets per spike", "between cores", "hops per spike", "busiest link"]
    print_table(header, rows, right=(1, 2, 3, 4, 5))
    print_table(["hottest links", "packets", ""], [_link(link) for link in found.links], right=(1,))
    header = ["quantisation", "weights, rms", "weights, largest", "other parameters, largest"]
    print_table(header, [_quantised(name, errors) for name, errors in found.quantisation.items()], right=(1, 2))


def print_advice(advice: Advice) -> None:
    """What would fit, and what would not."""
    if advice.key and advice.needed is not None and advice.limit is not None:
        more = advice.needed - advice.limit
        console().print(escape(f"{advice.key}: {advice.needed:,} needed, {advice.limit:,} there, {more:,} too many"))
    marks = {True: "yes", False: "no", None: "-"}
    rows = [[marks[each.fits], each.change, each.result, each.setting if each.fits else ""] for each in advice.tries]
    print_table(["fits", "change", "result", "with"], rows)


def _quantised(name: str, errors: tuple[LoweringError, ...]) -> list[str]:
    """A population: errors of the worst projection onto it, and of the worst of its own parameters."""
    weights = [error for error in errors if "weight" in error.parameter]
    others = [error for error in errors if "weight" not in error.parameter and error.max_relative_error > 0]
    worst = max(others, key=lambda error: error.max_relative_error, default=None)
    return [
        name,
        f"{max(error.rms_relative_error for error in weights):.2%}" if weights else "-",
        f"{max(error.max_relative_error for error in weights):.2%}" if weights else "-",
        "-" if worst is None else f"{worst.max_relative_error:.2%} ({worst.parameter})",
    ]


def _traffic(of: Traffic) -> list[str]:
    hops = "-" if of.hops_per_spike is None else f"{of.hops_per_spike:.3g}"
    link = "-" if of.busiest_link_packets is None else f"{of.busiest_link_packets:,}"
    return [f"{of.cores:,}", f"{of.packets_per_spike:.3g}", f"{of.packets_between_cores_per_spike:.3g}", hops, link]


def _ratios(this: Traffic, other: Traffic) -> list[str]:
    pairs = (
        (this.cores, other.cores),
        (this.packets_per_spike, other.packets_per_spike),
        (this.packets_between_cores_per_spike, other.packets_between_cores_per_spike),
        (this.hops_per_spike, other.hops_per_spike),
        (this.busiest_link_packets, other.busiest_link_packets),
    )
    return [f"{a / b:.2f}" if a is not None and b else "-" for a, b in pairs]


def _link(link: Link) -> list[str]:
    between = "between chips" if link.border else ""
    return [f"({link.x}, {link.y}) to ({link.to_x}, {link.to_y})", f"{link.packets:,}", between]
