"""The page of a comparison: configurations side by side, what parts them, and what their numbers rest on."""

from collections.abc import Sequence

from neurosim.reporting.bounds import bounds_table, range_in_words
from neurosim.reporting.causes import baseline_table, sensitivity_table
from neurosim.reporting.details import details_section
from neurosim.reporting.page import COUNTED, SETTING, Fact, Page, Section
from neurosim.reporting.price_sources import prices_table
from neurosim.reporting.row_checks import Comparison
from neurosim.reporting.rows import OBJECTIVES, Row, measured, percent, shown
from neurosim.reporting.rows_tables import energy_figure, refused_section, rows_table, scatter
from neurosim.reporting.scores import BASELINES, bins_of_accuracy, in_bins, scores_section
from neurosim.reporting.winners import best_of, tied

_RANGES = {"energy_per_inference": "energy_per_inference_j", "latency": "latency_per_inference_s"}


def comparison_page(name: str, rows: Sequence[Row], told: Comparison) -> Page:
    """The page of rows; `told` is what stands beside them."""
    done = [row for row in rows if row.is_done]
    sections = [_summary(rows, done, told)]
    if done:
        sections += [
            Section("pareto", "Pareto chart", [scatter(done, {})]),
            Section("rows", "Configurations", [rows_table(done, (), _caption(done))]),
            scores_section(done, told.baselines, told.raw),
            *details_section(done),
            energy_section(done),
        ]
        causes = [table for table in (baseline_table(done, told.baseline), sensitivity_table(done)) if table]
        if causes:
            sections.append(Section("causes", "What makes the difference", causes))
    subtitle = "Configurations side by side: counts are exact, energy and time are modelled, not measured."
    return Page(name, subtitle, [*sections, *refused_section(rows)])


def _caption(done: Sequence[Row]) -> str:
    bins = bins_of_accuracy(done[0])
    of = f"; accuracy is of spike counts in {bins}" if bins else ""
    front = "On the front: no other is at least as good in dynamic energy, time, accuracy and cores, and better in one"
    return f"Configurations; means over samples where a number is of an inference{of}. {front}"


def energy_section(done: Sequence[Row]) -> Section:
    """Energy by event, its prices, and what their errors allow."""
    tables = [table for table in (prices_table(done), bounds_table(done)) if table is not None]
    return Section("energy", "Energy and its prices", [*energy_figure(done), *tables])


def _summary(rows: Sequence[Row], done: Sequence[Row], told: Comparison) -> Section:
    facts = [Fact("configurations", f"{len(rows):,}", COUNTED), Fact("done", f"{len(done):,}", COUNTED)]
    if told.baseline:
        facts.append(Fact("baseline", told.baseline, SETTING, "energy and time of others are held against it"))
    if done:
        facts += _test_samples(done, told)
        facts += [_winner(done, name) for name in ("accuracy", "energy_per_inference", "latency")]
        facts += _without_recurrence(done)
        facts += _linear(done, told)
    return Section("summary", "Summary", facts)


def _test_samples(done: Sequence[Row], told: Comparison) -> list[Fact]:
    n = told.test_samples or done[0].measures.get("test_samples")
    return [] if n is None else [Fact("test samples", f"{n:,}", COUNTED, "that accuracies are of")]


def _winner(done: Sequence[Row], name: str) -> Fact:
    """The best number, of whom it is, and what it belongs to: bins of an accuracy, the range of an energy or time."""
    objective = OBJECTIVES[name]
    values = [(value, row.name) for row in done if (value := measured(row.measures, name)) is not None]
    value, names = best_of(values, objective.maximise)
    words = f"{'highest' if objective.maximise else 'least'} {objective.words}"
    first = next(row for row in done if row.name == names[0])
    beside = range_in_words(first, _RANGES[name]) if name in _RANGES else bins_of_accuracy(first)
    who = tied(names, len(done))
    if name == "accuracy":
        return Fact(_joined(words, beside), shown(value, name), objective.kind, who)
    return Fact(words, shown(value, name), objective.kind, "; ".join(filter(None, (who, beside))))


def _joined(*parts: str) -> str:
    return ", ".join(filter(None, parts))


def _without_recurrence(done: Sequence[Row]) -> list[Fact]:
    """The same liquid, its neurons not connected, at the bins of the accuracy."""
    values = [(row.measures["no_recurrence_accuracy"], row.name) for row in done if _has_no_recurrence(row)]
    if not values:
        return []
    value, names = best_of(values, maximise=True)
    words = _joined("highest accuracy without recurrence", bins_of_accuracy(done[0]))
    return [Fact(words, percent(value), COUNTED, tied(names, len(done)))]


def _has_no_recurrence(row: Row) -> bool:
    return row.measures.get("no_recurrence_accuracy") is not None


def _linear(done: Sequence[Row], told: Comparison) -> list[Fact]:
    """Models without a liquid, at the bins of the accuracy."""
    facts = []
    for model, (key, words) in BASELINES.items():
        by_bins = told.baselines.get(model) or done[0].measures.get(key) or {}
        if by_bins:
            bins, score = list(by_bins.items())[-1]
            facts.append(Fact(f"{words.format(raw=told.raw)}, {in_bins(bins)}", percent(score), COUNTED, "no liquid"))
    return facts
