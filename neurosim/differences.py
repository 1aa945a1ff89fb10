"""Differences: what parts two rows of a comparison: energy by event, counts and prices; time by what bound steps."""

from collections.abc import Mapping, Sequence
from typing import Any

from chips import RunError
from chips.hints import did_you_mean

J_PER_PJ = 1e-12


def energy_difference(row: Mapping[str, Any], baseline: Mapping[str, Any]) -> dict[str, Any]:
    """How the dynamic energy of an inference differs from that of a baseline, and why.

    The difference of an event is that of counts times the mean price, plus that of prices times the mean count; the two
    add up to it, and the events to the whole, but for rounding.

    Args:
        row: with `charged_events`, `prices_pj` and `samples`, as `measures` makes it.
        baseline: likewise.

    Returns:
        `energy_per_inference_j`, `from_counts_j`, `from_prices_j`, and the same of each event in `terms`.
    """
    terms = {}
    for event in row["charged_events"]:
        n, price = row["charged_events"][event] / row["samples"], row["prices_pj"][event] * J_PER_PJ
        n_0, price_0 = baseline["charged_events"][event] / baseline["samples"], baseline["prices_pj"][event] * J_PER_PJ
        from_counts, from_prices = (n - n_0) * (price + price_0) / 2, (price - price_0) * (n + n_0) / 2
        if from_counts or from_prices:
            terms[event] = {
                "energy_per_inference_j": from_counts + from_prices,
                "from_counts_j": from_counts,
                "from_prices_j": from_prices,
            }
    keys = ("energy_per_inference_j", "from_counts_j", "from_prices_j")
    return {**{key: sum(term[key] for term in terms.values()) for key in keys}, "terms": terms}


def latency_difference(row: Mapping[str, Any], baseline: Mapping[str, Any]) -> dict[str, Any]:
    """How the time of an inference differs from that of a baseline, by what steps were bound by.

    The difference is that of the terms added up: each is the time that steps of one kind took, the barrier and the tick
    apart (see `timing.Latency.by_bound_ns`).

    Args:
        row: with `latency_by_bound_s` and `samples`, as `measures` makes it.
        baseline: likewise.

    Returns:
        `latency_per_inference_s`, and the part of each in `latency_terms_s`; parts that do not differ are left out.
    """
    of, of_baseline = (
        {bound: seconds / one["samples"] for bound, seconds in one["latency_by_bound_s"].items()}
        for one in (row, baseline)
    )
    bounds = dict.fromkeys([*of, *of_baseline])
    parts = {bound: of.get(bound, 0.0) - of_baseline.get(bound, 0.0) for bound in bounds}
    return {
        "latency_per_inference_s": sum(parts.values()),
        "latency_terms_s": {bound: seconds for bound, seconds in parts.items() if seconds},
    }


def label(row: Mapping[str, Any]) -> str:
    """How a row is called: its chip, and what was set."""
    settings = ", ".join(f"{key}={value}" for key, value in row["overrides"].items())
    return f"{row['chip']} ({settings})" if settings else str(row["chip"])


def baseline_of(rows: Sequence[Mapping[str, Any]], name: str | None) -> Mapping[str, Any]:
    """The row that others are held against: the first that has numbers, or the one of this name.

    Args:
        rows: of a comparison.
        name: of a chip, or a whole label, as "loihi1 (core.neurons=32)"; the first row of that name counts.

    Raises:
        RunError: no row has this name, or it was refused.
    """
    if name is None:
        return next(row for row in rows if "error" not in row)
    for names in (label, lambda row: str(row["chip"])):
        for row in rows:
            if names(row) == name:
                if "error" in row:
                    raise RunError(f"the baseline {name} was refused: {row['error']}")
                return row
    labels = [label(row) for row in rows]
    raise RunError(f"no row is called {name!r}: {did_you_mean(name, labels) or 'there are ' + ', '.join(labels)}")
