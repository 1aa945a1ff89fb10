"""What the commands print: tables for people, plain data for `--json`."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console
from rich.table import Table

from compiler import Program, Usage
from compiler.board import chip_of
from neurosim.differences import label
from neurosim.provenance import in_words
from neurosim.units import si

if TYPE_CHECKING:
    from neurosim.comparison import Comparison  # imports scikit-learn

MOST_CORES = 32  # with a row each; beyond, their spread
MOST_KEYS = 4  # of a profile, that move a total most
OBJECTIVES = {
    "energy_per_inference_j": "dynamic energy",
    "static_energy_per_inference_j": "static energy",
    "latency_per_inference_s": "latency",
}
MODELLED = "All energies and times are modelled, not measured."


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> None:
    """A plain table; columns in `right` are numbers."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for i, name in enumerate(header):
        table.add_column(name, justify="right" if i in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(escape(cell) for cell in row))
    console().print(table)


def console(stderr: bool = False) -> Console:
    """Where to print; as wide as the terminal, or wide enough for every table when piped."""
    found = Console(stderr=stderr, highlight=False)
    return found if found.is_terminal else Console(stderr=stderr, highlight=False, width=max(160, found.width))


# ---------------------------------------------------------------- compile


def compile_data(program: Program, use: Usage, output: str) -> dict[str, Any]:
    """What `neurosim compile --json` prints."""
    return {
        "program": output,
        "digest": program.digest,
        "chip": program.chip.name,
        "overrides": dict(program.chip.overrides),
        "neurons": program.n_neurons,
        "channels": program.n_channels,
        "synapses": program.n_synapses,
        "usage": use.to_dict(),
        "lowering": [
            {
                "where": e.where,
                "parameter": e.parameter,
                "max_relative_error": e.max_relative_error,
                "rms_relative_error": e.rms_relative_error,
                "tolerance": e.tolerance,
                "note": e.note,
            }
            for e in program.errors
        ],
        "notes": list(program.notes),
        "warnings": warnings(program),
    }


def print_compiled(program: Program, use: Usage, output: str) -> None:
    """Utilisation per core and in total, and what lowering cost."""
    names = list(use.used)
    rows = _cores(use) if len(use.core) <= MOST_CORES else _spread_of_cores(use)
    total = [_share(int(use.used[name].sum()), _times(use.limit[name], len(use.core))) for name in names]
    rows.append(["total", *total, ""])
    print_table(["core", *(name.replace("_", " ") for name in names), "binds"], rows, right=range(1, len(names) + 1))
    size = f"{program.n_neurons:,} neurons, {program.n_channels:,} channels, {program.n_synapses:,} synapses"
    cores = f"{len(use.core):,} used; no fewer than {use.cores_lower_bound:,} can do"
    print_table(["", ""], [["network", size], ["cores", cores], *_traffic(use)])
    if program.errors:
        errors = [
            [e.where, e.parameter, f"{e.max_relative_error:.2%}", f"{e.rms_relative_error:.2%}", e.note]
            for e in program.errors
        ]
        print_table(["lowered to integers", "parameter", "largest error", "rms", ""], errors, right=(2, 3))
    for note in (*program.notes, *warnings(program)):
        console().print(escape(f"note: {note}"))
    console().print(f"written to {output}")


def _cores(use: Usage) -> list[list[str]]:
    """A row for each core."""
    shares = [[_share(int(n), use.limit[name]) for n in values] for name, values in use.used.items()]
    cells = zip(use.core.tolist(), *shares, use.binding, strict=True)
    return [[str(core), *row, binds.replace("_", " ")] for core, *row, binds in cells]


def _spread_of_cores(use: Usage) -> list[list[str]]:
    """Least, mean and most of each resource, and what binds how often."""
    counts = Counter(use.binding).most_common()
    binds = ", ".join(f"{name.replace('_', ' ')} on {n:,}" for name, n in counts)
    parts = {"emptiest": (0, ""), "median": (50, binds), "fullest": (100, "")}
    return [
        [label, *(_share(int(np.percentile(n, at)), use.limit[name]) for name, n in use.used.items()), note]
        for label, (at, note) in parts.items()
    ]


def _traffic(use: Usage) -> list[list[str]]:
    """Packets, hops and the fullest links; chips only where several are in use."""
    many = use.chips_used > 1
    packets = f"{use.packets_per_spike:.3g} ({use.packets_between_cores_per_spike:.3g} between cores"
    packets += f", {use.packets_between_chips_per_spike:.3g} of them between chips)" if many else ")"
    hops = f"{use.hops_per_spike:.3g}"
    hops += f" ({use.hops_between_chips_per_spike:.3g} between chips)" if many else ""
    rows = [
        ["packets per spike", packets],
        ["hops per spike", hops],
        ["busiest link", f"{use.busiest_link_packets:,} packets when every neuron fires once"],
    ]
    one, other = use.hops_per_spike_by_packets.values(), use.busiest_link_by_packets.values()
    both = " / ".join(f"{hops:.3g} hops, {link:,} on the busiest link" for hops, link in zip(one, other, strict=True))
    rows.append([" / ".join(use.hops_per_spike_by_packets), both])
    if many:
        border = f"{use.busiest_border_packets:,} packets when every neuron fires once"
        rows = [["chips", f"{use.chips_used:,} used"], *rows, ["busiest link between chips", border]]
    if use.pairs_around_disabled_links:
        around = f"{use.pairs_around_disabled_links:,} of {use.pairs_of_cores:,} pairs of cores"
        rows.append(["ways around disabled links", around])
    return rows


def warnings(program: Program) -> list[str]:
    """What a user should know about a program that compiled."""
    chip, found = program.chip, []
    longest = 1 if program.is_crossbar else int(program.lists.synapse_delay.max(initial=1))
    if longest > chip.core.delay_steps_guaranteed:
        found.append(
            f"delays reach {longest} steps; beyond {chip.core.delay_steps_guaranteed} "
            f"(core.delay_steps_guaranteed) {chip.name} holds fewer neurons on a core, how many is not published"
        )
    tick_ns = chip.time.tick_ns
    if tick_ns is not None and program.dt_ms * 1e6 != tick_ns:
        found.append(
            f"a step of the network is {program.dt_ms:g} ms, a tick of {chip.name} {tick_ns * 1e-6:g} ms "
            "(time.tick_ns): energy and latency are of ticks"
        )
    if chip.energy.border_pj is None and len(set(chip_of(program.tables.core, chip.mesh).tolist())) > 1:
        found.append(
            "hops between chips are priced like hops inside a chip, as the profile has no price for them "
            "(energy.border_pj)"
        )
    return found


# ---------------------------------------------------------------- compare


def print_comparison(comparison: "Comparison", description: str, picture: str) -> None:
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
            screen.print(escape(f"{row['chip']}: {row['error']}"))
        elif row["approximations"]:
            screen.print(f"{escape(row['chip'])} approximates: {', '.join(row['approximations'])}")
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
        ("on the Pareto front", lambda r: "yes" if r["on_front"] else "no"),
        ("energies rest on", _rest("energy")),
        ("times rest on", _rest("time")),
        ("static power rests on", _rest("static_power")),
    ]


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
        return f"{row['chip']}: no event has a price"
    share, name = terms[event] / sum(terms.values()), event.replace("_", " ")
    kind, source = row["price_kinds"][event], row["largest_source"]
    return f"{row['chip']}: {share:.0%} of the dynamic energy is {name}, {kind}: {source}"


# ---------------------------------------------------------------- pieces


def escape(text: str) -> str:
    """Text that may hold brackets, for rich to print as it is."""
    return text.replace("[", r"\[")


def _share(used: int, limit: int | None) -> str:
    return f"{used:,}" if limit is None else f"{used:,} ({used / limit:.0%})"


def _times(limit: int | None, n: int) -> int | None:
    return None if limit is None else limit * n
