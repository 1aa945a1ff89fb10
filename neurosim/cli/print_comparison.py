"""What `neurosim compare` prints: configurations side by side, and where they differ."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from rich.table import Table

from neurosim.cli.printing import MODELLED, console, escape, print_table
from neurosim.comparison import Comparison
from neurosim.differences import label
from neurosim.provenance import in_words
from neurosim.units import si

MOST_KEYS = 4  # of a profile, that move a total most
MOST_SILENT = 0.25  # of the liquid's neurons, beyond which it is told
OBJECTIVES = {
    "energy_per_inference_j": "dynamic energy",
    "static_energy_per_inference_j": "static energy",
    "latency_per_inference_s": "latency",
}


def print_comparison(comparison: Comparison, description: str, picture: str) -> None:
    """One table, a configuration a column."""
    screen = console()
    if description:
        screen.print(escape(description))
    table = Table(box=None, pad_edge=False, header_style="bold", show_edge=False)
    table.add_column("")
    for row in comparison.rows:
        settings = "\n".join(f"{key}={value}" for key, value in row["overrides"].items())
        table.add_column(escape(f"{row['chip']}\n{settings}".strip()), justify="right", overflow="fold")
    good = next(row for row in comparison.rows if "error" not in row)
    for heading, cell in _comparison_cells(good):
        table.add_row(heading, *("-" if "error" in row else cell(row) for row in comparison.rows))
    screen.print(table)
    for row in comparison.rows:
        if "error" in row:
            screen.print(escape(f"{label(row)}: {row['error']}"))
    for note in _notes_of([row for row in comparison.rows if "error" not in row]):
        screen.print(escape(note))
    for model, by_bins in comparison.baselines.items():
        scores = ", ".join(f"{value:.2%} in {bins} bin{'s' * (bins > 1)}" for bins, value in by_bins.items())
        screen.print(f"{_BASELINES[model].format(raw=comparison.raw)}: {scores}")
    for row in comparison.rows:
        if "error" not in row:
            screen.print(escape(_largest_term(row)))
    held = next(row for row in comparison.rows if "error" not in row and label(row) == comparison.baseline)
    for row in comparison.rows:
        if "error" not in row and row is not held:
            screen.print(escape(_against(row, held, comparison.baseline)))
    _print_sensitivity([row for row in comparison.rows if "error" not in row])
    screen.print(f"{MODELLED} Each number of a profile and its source: neurosim chips show.")
    screen.print(f"picture: {picture}")


_BASELINES = {
    "linear_raw": "linear model on the {raw}",
    "linear_encoder": "linear model on the encoder's spikes",
}
Cell = Callable[[dict[str, Any]], str]


def _comparison_cells(good: dict[str, Any]) -> list[tuple[str, Cell]]:
    cells: list[tuple[str, Cell]] = [
        ("cores used (at least)", lambda r: f"{r['cores_used']} ({r['cores_lower_bound']})"),
        ("neurons (on the chip)", lambda r: f"{r['neurons']:,} ({r['chip_neurons']:,})"),
        ("synapses", lambda r: f"{r['synapses']:,}"),
        ("largest weight error", lambda r: f"{r['largest_weight_error']:.2%}"),
        ("calibrated rate (balance)", _calibrated),
    ]
    cells.append(("test samples", lambda r: f"{r['test_samples']:,}"))
    for bins in good["accuracy_by_bins"]:
        plural = "bin" if bins == 1 else "bins"
        cells.append((f"accuracy, {bins} {plural}", _score("accuracy_by_bins", bins)))
        cells.append(("  without recurrence", _score("no_recurrence_accuracy_by_bins", bins)))
    return [
        *cells,
        ("accuracy, readout on the chip", lambda r: _of_readout(r, lambda x: f"{x['accuracy']:.2%}")),
        (f"  float readout of {_features(good)}", lambda r: _of_readout(r, lambda x: f"{x['float_accuracy']:.2%}")),
        ("  its cores, neurons", lambda r: _of_readout(r, lambda x: f"{x['readout_cores']}, {x['readout_neurons']}")),
        ("  its energy / inference", lambda r: _of_readout(r, lambda x: si(x["readout_dynamic_energy_j"], "J"))),
        ("steps", lambda r: f"{r['steps']:,}"),
        ("spikes (copies included)", lambda r: f"{r['spikes']:,}"),
        ("synaptic events", lambda r: f"{r['synaptic_events']:,}"),
        ("packets (between cores)", lambda r: f"{r['packets']:,} ({r['packets_between_cores']:,})"),
        ("hops (between chips)", lambda r: f"{r['hops']:,} ({r['hops_between_chips']:,})"),
        ("dynamic energy / inference", lambda r: si(r["energy_per_inference_j"], "J")),
        ("  known errors allow", lambda r: _range(r, "energy_per_inference_j", "J")),
        ("  without known error", _not_known),
        ("  p99", lambda r: si(r["energy_per_inference_p99_j"], "J")),
        ("static energy / inference", lambda r: si(r["static_energy_per_inference_j"], "J")),
        ("latency / inference", lambda r: si(r["latency_per_inference_s"], "s")),
        ("  known errors allow", lambda r: _range(r, "latency_per_inference_s", "s")),
        ("  p99", lambda r: si(r["latency_per_inference_p99_s"], "s")),
        ("step time, p99", lambda r: si(r["step_time_p99_s"], "s")),
        ("steps longer than the tick", lambda r: f"{r['overruns']:,}"),
        ("on the Pareto front", lambda r: {True: "yes", False: "no", None: "not priced"}[r["on_front"]]),
        ("energies rest on", _rest("energy")),
        ("times rest on", _rest("time")),
        ("static power rests on", _rest("static_power")),
    ]


def _notes_of(rows: Sequence[dict[str, Any]]) -> list[str]:
    """The notes of all rows, each once, with those that it is true of in front."""
    found: dict[str, list[str]] = {}
    for row in rows:
        for note in _notes(row):
            found.setdefault(note, []).append(label(row))
    return [f"{', '.join(names)}: {note}" for note, names in found.items()]


def _notes(row: dict[str, Any]) -> Iterator[str]:
    """What a reader should know of a row before comparing it."""
    if row["approximations"]:
        yield f"approximates {', '.join(row['approximations'])}"
    if row["on_front"] is None:
        yield "left out of the Pareto front, as events without any price or time are not cheap, but not known"
    if row["silent_neurons"] > MOST_SILENT * row["neurons"]:
        share = row["silent_neurons"] / row["neurons"]
        yield (
            f"{row['silent_neurons']:,} of {row['neurons']:,} neurons of the liquid ({share:.0%}) never fire: a higher "
            "target_rate, even_out: true or more input reach them"
        )


def _calibrated(row: dict[str, Any]) -> str:
    """Spikes per neuron and step, and inhibition over excitation, as they were reached."""
    if (found := row["calibration"]) is None:
        return "-"
    return f"{found['rate']:.2%}" + ("" if found["balance"] is None else f" ({found['balance']:.2f})")


def _range(row: dict[str, Any], key: str, unit: str) -> str:
    """Least and largest that the known errors of sources allow."""
    found = row["ranges"][key]
    return "not known" if found is None else f"{si(found[0], unit)} to {si(found[1], unit)}"


def _not_known(row: dict[str, Any]) -> str:
    """The share of the dynamic energy whose prices state no error."""
    return f"{sum(row['ranges']['not_known']['energy'].values()):.0%}"


def _print_sensitivity(rows: Sequence[dict[str, Any]]) -> None:
    """The keys of each profile that move its totals most."""
    cells = [
        [
            label(row),
            words,
            *(f"{key} {size:+.2f}" for key, size in list(row["sensitivity"][objective].items())[:MOST_KEYS]),
        ]
        for row in rows
        for objective, words in OBJECTIVES.items()
        if row["sensitivity"][objective]
    ]
    header = ["elasticity: % for each % that a key is higher", "", "largest", *[""] * (MOST_KEYS - 1)]
    print_table(header, [row + [""] * (len(header) - len(row)) for row in cells])


def _against(row: dict[str, Any], baseline: dict[str, Any], name: str) -> str:
    """How far energy and time are from the baseline's, and what parts them most."""
    return f"{_energy_against(row, baseline, name)}\n{_time_against(row, baseline, name)}"


def _time_against(row: dict[str, Any], baseline: dict[str, Any], name: str) -> str:
    """How much longer or shorter an inference is than the baseline's, by what steps were bound by."""
    found, whole = row["against_baseline"], baseline["latency_per_inference_s"]
    if not whole or not found["latency_terms_s"]:
        return f"{label(row)}: as much time as {name}"
    largest = sorted(found["latency_terms_s"].items(), key=lambda item: -abs(item[1]))
    terms = "; ".join(f"{bound} {seconds / whole:+.1%}" for bound, seconds in largest)
    return f"{label(row)}: {found['latency_per_inference_s'] / whole:+.1%} time against {name}, by what bound: {terms}"


def _energy_against(row: dict[str, Any], baseline: dict[str, Any], name: str) -> str:
    """How much more or less energy than the baseline, and the three events that part them most."""
    found, whole = row["against_baseline"], baseline["energy_per_inference_j"]
    if not whole or not found["terms"]:
        return f"{label(row)}: as much dynamic energy as {name}"

    def share(joule: float) -> str:
        return f"{joule / whole:+.1%}"

    largest = sorted(found["terms"].items(), key=lambda item: -abs(item[1]["energy_per_inference_j"]))[:3]
    terms = "; ".join(
        f"{event.replace('_', ' ')} {share(term['from_counts_j'])} by counts, {share(term['from_prices_j'])} by prices"
        for event, term in largest
    )
    return (
        f"{label(row)}: {share(found['energy_per_inference_j'])} dynamic energy against {name}, "
        f"{share(found['from_counts_j'])} by counts and {share(found['from_prices_j'])} by prices: {terms}"
    )


def _score(key: str, bins: int) -> Cell:
    return lambda row: f"{row[key][bins]:.2%}"


def _of_readout(row: dict[str, Any], cell: Cell) -> str:
    """A cell of the compiled readout; "at the host" where the chip cannot form it (the reason is in --json)."""
    return cell(row["readout"]) if row["readout"]["on_chip"] else "at the host"


def _features(row: dict[str, Any]) -> str:
    return "counts" if row["readout"]["features"] == ["count"] else "the same"


def _rest(part: str) -> Cell:
    return lambda row: in_words(row["rests_on"][part]).replace(", ", "\n")


def _largest_term(row: dict[str, Any]) -> str:
    """The event on which most dynamic energy goes, and where its price comes from."""
    terms = row["energy_by_event_j"]
    event = max(terms, key=lambda name: terms[name])
    if not terms[event]:
        return f"{label(row)}: no event has a price"
    share, name = terms[event] / sum(terms.values()), event.replace("_", " ")
    kind, source = row["price_kinds"][event], row["largest_source"]
    return f"{label(row)}: {share:.0%} of the dynamic energy is {name}, {kind}: {source}"
