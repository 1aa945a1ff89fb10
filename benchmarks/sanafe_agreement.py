"""Agreement with SANA-FE: energy and time of every step, on the same spikes.

Each case is compiled and run here with the profile loihi1_sanafe, then exported (`ns.to_sanafe`) and run in SANA-FE
2.2.9, with its own LIF soma and its `simple` timing model.

    simulated   neurons without leak: both models do the same exact arithmetic, so SANA-FE makes its own spikes
    prescribed  leaky neurons with currents and refractory times, which SANA-FE rounds otherwise: there, weights
                are 0 and each neuron fires when ours did; a synaptic event costs the same
    driven      a liquid with external spikes, which reach it from a core free of charge
    dense       a layer that fires in every step onto another, all to all: the dense synapse of both

Where SANA-FE makes its own spikes, they run on its packaged loihi.yaml too, as it is; the others on the architecture
that the export made of our profile.

Two things differ by design, and are printed without a bar.  SANA-FE updates a neuron that nothing reached, and
whose state is at rest, only if the mapping says force_update, which the export does: a Loihi core walks all
its neurons in every step.  And its default timing model, `detailed`, lets packets queue in the links and wait
for their receiver, where `simple` and ours take the larger of sending and receiving.
"""

import json
import tempfile
from pathlib import Path

import bars
import networks
import numpy as np
import peers

import neurosim as ns

PACKAGES = ["sanafe==2.2.9", "numpy"]
EXACT = 1e-9


def main() -> None:
    args = bars.arguments(__doc__.splitlines()[0])
    figures: dict[str, dict] = {}
    checks: list[bars.Bar] = []
    problems: list[str] = []
    python = peers.python_or_problem("sanafe", PACKAGES, problems)
    for name, case in cases(args.quick).items():
        measured = compared(python, name, case, problems)
        figures[name] = measured
        if measured:
            bars.say(args, describe(name, measured))
        for where in ("exported", "packaged")[: 2 if name in OWN else 1]:
            found = measured.get(where, {})
            checks += [
                bars.at_most(f"{name}, {where}: spikes that differ", found.get("spikes_that_differ"), 0),
                bars.at_most(f"{name}, {where}: energy of a step, relative", found.get("energy_difference"), EXACT),
                bars.at_most(f"{name}, {where}: time of a step, relative", found.get("time_difference"), EXACT),
            ]
    n = 500 if args.quick else 2_000
    quiet = networks.perfect_integrators(n, 50, 0.01, driven=0.1)
    name = "one neuron in ten driven"
    figures[name] = compared(python, name, lambda: (compiled(quiet), None, 200), problems)
    if figures[name]:
        bars.say(args, describe(name, figures[name]))
    bars.report(args, "sanafe_agreement", figures, checks, problems)


OWN = ("simulated", "dense 64 -> 64", "dense 256 -> 256")
"""Cases in which SANA-FE makes its own spikes."""


def cases(quick: bool) -> dict:
    """Name -> what makes (program, inputs, steps)."""
    n, k, steps = (2_000, 50, 400) if quick else (10_000, 100, 1_000)
    per_core = {"core.neurons": 256} if quick else {}
    return {
        "simulated": lambda: (compiled(networks.perfect_integrators(n, k, 0.01), **per_core), None, steps),
        "prescribed": lambda: (compiled(networks.leaky_neurons(n // 2, k, 0.01), **per_core), None, steps // 2),
        "driven": lambda: (
            compiled(ns.liquid(shape=(8, 8, 8), channels=16, seed=1), **{"core.neurons": 100}),
            drive(),
            200,
        ),
        "dense 64 -> 64": lambda: (layers(64), None, 10),
        "dense 256 -> 256": lambda: (layers(256), None, 10),
    }


def drive() -> list[tuple[int, int]]:
    return [(step, channel) for step in range(200) for channel in range(16) if step % (channel + 2) == 0]


def compiled(net: ns.Network, **overrides: object) -> ns.Program:
    return ns.compile(net, ns.load_chip("loihi1_sanafe", {**networks.UNLIMITED, **overrides}))


def layers(n: int) -> ns.Program:
    """A layer that fires in every step onto one that never does, on two cores."""
    net = ns.Network()
    net.add_registers("first", n, du=4095, vth=0, bias_mantissa=1)
    net.add_registers("second", n, du=4095, vth=131071)
    net.connect("first", "second", np.repeat(np.arange(n), n), np.tile(np.arange(n), n), 2)
    return compiled(net, **{"core.neurons": n})


def compared(python: Path | None, name: str, case, problems: list[str]) -> dict:
    """What both found; empty where the peer is missing."""
    if python is None:
        return {}
    program, inputs, steps = case()
    with tempfile.TemporaryDirectory() as folder:
        made = ns.to_sanafe(program, folder, inputs, steps)
        destination = Path(folder) / "found.json"
        try:
            peers.run_peer(python, "sanafe_peer.py", folder, destination)
        except peers.PeerMissingError as error:
            problems.append(f"{name}: {error}")
            return {}
        found = json.loads(destination.read_text())
    latency = ns.latency(made.result.counts, program.chip)
    return found | {
        "neurons": program.n_neurons,
        "synapses": program.n_synapses,
        "cores": program.n_cores,
        "rate_per_step": made.result.n_spikes / program.n_neurons / steps,
        "barrier_ns": latency.barrier_ns,
    }


def describe(name: str, m: dict) -> str:
    shown = m["exported"]
    energy, time = shown["energy_pj"], shown["time_ns"]
    text = (
        f"{name}: {m['neurons']:,} neurons, {m['synapses']:,} synapses, {m['cores']} cores, {shown['steps']:,} steps, "
        f"{shown['spikes']:,} spikes ({m['rate_per_step']:.2%} per step), {shown['spikes_are']}\n"
        f"  energy  {energy['neurosim'] / 1e6:.9g} uJ here, {energy['sanafe'] / 1e6:.9g} uJ in SANA-FE, "
        f"of a step {shown['energy_difference']:.2g} apart\n"
        f"  time    {time['neurosim'] / 1e3:.9g} us here, {time['sanafe'] / 1e3:.9g} us in SANA-FE, "
        f"of a step {shown['time_difference']:.2g} apart (barrier {m['barrier_ns']:g} ns)"
    )
    if "packaged" in m:
        packaged, loose = m["packaged"], m["not_forced"]
        text += (
            f"\n  on its loihi.yaml: energy of a step {packaged['energy_difference']:.2g} apart, time "
            f"{packaged['time_difference']:.2g}; `detailed` {m['detailed_time_ns'] / time['neurosim'] - 1:+.1%}; "
            f"without force_update energy of a step up to {loose['energy_difference']:.1%} apart"
        )
    return text


if __name__ == "__main__":
    main()
