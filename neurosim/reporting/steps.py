"""The part of a report on time: how long each step takes, and what it waits for."""

import numpy as np

from chips import ChipProfile
from neurosim.provenance import in_words, rests_on
from neurosim.reporting.page import Cell, Column, Figure, Section, Table, number
from neurosim.reporting.thinning import bins_of
from neurosim.result import RunResult
from neurosim.timing import latency
from neurosim.units import si


def steps_section(result: RunResult, chip: ChipProfile) -> Section:
    """Time of each step of all samples, one after the other; needs counts per step."""
    time = latency(result.counts, chip)
    names, bound = np.unique(time.bound_by, return_inverse=True)
    width, first = bins_of(len(time.step_ns))
    last = [*first[1:].tolist(), len(time.step_ns)]
    longest = [start + int(time.step_ns[start:end].argmax()) for start, end in zip(first.tolist(), last, strict=True)]
    note = f"Modelled; times: {in_words(rests_on(chip)['time'])}. Nothing waits for a packet on its way in this model."
    if width > 1:
        note += f" Each column is the longest of {width:,} steps."
    data = {
        "width": width,
        "n": len(time.step_ns),
        "values": (time.step_ns[longest] * 1e-9).tolist(),
        "bound": bound[longest].tolist(),
        "names": names.tolist(),
        "x": {"label": "step, of all samples one after the other"},
        "y": {"label": "time of the step", "unit": "s"},
    }
    figure = Figure(
        "steps", "Time of each step, and what it waited for", data, note, "Columns over steps, coloured by cause"
    )
    rows = []
    for i, name in enumerate(names.tolist()):
        of = time.step_ns[bound == i]
        rows.append(
            [
                Cell(name),
                number(len(of)),
                number(share := float(of.sum() / (time.total_ns or 1.0)), f"{100 * share:.1f} %"),
                number(float(of.mean()) * 1e-9, si(float(of.mean()) * 1e-9, "s")),
                number(float(of.max()) * 1e-9, si(float(of.max()) * 1e-9, "s")),
            ]
        )
    columns = [
        Column("bound by"),
        Column("steps", "modelled", is_number=True),
        Column("share of the time", "modelled", is_number=True),
        Column("mean", "modelled", is_number=True),
        Column("longest", "modelled", is_number=True),
    ]
    barrier = f"The barrier at the end of a step takes {si(time.barrier_ns * 1e-9, 's')}."
    if time.tick_ns is not None:
        barrier += f" A step lasts a tick of {si(time.tick_ns * 1e-9, 's')}; {time.overruns:,} steps needed longer."
    return Section("time", "Time", [figure, Table("What steps waited for", columns, rows), barrier])
