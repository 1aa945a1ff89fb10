"""What the commands print: tables for people, plain data for `--json`."""

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from chips import ChipProfile
from compiler import Program, Usage
from compiler.board import chip_of
from neurosim.comparison import Comparison
from neurosim.noc.parting import NetworkComparison
from neurosim.pricing import price_kinds
from neurosim.provenance import in_words, rests_on
from neurosim.result import RunResult
from neurosim.summaries import costs, event_counts
from neurosim.units import si

MOST_CORES = 32  # with a row each; beyond, their spread
MODELLED = "All energies and times are modelled, not measured."


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> None:
    """A plain table; columns in `right` are numbers."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for i, name in enumerate(header):
        table.add_column(name, justify="right" if i in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_escape(cell) for cell in row))
    console().print(table)


def console(stderr: bool = False) -> Console:
    """Where to print; as wide as the terminal, or wide enough for every table when piped."""
    found = Console(stderr=stderr, highlight=False)
    return found if found.is_terminal else Console(stderr=stderr, highlight=False, width=max(160, found.width))


@contextlib.contextmanager
def progress(hidden: bool) -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar on standard error, called with (what, done, of)."""
    if hidden:
        yield lambda what, done, of: None
        return
    screen = console(stderr=True)
    if not screen.is_terminal:
        yield _line_per_task(screen)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=screen, transient=True) as bar:
        task = bar.add_task("starting", total=1)

        def report(what: str, done: int, of: int) -> None:
            bar.update(task, description=_escape(what), completed=done, total=of)

        yield report


def _line_per_task(screen: Console) -> Callable[[str, int, int], None]:
    """Without a terminal: one line whenever something new begins."""
    said: set[str] = set()

    def report(what: str, done: int, of: int) -> None:
        if what not in said:
            said.add(what)
            screen.print(_escape(what))

    return report


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
        console().print(_escape(f"note: {note}"))
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


# ---------------------------------------------------------------- run


def run_data(result: RunResult, chip: ChipProfile, output: Path | None) -> dict[str, Any]:
    """What `neurosim run --json` prints: totals of all samples."""
    return {
        "result": None if output is None else str(output),
        "chip": chip.name,
        "overrides": dict(chip.overrides),
        "cores_used": len(result.counts.core),
        "neurons": result.n_neurons,
        "samples": result.n_samples,
        **event_counts(result.counts),
        **costs(result, chip),
        "seed": result.seed,
        "price_kinds": price_kinds(chip),
        "rests_on": rests_on(chip),
    }


def print_run(result: RunResult, chip: ChipProfile, output: Path | None) -> None:
    """Counts, energy by event, time."""
    data = run_data(result, chip, None)
    counts = event_counts(result.counts)
    print_table(["counted", ""], [[k.replace("_", " "), f"{v:,}"] for k, v in counts.items()], right=(1,))
    rows = [
        [event.replace("_", " "), si(joules, "J"), *_source(chip, f"energy.{event}_pj")]
        for event, joules in data["energy_by_event_j"].items()
        if event != "border" or (counts["hops_between_chips"] and chip.energy.border_pj is not None)
    ]
    if counts["hops_between_chips"] and chip.energy.border_pj is None:
        rows.append(["border", "in the hops", *_source(chip, "energy.border_pj")])
    rows.append(["dynamic energy", si(data["energy_j"], "J"), "", ""])
    rows.append(["static energy", si(data["static_energy_j"], "J"), *_source(chip, "power.static_mw")])
    if chip.clock:
        rows.append(
            [
                "  of it the clock's",
                f"{1 - chip.power.static_mw / chip.standing_mw:.0%}" if chip.standing_mw else "",
                *_source(chip, "clock.mw_per_mhz"),
            ]
        )
    print_table(["energy", "", "price is", "source"], rows, right=(1,))
    times = [
        ["all samples", si(data["latency_s"], "s")],
        ["a sample: mean, p50, p99, worst", _four(data, "latency_per_inference{}_s")],
        ["a step: mean, p99, worst", _three(data)],
    ]
    if chip.time.tick_ns is not None:
        times.append([f"steps longer than the tick of {si(chip.time.tick_ns * 1e-9, 's')}", f"{data['overruns']:,}"])
    times.append(["the times of events are", in_words(rests_on(chip)["time"])])
    print_table(["time", ""], times, right=(1,))
    console().print(MODELLED)
    if output is not None:
        console().print(f"written to {output}")


# ---------------------------------------------------------------- network on chip


def network_comparison(result: RunResult, program: Program, chip: ChipProfile, model: str) -> NetworkComparison:
    """The analytic model and another one, side by side."""
    from neurosim.noc.parting import compare_network_models

    return compare_network_models(result, program, chip, ("analytic", cast(Any, model)))


def network_data(network: NetworkComparison) -> dict[str, Any]:
    """What `neurosim run --noc --json` adds: times of all samples, and where the models part."""
    return {
        "latency_s": {model: time.total_ns * 1e-9 for model, time in network.times.items()},
        "tolerance": network.tolerance,
        "steps_apart": len(network.steps),
        "largest_spread": float(network.spread.max()),
    }


def print_network(network: NetworkComparison) -> None:
    """A few lines."""
    console().print("network on chip: " + _escape(str(network)))


# ---------------------------------------------------------------- compare


def print_comparison(comparison: Comparison, description: str, picture: str) -> None:
    """One table, a configuration a column."""
    screen = console()
    if description:
        screen.print(_escape(description))
    table = Table(box=None, pad_edge=False, header_style="bold", show_edge=False)
    table.add_column("")
    for row in comparison.rows:
        settings = "\n".join(f"{key}={value}" for key, value in row["overrides"].items())
        table.add_column(_escape(f"{row['chip']}\n{settings}".strip()), justify="right", overflow="fold")
    good = next(row for row in comparison.rows if "error" not in row)
    for label, cell in _comparison_cells(good):
        table.add_row(label, *("-" if "error" in row else cell(row) for row in comparison.rows))
    screen.print(table)
    for row in comparison.rows:
        if "error" in row:
            screen.print(_escape(f"{row['chip']}: {row['error']}"))
        elif row["approximations"]:
            screen.print(f"{_escape(row['chip'])} approximates: {', '.join(row['approximations'])}")
    for model, by_bins in comparison.baselines.items():
        scores = ", ".join(f"{value:.2%} in {bins} bin{'s' * (bins > 1)}" for bins, value in by_bins.items())
        screen.print(f"{_BASELINES[model].format(raw=comparison.raw)}: {scores}")
    for row in comparison.rows:
        if "error" not in row:
            screen.print(_escape(_largest_term(row)))
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
        ("  p99", lambda r: si(r["energy_per_inference_p99_j"], "J")),
        ("static energy / inference", lambda r: si(r["static_energy_per_inference_j"], "J")),
        ("latency / inference", lambda r: si(r["latency_per_inference_s"], "s")),
        ("  p99", lambda r: si(r["latency_per_inference_p99_s"], "s")),
        ("step time, p99", lambda r: si(r["step_time_p99_s"], "s")),
        ("steps longer than the tick", lambda r: f"{r['overruns']:,}"),
        ("energies rest on", _rest("energy")),
        ("times rest on", _rest("time")),
        ("static power rests on", _rest("static_power")),
    ]


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


def _escape(text: str) -> str:
    return text.replace("[", r"\[")


def _share(used: int, limit: int | None) -> str:
    return f"{used:,}" if limit is None else f"{used:,} ({used / limit:.0%})"


def _times(limit: int | None, n: int) -> int | None:
    return None if limit is None else limit * n


def _source(chip: ChipProfile, path: str) -> list[str]:
    """How a number was reached, and where it stands."""
    source = chip.sources.get(path)  # a key with a default may have none
    return [source.kind, source.source] if source else ["", ""]


def _four(data: dict[str, Any], key: str) -> str:
    return ", ".join(si(data[key.format(part)], "s") for part in ("", "_p50", "_p99", "_worst"))


def _three(data: dict[str, Any]) -> str:
    return ", ".join(si(data[f"step_time{part}_s"], "s") for part in ("", "_p99", "_worst"))
