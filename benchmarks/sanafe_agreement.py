"""Agreement with SANA-FE: energy and time of every step, on the same spikes.

Each case is compiled and run here with the profile loihi1_sanafe, then written out neuron by neuron and run in
SANA-FE 2.2.9 with its packaged loihi.yaml, its own LIF soma and its `simple` timing model.

    simulated   neurons without leak: both models do the same exact arithmetic, so SANA-FE makes its own spikes
    prescribed  leaky neurons with currents and refractory times, which SANA-FE rounds otherwise: there, weights
                are 0 and the biases make each neuron fire when ours did; a synaptic event costs the same
    dense       a layer that fires in every step onto another, all to all: the dense synapse of both

Two things differ by design, and are printed without a bar.  SANA-FE updates a neuron that nothing reached, and
whose state is at rest, only if the mapping says force_update, which the cases above do: a Loihi core walks all
its neurons in every step.  And its default timing model, `detailed`, lets packets queue in the links and wait
for their receiver, where `simple` and ours take the larger of sending and receiving.
"""

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
        measured = {}
        if python is not None:
            try:
                measured = compare(python, *case())
                bars.say(args, describe(name, measured))
            except peers.PeerMissingError as error:
                problems.append(f"{name}: {error}")
        figures[name] = measured
        checks += [
            bars.at_most(f"{name}: spikes that differ", measured.get("spikes_that_differ"), 0),
            bars.at_most(f"{name}: energy of a step, relative", measured.get("energy_difference"), EXACT),
            bars.at_most(f"{name}: time of a step, relative", measured.get("time_difference"), EXACT),
        ]
    n = 500 if args.quick else 2_000
    if python is not None:
        try:
            quiet = compiled(networks.perfect_integrators(n, 50, 0.01, driven=0.1))
            figures["not forced"] = compare(python, quiet, 200, force_update=False)
            bars.say(args, describe("not forced, one neuron in ten driven", figures["not forced"]))
        except peers.PeerMissingError as error:
            problems.append(f"not forced: {error}")
    bars.report(args, "sanafe_agreement", figures, checks, problems)


def cases(quick: bool) -> dict:
    """Name -> what makes (program, steps, prescribed)."""
    n, k, steps = (2_000, 50, 400) if quick else (10_000, 100, 1_000)
    per_core = {"core.neurons": 256} if quick else {}
    return {
        "simulated": lambda: (compiled(networks.perfect_integrators(n, k, 0.01), **per_core), steps, False),
        "prescribed": lambda: (compiled(networks.leaky_neurons(n // 2, k, 0.01), **per_core), steps // 2, True),
        "dense 64 -> 64": lambda: (layers(64), 10, False),
        "dense 256 -> 256": lambda: (layers(256), 10, False),
    }


def compiled(net: ns.Network, **overrides: object) -> ns.Program:
    return ns.compile(net, ns.load_chip("loihi1_sanafe", {**networks.UNLIMITED, **overrides}))


def layers(n: int) -> ns.Program:
    """A layer that fires in every step onto one that never does, on two cores."""
    net = ns.Network()
    net.add_registers("first", n, du=4095, vth=0, bias_mantissa=1)
    net.add_registers("second", n, du=4095, vth=131071)
    net.connect("first", "second", np.repeat(np.arange(n), n), np.tile(np.arange(n), n), 2)
    return compiled(net, **{"core.neurons": n})


def compare(python: Path, program: ns.Program, steps: int, prescribed: bool = False, force_update: bool = True) -> dict:
    """Run both; the largest differences over all steps, relative to SANA-FE."""
    result = ns.run(program, steps=steps)
    slot = program.slot_of[result.spike_neuron]
    given = mapped_network(program) | {"steps": steps, "force_update": force_update}
    if prescribed:
        given |= {"spike_step": result.spike_step, "spike_slot": slot}
    with tempfile.TemporaryDirectory() as folder:
        source, destination = Path(folder) / "network.npz", Path(folder) / "result.npz"
        np.savez(source, **given)
        peers.run_peer(python, "sanafe_peer.py", source, destination)
        theirs = dict(np.load(destination))
    energy, latency = ns.energy(result.counts, program.chip), ns.latency(result.counts, program.chip)
    ours_id = result.spike_step.astype(np.int64) * program.n_neurons + slot
    their_id = theirs["step"] * program.n_neurons + theirs["slot"]
    offset = theirs["time_ns"] - latency.step_ns
    detailed = float(theirs["detailed_time_ns"].sum()) if "detailed_time_ns" in theirs else None
    return {
        "neurons": program.n_neurons,
        "synapses": program.n_synapses,
        "cores": program.n_cores,
        "steps": steps,
        "spikes": result.n_spikes,
        "rate_per_step": result.n_spikes / program.n_neurons / steps,
        "spikes_that_differ": len(np.setxor1d(ours_id, their_id)),
        "energy_pj": {"ours": energy.dynamic_pj, "sanafe": float(theirs["energy_pj"].sum())},
        "time_ns": {"ours": latency.total_ns, "sanafe": float(theirs["time_ns"].sum()), "sanafe_detailed": detailed},
        "barrier_ns": latency.barrier_ns,
        "energy_difference": largest(energy.step_pj, theirs["energy_pj"]),
        "time_difference": largest(latency.step_ns, theirs["time_ns"]),
        "time_difference_up_to_a_constant": largest(latency.step_ns + np.median(offset), theirs["time_ns"]),
        "time_offset_ns": {"least": float(offset.min()), "most": float(offset.max())},
    }


def mapped_network(program: ns.Program) -> dict:
    """A program as one line per neuron and per synapse; neurons in the order of their cores."""
    t, shift = program.tables, program.chip.lif.weight_shift
    list_of = np.repeat(np.arange(len(t.list_core)), np.diff(t.list_ptr))
    list_source = np.repeat(np.arange(program.n_neurons), np.diff(t.source_ptr))
    dense = {program.formats[f].index_bits == 0 for f in t.list_format}
    assert len(dense) == 1, "one kind of synapse per case"
    exponent = np.array([f.exponent for f in program.formats])[t.list_format[list_of]]
    return {
        "core": np.repeat(t.core, np.diff(t.core_ptr)),
        "threshold": t.registers["vth"].astype(np.int64) << shift,
        "bias": t.registers["bias_mantissa"].astype(np.int64) << t.registers["bias_exponent"],
        "source": list_source[list_of],
        "target": t.core_ptr[t.list_core[list_of]] + t.synapse_index,
        "weight": t.synapse_weight.astype(np.int64) << (exponent + shift),
        "dense": dense.pop(),
    }


def largest(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The largest relative difference."""
    return float(np.max(np.abs(ours - theirs) / np.abs(theirs)))


def describe(name: str, m: dict) -> str:
    energy, time, offset = m["energy_pj"], m["time_ns"], m["time_offset_ns"]
    text = (
        f"{name}: {m['neurons']:,} neurons, {m['synapses']:,} synapses, {m['cores']} cores, {m['steps']:,} steps, "
        f"{m['spikes']:,} spikes ({m['rate_per_step']:.2%} per step)\n"
        f"  energy  {energy['ours'] / 1e6:.9g} uJ here, {energy['sanafe'] / 1e6:.9g} uJ in SANA-FE\n"
        f"  time    {time['ours'] / 1e3:.9g} us here, {time['sanafe'] / 1e3:.9g} us in SANA-FE, of a step: "
        f"{offset['least']:.3g} to {offset['most']:.3g} ns apart (barrier here {m['barrier_ns']:g} ns)"
    )
    if m["energy_difference"] > EXACT:
        text += f"\n  SANA-FE skipped neurons at rest: energy of a step up to {m['energy_difference']:.1%} apart"
    elif time["sanafe_detailed"] is not None:
        text += f"\n  SANA-FE's `detailed` model: {time['sanafe_detailed'] / time['ours'] - 1:+.1%}"
    return text


if __name__ == "__main__":
    main()
