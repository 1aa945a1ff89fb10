"""Every profile x every small network: a chip that has the neurons runs them exactly, any other says who has them.

Packaged profiles and those of the examples are found by themselves: adding a YAML file is all it takes.
"""

import json
from pathlib import Path

import numpy as np
import pytest
from reference import simulate
from reference_adaptive import simulate_adaptive
from reference_crossbar import simulate_graph
from reference_graded import simulate_graded
from reference_odin import Slow
from small_networks import SMALL

from chips import CannotRepresent, ChipProfile, DoesNotFit, list_chips, load_chip
from chips.kinds import adapts, chips_with, has_kind
from compiler import Network, Program, compile, usage
from compiler.lowering.approximations import RULES
from compiler.lowering.lower import lower
from compiler.validate import validate
from neurosim import RunResult, energy, latency, run
from neurosim.summaries import costs, event_counts

EXAMPLES = Path(__file__).parent.parent / "examples"
OWN = [str(path) for path in sorted(EXAMPLES.glob("*.yaml")) if "neurosim-chip/1" in path.read_text()]
CHIPS = {Path(name).stem: load_chip(name) for name in [*list_chips(), *OWN]}
STEPS, SEED = 40, 7
everything = pytest.mark.parametrize("network", SMALL)
everywhere = pytest.mark.parametrize("name", CHIPS)


def spikes(net: Network) -> np.ndarray:
    return np.argwhere(np.random.default_rng(1).random((STEPS, net.n_channels)) < 0.4)


def kinds(net: Network) -> set[str]:
    return {population.kind for population in net.populations}


def oracle(net: Network, chip: ChipProfile) -> np.ndarray | None:
    """Spikes [step, neuron] of the uncompiled network; None in physical units, which have no integers of their own.

    Those that adapt are taken from their lowered registers.
    """
    inputs = [(int(t), int(c)) for t, c in spikes(net)]
    if adapting(net):
        return np.array(simulate_adaptive(lower(validate(net), chip), inputs, STEPS, chip).spikes)
    if "lif" in kinds(net):
        return None
    if kinds(net) == {"truenorth"}:
        return np.array(simulate_graph(net, inputs, STEPS, chip.bars, SEED)[0])
    if kinds(net) == {"linear_lif"}:
        return np.array(Slow(net, inputs, STEPS).spikes)
    if kinds(net) == {"registers"}:
        return np.array(simulate(net, inputs, STEPS, chip.lif).spikes)
    return np.array(simulate_graded(net, [(*entry, 1) for entry in inputs], STEPS, chip).sent) != 0


def adapting(net: Network) -> bool:
    return any(population.adapts for population in net.populations)


def compiled(net: Network, chip: ChipProfile) -> Program | None:
    """The program; None where the chip does not have the neurons, which is said with those that do."""
    missing = sorted(kind for kind in kinds(net) if not has_kind(chip, kind))
    if missing:
        with pytest.raises(CannotRepresent) as refusal:
            compile(net, chip, approximate=True)
        assert f"which {chip.name} does not have" in str(refusal.value)
        assert any(", ".join(chips_with(kind)) in str(refusal.value) for kind in missing)
        return None
    if adapting(net) and not adapts(chip):
        with pytest.raises(CannotRepresent, match=rf"thresholds on {chip.name} are fixed.*\(loihi2\)"):
            compile(net, chip, approximate=True)
        return None
    return compile(net, chip, approximate=True)


def ran(net: Network, chip: ChipProfile) -> RunResult | None:
    program = compiled(net, chip)
    return None if program is None else run(program, spikes(net), STEPS, seed=SEED)


@everything
@everywhere
def test_the_chip_does_what_the_network_does(name: str, network: str) -> None:
    net, chip = SMALL[network](), CHIPS[name]
    result = ran(net, chip)
    wanted = oracle(net, chip) if result else None
    if result and wanted is not None:
        assert np.array_equal(result.raster(), wanted)
        assert wanted.any()  # or the test says nothing


@everything
@everywhere
def test_the_bill_adds_up(name: str, network: str) -> None:
    """Totals are sums of samples and of steps; nothing is negative; the counts agree with the spikes."""
    net, chip = SMALL[network](), CHIPS[name]
    if (result := ran(net, chip)) is None:
        return
    spent, time = energy(result.counts, chip), latency(result.counts, chip)
    assert spent.dynamic_pj == pytest.approx(spent.sample_pj.sum())
    assert spent.step_pj is not None
    assert spent.dynamic_pj == pytest.approx(spent.step_pj.sum())
    assert min(spent.by_event.values()) >= 0
    assert time.total_ns == pytest.approx(time.step_ns.sum())
    assert result.counts.sum("spikes") >= result.n_spikes
    assert (spent.dynamic_pj > 0) == (name not in ("ideal", "truenorth")) or result.counts.sum("synaptic_events") > 0
    json.dumps({**event_counts(result.counts), **costs(result, chip)})


@everything
@everywhere
def test_programs_are_the_same_again_and_survive_their_files(name: str, network: str, tmp_path: Path) -> None:
    net, chip = SMALL[network](), CHIPS[name]
    if (program := compiled(net, chip)) is None:
        return
    assert compile(net, chip, approximate=True).digest == program.digest
    program.save(tmp_path / "p.npz")
    loaded = Program.load(tmp_path / "p.npz")
    again = run(loaded, spikes(net), STEPS, seed=SEED)
    first = run(program, spikes(net), STEPS, seed=SEED)
    assert np.array_equal(first.spike_neuron, again.spike_neuron)
    again.save(tmp_path / "r.npz")
    assert energy(RunResult.load(tmp_path / "r.npz").counts, chip).by_event == energy(first.counts, chip).by_event


@everything
@everywhere
def test_use_is_within_limits_and_above_the_bounds(name: str, network: str) -> None:
    if program := compiled(SMALL[network](), CHIPS[name]):
        use = usage(program)
        assert use.cores_lower_bound <= program.n_cores <= CHIPS[name].mesh.n_cores
        for resource, limit in use.limit.items():
            assert limit is None or use.used[resource].max() <= limit
        json.dumps(use.to_dict())


@pytest.mark.parametrize("network", [network for network in SMALL if "lif" in kinds(SMALL[network]())])
@everywhere
def test_physical_units_are_exact_or_their_approximations_are_named(name: str, network: str) -> None:
    """A chip that needs approximations refuses without leave, naming the rules that the program then states."""
    net, chip = SMALL[network](), CHIPS[name]
    if (program := compiled(net, chip)) is None:
        return
    rules = {error.parameter for error in program.errors} & set(RULES)
    if not rules:
        assert compile(net, chip).digest == program.digest
        return
    with pytest.raises(CannotRepresent, match="approximate=True") as refusal:
        compile(net, chip)
    assert any(rule in str(refusal.value) for rule in rules)


@everywhere
def test_a_network_too_large_for_the_chip_is_refused_with_a_key_and_a_remedy(name: str) -> None:
    chip = CHIPS[name]
    if chip.core.neurons is None:
        return
    cores = chip.mesh.n_cores - len(chip.mesh.disabled_cores)
    n = chip.core.neurons * cores + 1
    net = Network()
    kind = next(kind for kind in ("registers", "truenorth", "linear_lif") if has_kind(chip, kind))
    net.add("a", n, kind)
    with pytest.raises(DoesNotFit, match=rf"{cores:,}.*mesh\.tiles"):
        compile(net, chip)
