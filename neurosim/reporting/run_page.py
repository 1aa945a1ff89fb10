"""The page of a run: what happened, what it costs, where, when, and how far its integers are from what was asked."""

from chips import ChipProfile
from compiler import Program
from neurosim.provenance import in_words, rests_on
from neurosim.reporting.activity import activity_section
from neurosim.reporting.activity_counts import Activity
from neurosim.reporting.energy import energy_section, source_of
from neurosim.reporting.mesh import mesh_section
from neurosim.reporting.page import COUNTED, MODELLED, SETTING, Cell, Column, Fact, Page, Section, Table, number
from neurosim.reporting.steps import steps_section
from neurosim.result import RunResult
from neurosim.summaries import costs, event_counts
from neurosim.units import si


def run_page(result: RunResult, activity: Activity, program: Program | None, chip: ChipProfile, name: str) -> Page:
    """The page of a run on `chip`, whose limits must be the run's; of its program too, where that is given.

    Of spikes only what `activity` counted is told.
    """
    mesh = mesh_section(result, activity.fired, program, chip)
    sections = [_summary(result, program, chip), energy_section(result, chip), mesh]
    if result.counts.per_step is not None:
        sections.append(steps_section(result, chip))
    sections.append(activity_section(activity))
    if program is not None:
        sections.append(_quantisation(program))
    sections.append(_sources(chip))
    damaged = " with faults" if result.faults else ""
    told = f"A run on {chip.name}{damaged}: spikes are exact, energy and time are modelled, not measured."
    return Page(name, told, sections)


def _summary(result: RunResult, program: Program | None, chip: ChipProfile) -> Section:
    has_time = result.counts.per_step is not None
    rests = rests_on(chip)
    settings = ", ".join(f"{key} = {value}" for key, value in chip.overrides.items())
    facts = [
        Fact("chip", chip.name, SETTING, settings),
        Fact("neurons", f"{result.n_neurons:,}", SETTING),
        Fact("cores used", f"{len(result.counts.core):,}", COUNTED),
        Fact("samples", f"{result.n_samples:,}", SETTING),
        Fact("seed", str(result.seed), SETTING),
    ]
    facts += [Fact("faults", each, SETTING) for each in result.faults]
    if program is not None:
        facts.insert(2, Fact("synapses", f"{program.n_synapses:,}", COUNTED))
    if has_time:
        spent = costs(result, chip)
        prices, times = f"prices: {in_words(rests['energy'])}", f"times: {in_words(rests['time'])}"
        power = f"power: {in_words(rests['static_power'])}; {times}"
        one = result.n_samples > 1
        facts += [Fact("dynamic energy", si(spent["energy_j"], "J"), MODELLED, prices)]
        facts += [Fact("static energy", si(spent["static_energy_j"], "J"), MODELLED, power)]
        if one:
            facts.append(Fact("dynamic energy a sample", si(spent["energy_per_inference_j"], "J"), MODELLED, prices))
            facts.append(Fact("time of a sample", si(spent["latency_per_inference_s"], "s"), MODELLED, times))
        facts.append(Fact("time of a step, mean", si(spent["step_time_s"], "s"), MODELLED, times))
        facts.append(Fact("time of a step, p99", si(spent["step_time_p99_s"], "s"), MODELLED, times))
    counted = [Fact(kind.replace("_", " "), f"{n:,}", COUNTED) for kind, n in event_counts(result.counts).items()]
    parts: list[Fact | str] = [*facts, "Events of all samples and cores:", *counted]
    if not has_time:
        parts.append("The run kept no counts per step, so it has no modelled time: run it with per_step=True.")
    parts.append(f"The program's digest is {result.program_digest}.")
    return Section("summary", "Summary", parts)


def _quantisation(program: Program) -> Section:
    columns = [
        Column("where"),
        Column("parameter"),
        Column("largest error", "counted: integers against what was asked", is_number=True),
        Column("rms error", "counted", is_number=True),
        Column("tolerance", "setting", is_number=True),
        Column("note"),
    ]
    rows = [
        [
            Cell(error.where),
            Cell(error.parameter.replace("_", " ")),
            _percent(error.max_relative_error),
            _percent(error.rms_relative_error),
            _percent(error.tolerance),
            Cell(error.note),
        ]
        for error in program.errors
    ]
    if not rows:
        return Section("quantisation", "Quantisation", ["Nothing was rounded: the network holds the chip's integers."])
    caption = "Relative errors that lowering to the chip's integers made, by population and projection"
    return Section("quantisation", "Quantisation", [Table(caption, columns, rows)])


def _percent(share: float) -> Cell:
    if share != share or share in (float("inf"), float("-inf")):
        return Cell("-")
    return number(share, f"{100 * share:.3g} %")


def _sources(chip: ChipProfile) -> Section:
    """Every number of the profile that a price or time rests on."""
    rows = []
    for key in sorted(chip.sources):
        if key.startswith(("energy.", "time.", "power.", "clock.")):
            rows.append([Cell(key), *source_of(chip, key), Cell(chip.sources[key].note)])
    columns = [Column("key of the profile"), Column("kind"), Column("source"), Column("note")]
    return Section("sources", "Sources", [Table(f"Where the prices and times of {chip.name} come from", columns, rows)])
