"""Readings: each metric of a report in words: its value, what it means, the range thought good, and who says so."""

import math
from dataclasses import dataclass
from typing import Any

from neurosim.metrics.convergence import Convergence
from neurosim.metrics.report import LiquidReport

FORMAT = "neurosim-liquid/1"
LM, CJ = "Legenstein and Maass 2007", "Chrol-Cannon and Jin 2014"
MNM = "Maass, Natschlaeger and Markram 2002"
# Ranges are assumed, as the sources give directions and no numbers; that of rates was measured on this project's tasks.
RATE = (0.01, 0.08)  # spikes per neuron and step
SILENT, SATURATED = 0.2, 0.05  # shares of neurons, at most
BALANCE = (0.5, 2.0)
EXPONENT = (-0.05, 0.02)  # per step
LEFT = (
    0.3  # after 800 steps; on the vowels 0.15 to 0.19 is left without recurrence, 0.58 and more with ten times as much
)


@dataclass(frozen=True, slots=True)
class Reading:
    """One metric for a reader."""

    name: str
    value: str
    good: str  # the range thought good
    inside: bool | None  # whether the value is in it; None: more is better, or nothing can be said
    meaning: str
    source: str


def readings(report: LiquidReport) -> list[Reading]:
    """Every metric of a report, the most telling first."""
    return [*_activity(report), *_ranks(report), *_distances(report), *_dynamics(report)]


def _activity(r: LiquidReport) -> list[Reading]:
    a = r.activity
    balance = a.excitation_over_inhibition
    return [
        Reading(
            "rate",
            f"{a.mean_rate:.3f} a step ({a.mean_rate_hz:.1f} Hz)",
            f"{RATE[0]:g} to {RATE[1]:g} a step",
            RATE[0] <= a.mean_rate <= RATE[1],
            "spikes per neuron; a silent or over-driven liquid loses rank",
            "measured on this project's tasks",
        ),
        Reading(
            "silent neurons",
            f"{a.silent_share:.1%}",
            f"at most {SILENT:.0%}",
            a.silent_share <= SILENT,
            "never fire, and tell a readout nothing",
            "assumed",
        ),
        Reading(
            "saturated neurons",
            f"{a.saturated_share:.1%}",
            f"at most {SATURATED:.0%}",
            a.saturated_share <= SATURATED,
            f"fire in more than {a.saturated_rate:.0%} of the steps, whatever the input",
            "assumed",
        ),
        Reading(
            "excitation / inhibition",
            "none arrives" if balance is None else f"{balance:.2f}",
            f"{BALANCE[0]:g} to {BALANCE[1]:g}",
            None if balance is None else BALANCE[0] <= balance <= BALANCE[1],
            "weights that recurrent spikes bring, positive over negative",
            "assumed",
        ),
        Reading(
            "effective dimension",
            f"{a.dimension:.1f} of {r.n_neurons}",
            "more is better",
            None,
            "participation ratio of the spike counts over inputs",
            "direction only",
        ),
    ]


def _ranks(r: LiquidReport) -> list[Reading]:
    most = min(r.kernel.n_inputs, r.n_neurons)
    return [
        Reading(
            "kernel quality",
            f"{r.kernel.rank} of {most}",
            "high",
            None,
            f"rank of the states of {r.n_inputs} different inputs: how many it tells apart",
            f"{LM}; predicts accuracy ({CJ})",
        ),
        Reading(
            "generalisation rank",
            f"{r.generalisation.rank} of {most}",
            "below kernel quality",
            r.generalisation.rank < r.kernel.rank,
            f"the same for noisy copies of one input (spikes moved by {r.jitter_steps:g} steps): noise that it lets in",
            LM,
        ),
    ]


def _distances(r: LiquidReport) -> list[Reading]:
    s = r.separation
    classes = "labels" if r.has_labels else "noisy copies of inputs"
    return [
        Reading(
            "separation",
            f"{s.ratio:.2f}, {'ordered' if s.ordered else 'not ordered'}",
            "ordered",
            s.ordered,
            "distance of states over distance of inputs; states further apart whenever inputs are",
            MNM,
        ),
        Reading(
            "class separation",
            _number(r.class_separation),
            "above 1",
            r.class_separation > 1,
            f"distance between classes over spread within ({classes})",
            f"weak predictor ({CJ})",
        ),
        Reading(
            "memory capacity",
            f"{r.memory.total:.2f} x {r.memory.steps_per_value} steps (chance {r.memory.chance:.2f})",
            "more is better",
            None,
            f"past values that a linear readout tells, of {len(r.memory.by_delay) - 1} tried",
            f"Jaeger 2001: at most {r.n_neurons} for linear units",
        ),
    ]


def _dynamics(r: LiquidReport) -> list[Reading]:
    exponent, healed = r.perturbation.exponent_per_step, r.perturbation.healed_share
    return [
        Reading(
            "Lyapunov exponent",
            "no difference" if exponent is None else f"{exponent:+.4f} a step",
            f"near 0: {EXPONENT[0]:g} to {EXPONENT[1]:g}",
            None if exponent is None else EXPONENT[0] <= exponent <= EXPONENT[1],
            f"growth of one spike's difference in ln; {healed:.0%} healed",
            f"direction: {LM}; {CJ}; range assumed",
        ),
        _convergence("echo state", r.echo_state, "forgets the state in which it began", "Jaeger 2001"),
        _convergence("fading memory", r.fading_memory, "forgets inputs of the far past", MNM),
    ]


def _convergence(name: str, c: Convergence, meaning: str, source: str) -> Reading:
    steps = c.distance.shape[1]
    rate = "" if c.rate_per_step is None else f" (ln {c.rate_per_step:+.4f} a step)"
    return Reading(
        name,
        f"{c.left_share:.1%} left{rate}, {'' if c.converged else 'not '}converged",
        f"at most {LEFT:.0%} left",
        c.left_share <= LEFT,
        f"{meaning}: distance after {steps} steps, unrelated states being 100 % (worst of {len(c.distance)} pairs)",
        f"{source}; range assumed",
    )


def report_data(r: LiquidReport) -> dict[str, Any]:
    """Stable keys, SI units, None for what is not finite or not known."""
    a, p, per_s = r.activity, r.perturbation, 1000 / r.dt_ms
    return {
        "format": FORMAT,
        "chip": r.chip,
        "program_digest": r.program_digest,
        "approximations": list(r.approximations),
        "neurons": r.n_neurons,
        "channels": r.n_channels,
        "inputs": r.n_inputs,
        "step_s": r.dt_ms / 1000,
        "filter_s": r.tau_ms / 1000,
        "jitter_s": r.jitter_steps / per_s,
        "rate_per_neuron_and_step": a.mean_rate,
        "rate_hz": a.mean_rate_hz,
        "silent_share": a.silent_share,
        "saturated_share": a.saturated_share,
        "excitation_over_inhibition": a.excitation_over_inhibition,
        "effective_dimension": a.dimension,
        "kernel_rank": r.kernel.rank,
        "generalisation_rank": r.generalisation.rank,
        "rank_tolerance": r.kernel.tolerance,
        "singular_values": r.kernel.singular_values.tolist(),
        "generalisation_singular_values": r.generalisation.singular_values.tolist(),
        "class_separation": r.class_separation if math.isfinite(r.class_separation) else None,
        "classes": "labels" if r.has_labels else "noisy copies",
        "separation_ratio": r.separation.ratio,
        "separation_ordered": r.separation.ordered,
        "input_distance": r.separation.input_distance.tolist(),
        "state_distance": r.separation.state_distance.tolist(),
        "memory_capacity": r.memory.total,
        "memory_by_delay": r.memory.by_delay.tolist(),
        "memory_chance": r.memory.chance,
        "memory_value_s": r.memory.steps_per_value / per_s,
        "lyapunov_per_step": p.exponent_per_step,
        "lyapunov_per_s": None if p.exponent_per_step is None else p.exponent_per_step * per_s,
        "perturbation_healed_share": p.healed_share,
        "perturbation_distance": p.distance.mean(axis=0).tolist(),
        "unrelated_distance": p.unrelated_distance,
        "echo_state": _verdict(r.echo_state),
        "fading_memory": _verdict(r.fading_memory),
        "readings": [
            {"metric": x.name, "value": x.value, "good": x.good, "inside": x.inside, "source": x.source}
            for x in readings(r)
        ],
    }


def _verdict(c: Convergence) -> dict[str, Any]:
    return {
        "converged": c.converged,
        "left_share": c.left_share,
        "tolerance": c.tolerance,
        "start_distance": c.start_distance,
        "end_distance": c.end_distance,
        "rate_per_step": c.rate_per_step,
        "steps": c.distance.shape[1],
        "pairs": len(c.distance),
    }


def _number(value: float) -> str:
    return f"{value:.2f}" if math.isfinite(value) else "no noise"
