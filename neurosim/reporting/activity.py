"""The part of a report on activity: raster of the first sample, rates over time and of each neuron."""

from itertools import pairwise

import numpy as np

from compiler import Span
from neurosim.reporting.page import Cell, Column, Figure, Section, Table, number
from neurosim.reporting.thinning import bins_of, thin_raster
from neurosim.result import RunResult

RATE_POINTS, RATE_BINS = 300, 30
MOST_LINES = 8  # populations whose rates are drawn


def activity_section(result: RunResult) -> Section:
    """Who fired, and when."""
    return Section("activity", "Activity", [_raster(result), _over_time(result), _spread(result), _populations(result)])


def _raster(result: RunResult) -> Figure:
    n_steps, n = int(result.steps[0]), result.n_neurons
    step, neuron = (column.astype(np.int64) for column in result.spikes(0).T)
    wide, high, column, row = thin_raster(step, neuron, n_steps, n)
    of = " of the first sample" if result.n_samples > 1 else ""
    note = f"Counted: {len(step):,} spikes{of}."
    if wide > 1 or high > 1:
        note += f" Thinned to what can be seen: a mark stands for any spike in {wide:,} steps of {high:,} neurons."
    groups = [{"name": span.name, "first": span.start, "n": span.n} for span in result.spans if span.kind != "input"]
    data = {
        "steps": n_steps,
        "neurons": n,
        "cell": [wide, high],
        "columns": np.diff(column, prepend=0).tolist(),  # shorter than the numbers themselves
        "rows": row.tolist(),
        "groups": groups,
        "x": {"label": "step"},
        "y": {"label": "neuron"},
    }
    return Figure("raster", f"Raster{of}", data, note, "A mark where a neuron fired, over steps")


def _over_time(result: RunResult) -> Figure:
    n_steps = int(result.steps[0])
    width, first = bins_of(n_steps, RATE_POINTS)
    length = np.diff(np.append(first, n_steps))
    series = []
    for span in _largest(result):
        step = result.spike_step[: result.sample_ptr[1]]
        neuron = result.spike_neuron[: result.sample_ptr[1]]
        mine = step[(neuron >= span.start) & (neuron < span.start + span.n)]
        rate = np.bincount(mine // width, minlength=len(first)) / (length * span.n)
        series.append({"name": span.name, "x": (first + length / 2).tolist(), "y": rate.round(6).tolist()})
    note = f"Counted; each point is the mean of {width:,} step{'s' * (width > 1)}{_of_some(result)}."
    data = {"series": series, "x": {"label": "step"}, "y": {"label": "spikes per neuron and step", "unit": ""}}
    of = " in the first sample" if result.n_samples > 1 else ""
    return Figure("lines", f"Rate of each population{of}", data, note, "Lines, one for each population")


def _spread(result: RunResult) -> Figure:
    rates = _rates(result)
    top = float(rates.max()) or 1.0
    edges = np.linspace(0.0, top, RATE_BINS + 1)
    series = []
    for span in _largest(result):
        found = np.histogram(rates[span.start : span.start + span.n], edges)[0]
        series.append({"name": span.name, "values": found.tolist()})
    data = {
        "names": [f"{(a + b) / 2:.3g}" for a, b in pairwise(edges.tolist())],
        "series": series,
        "x": {"label": "spikes per step of a neuron, mean over all samples"},
        "y": {"label": "neurons", "unit": ""},
    }
    return Figure(
        "bars", "How rates are spread over neurons", data, f"Counted{_of_some(result)}.", "Histogram of rates"
    )


def _populations(result: RunResult) -> Table:
    rates = _rates(result)
    columns = [
        Column("population"),
        Column("neurons", "setting", is_number=True),
        Column("spikes", "counted", is_number=True),
        Column("mean rate", "counted; per neuron and step", is_number=True),
        Column("highest rate", "counted; of a neuron", is_number=True),
        Column("silent", "counted", is_number=True),
    ]
    fired = np.bincount(result.spike_neuron, minlength=result.n_neurons)
    rows = []
    for span in result.spans:
        if span.kind == "input":
            continue
        part = slice(span.start, span.start + span.n)
        mine = rates[part]
        spikes, silent = int(fired[part].sum()), int((fired[part] == 0).sum())
        rows.append(
            [
                Cell(span.name),
                number(span.n),
                number(spikes),
                number(float(mine.mean())),
                number(float(mine.max())),
                number(silent),
            ]
        )
    return Table("Populations, over all samples", columns, rows)


def _rates(result: RunResult) -> np.ndarray:
    return np.bincount(result.spike_neuron, minlength=result.n_neurons) / int(result.steps.sum())


def _largest(result: RunResult) -> list[Span]:
    spans = [span for span in result.spans if span.kind != "input"]
    kept = sorted(spans, key=lambda span: (-span.n, span.start))[:MOST_LINES]
    return sorted(kept, key=lambda span: span.start)


def _of_some(result: RunResult) -> str:
    n = sum(span.kind != "input" for span in result.spans)
    return f", of the {MOST_LINES} largest of {n:,} populations" if n > MOST_LINES else ""
