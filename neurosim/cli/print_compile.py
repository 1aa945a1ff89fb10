"""What `neurosim compile` prints: how full the chip is, and what lowering cost."""

from collections import Counter
from typing import Any

import numpy as np

from compiler import Program, Usage
from compiler.board import chip_of
from neurosim.cli.printing import console, escape, print_table

MOST_CORES = 32  # with a row each; beyond, their spread


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


def _share(used: int, limit: int | None) -> str:
    return f"{used:,}" if limit is None else f"{used:,} ({used / limit:.0%})"


def _times(limit: int | None, n: int) -> int | None:
    return None if limit is None else limit * n
