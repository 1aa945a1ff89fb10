"""What `neurosim run --noc` prints: the analytic model of time and one of the network on chip, side by side."""

from typing import Any, cast

from rich.markup import escape

from chips import ChipProfile
from compiler import Program
from neurosim.cli.printing import console
from neurosim.noc.parting import NetworkComparison, compare_network_models
from neurosim.result import RunResult


def network_comparison(result: RunResult, program: Program, chip: ChipProfile, model: str) -> NetworkComparison:
    """The analytic model and another one."""
    return compare_network_models(result, program, chip, ("analytic", cast(Any, model)))


def network_data(network: NetworkComparison) -> dict[str, Any]:
    """What `--json` adds: times of all samples, and where the models part."""
    return {
        "latency_s": {model: time.total_ns * 1e-9 for model, time in network.times.items()},
        "tolerance": network.tolerance,
        "steps_apart": len(network.steps),
        "largest_spread": float(network.spread.max()),
    }


def print_network(network: NetworkComparison) -> None:
    """A few lines."""
    console().print("network on chip: " + escape(str(network)))
