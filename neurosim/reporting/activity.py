"""The part of a report on activity: raster of the first sample, rates over time and of each neuron."""

from itertools import pairwise

import numpy as np

from compiler import Span
from neurosim.reporting.activity_counts import RATE_POINTS, Activity
from neurosim.reporting.page import Cell, Column, Figure, Section, Table, number
from neurosim.reporting.thinning import bins_of, thin_raster

RATE_BINS = 30
MOST_LINES = 8  # populations whose rates are drawn


def activity_section(found: Activity) -> Section:
    """Who fired, and when."""
    return Section("activity", "Activity", [_raster(found), _over_time(found), _spread(found), _populations(found)])


def _raster(found: Activity) -> Figure:
    columns, rows, column, row, count = thin_raster(found.raster)
    wide, high = found.cell[0] * columns, found.cell[1] * rows
    of = " of the first sample" if found.n_samples > 1 else ""
    note = f"Counted: {found.n_first:,} spikes{of}."
    if wide > 1 or high > 1:
        note += f" Thinned to what can be seen: a mark stands for {wide:,} steps of {high:,} neurons, and its "
        note += f"colour is the stronger the more spikes they had, up to {int(count.max(initial=0)):,}."
    groups = [{"name": span.name, "first": span.start, "n": span.n} for span in found.spans]
    data = {
        "steps": found.first_steps,
        "neurons": found.n_neurons,
        "cell": [wide, high],
        "columns": np.diff(column, prepend=0).tolist(),  # shorter than the numbers themselves
        "rows": row.tolist(),
        "counts": count.tolist() if wide > 1 or high > 1 else [],
        "groups": groups,
        "x": {"label": "step"},
        "y": {"label": "neuron"},
    }
    return Figure("raster", f"Raster{of}", data, note, "A mark where a neuron fired, over steps")


def _over_time(found: Activity) -> Figure:
    width, first = bins_of(found.first_steps, RATE_POINTS)
    length = np.diff(np.append(first, found.first_steps))
    series = []
    for span in _largest(found):
        rate = found.over_time[:, found.spans.index(span)] / (length * span.n)
        series.append({"name": span.name, "x": (first + length / 2).tolist(), "y": rate.round(6).tolist()})
    note = f"Counted; each point is the mean of {width:,} step{'s' * (width > 1)}{_of_some(found)}."
    data = {"series": series, "x": {"label": "step"}, "y": {"label": "spikes per neuron and step", "unit": ""}}
    of = " in the first sample" if found.n_samples > 1 else ""
    return Figure("lines", f"Rate of each population{of}", data, note, "Lines, one for each population")


def _spread(found: Activity) -> Figure:
    rates = _rates(found)
    top = float(rates.max()) or 1.0
    edges = np.linspace(0.0, top, RATE_BINS + 1)
    series = []
    for span in _largest(found):
        n = np.histogram(rates[span.start : span.start + span.n], edges)[0]
        series.append({"name": span.name, "values": n.tolist()})
    data = {
        "names": [f"{(a + b) / 2:.3g}" for a, b in pairwise(edges.tolist())],
        "series": series,
        "x": {"label": "spikes per step of a neuron, mean over all samples"},
        "y": {"label": "neurons", "unit": ""},
    }
    return Figure("bars", "How rates are spread over neurons", data, f"Counted{_of_some(found)}.", "Histogram of rates")


def _populations(found: Activity) -> Table:
    rates = _rates(found)
    columns = [
        Column("population"),
        Column("neurons", "setting", is_number=True),
        Column("spikes", "counted", is_number=True),
        Column("mean rate", "counted; per neuron and step", is_number=True),
        Column("highest rate", "counted; of a neuron", is_number=True),
        Column("silent", "counted", is_number=True),
    ]
    fired = found.fired
    rows = []
    for span in found.spans:
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


def _rates(found: Activity) -> np.ndarray:
    return found.fired / found.all_steps


def _largest(found: Activity) -> list[Span]:
    kept = sorted(found.spans, key=lambda span: (-span.n, span.start))[:MOST_LINES]
    return sorted(kept, key=lambda span: span.start)


def _of_some(found: Activity) -> str:
    n = len(found.spans)
    return f", of the {MOST_LINES} largest of {n:,} populations" if n > MOST_LINES else ""
