"""NIR in and out: the paper's networks, every node type, rules for delays, files."""

import itertools

import numpy as np
import pytest
from nir_reference import Layer, convolve, spikes_of, sum_pool

import neurosim as ns

nir = pytest.importorskip("nir", reason="NIR's own package is needed: pip install '.[dev]'")

DT_MS = 1.0
DT = DT_MS / 1000


def full(n, value):
    return np.full(n, float(value))


def lif(n, tau=0.02, **other):
    values = {"r": 1.0, "v_leak": 0.0, "v_threshold": 1.0, "v_reset": 0.0} | other
    return nir.LIF(tau=full(n, tau), **{key: full(n, value) for key, value in values.items()})


def cuba(n, w_in=1.0, **other):
    values = {"tau_syn": 0.005, "tau_mem": 0.02, "r": 1.0, "v_leak": 0.0, "v_threshold": 1.0, "v_reset": 0.0} | other
    return nir.CubaLIF(**{key: full(n, value) for key, value in values.items()}, w_in=full(n, w_in))


def drive(steps, n, p, seed=0):
    return (np.random.default_rng(seed).random((steps, n)) < p).astype(float)


def rows(raster):
    return np.argwhere(raster)


def spikes(network, raster, population, lag, extra=40):
    """Spikes of a population in floating point, in NIR's steps."""
    steps = len(raster) + extra
    result = ns.run_float(network, rows(raster), steps)
    span = next(span for span in result.spans if span.name == population)
    inside = (result.spike_neuron >= span.start) & (result.spike_neuron < span.start + span.n)
    pairs = zip(
        (result.spike_step[inside] - lag).tolist(), (result.spike_neuron[inside] - span.start).tolist(), strict=True
    )
    return [pair for pair in pairs if pair[0] < len(raster)]


def on_ideal(network, raster, population, lag):
    """Fraction of a population's spikes on a chip's integers that are further than a step from one in floats."""
    program = ns.compile(network, ns.load_chip("ideal"))
    result = ns.run(program, rows(raster), len(raster) + 40)
    span = program.span(population)
    inside = (result.spike_neuron >= span.start) & (result.spike_neuron < span.start + span.n)
    pairs = zip(
        (result.spike_step[inside] - lag).tolist(), (result.spike_neuron[inside] - span.start).tolist(), strict=True
    )
    theirs = set(spikes(network, raster, population, lag))
    near = {(step + by, i) for step, i in theirs for by in (-1, 0, 1)}
    mine = [pair for pair in pairs if pair[0] < len(raster)]
    assert abs(len(mine) - len(theirs)) <= 0.1 * len(theirs)
    return sum(pair not in near for pair in mine) / len(mine)


# ---------------------------------------------------------------- the paper's networks


def test_single_lif():
    """One LIF behind an Affine, as norse and snntorch write it."""
    graph = nir.NIRGraph.from_list(nir.Affine(np.array([[0.9]]), np.array([0.6])), lif(1, tau=0.01, v_threshold=0.4))
    network = ns.from_nir(graph, dt_ms=DT_MS)
    raster = drive(300, 1, 0.3)
    layer = Layer(DT, tau_mem=0.01, v_threshold=0.4)
    layer.step(np.array([0.6]))  # a bias acts from the chip's first step on, one before the first spike can arrive
    made = np.array([layer.step(0.9 * x + 0.6) for x in raster])
    assert made.sum() > 20
    assert spikes(network, raster, "lif", 1) == spikes_of(made)
    assert on_ideal(network, raster, "lif", 1) < 0.1


def convolutional():
    """The N-MNIST network, cut down: three convolutions with IF neurons, sum pooling, two linear layers."""
    rng = np.random.default_rng(2)

    def conv(shape, out, into, stride, padding):
        weight = rng.normal(0.15, 0.5, (out, into, 3, 3))
        return nir.Conv2d(shape, weight, stride, padding, 1, 1, np.zeros(out))

    def neurons(*shape):
        return nir.IF(r=np.full(shape, 1000.0), v_threshold=np.ones(shape), v_reset=np.zeros(shape))

    two = np.array([2, 2])
    return {
        "input": nir.Input(np.array([2, 12, 12])),
        "0": conv((12, 12), 4, 2, (2, 2), (1, 1)),
        "1": neurons(4, 6, 6),
        "2": conv((6, 6), 4, 4, (1, 1), (1, 1)),
        "3": neurons(4, 6, 6),
        "4": nir.SumPool2d(two, two, np.array([0, 0])),
        "5": conv((3, 3), 3, 4, (1, 1), (1, 1)),
        "6": neurons(3, 3, 3),
        "7": nir.SumPool2d(two, two, np.array([0, 0])),
        "8": nir.Flatten({"input": np.array([3, 1, 1])}, 0, -1),
        "9": nir.Linear(rng.normal(0.3, 0.5, (8, 3))),
        "10": neurons(8),
        "11": nir.Linear(rng.normal(0.3, 0.5, (5, 8))),
        "12": neurons(5),
        "output": nir.Output(np.array([5])),
    }


def test_convolutional():
    nodes = convolutional()
    graph = nir.NIRGraph(nodes, list(itertools.pairwise(nodes)))
    network = ns.from_nir(graph, dt_ms=DT_MS)
    assert [p.name for p in network.populations] == ["1", "3", "6", "10", "12"]
    raster = drive(120, 2 * 12 * 12, 0.08, seed=3)
    layers = {name: Layer(DT, r=1000.0) for name in ("1", "3", "6", "10", "12")}
    seen = {name: [] for name in layers}
    for x in raster:
        for name, node in list(nodes.items())[1:-1]:
            if name == "0":
                x = convolve(x.reshape(2, 12, 12), node.weight, (2, 2), (1, 1))
            elif isinstance(node, nir.Conv2d):
                x = convolve(x, node.weight, (1, 1), (1, 1))
            elif isinstance(node, nir.SumPool2d):
                x = sum_pool(x, (2, 2), (2, 2))
            elif isinstance(node, nir.Linear):
                x = node.weight @ x.ravel()
            elif isinstance(node, nir.IF):
                shape = x.shape
                x = layers[name].step(x.ravel()).reshape(shape)
                seen[name].append(x.ravel())
    for lag, (name, made) in enumerate(seen.items(), 1):
        assert np.sum(made) > 10
        assert spikes(network, raster, name, lag) == spikes_of(made), name
    assert on_ideal(network, raster, "1", 1) < 0.1  # what each layer adds to the error of 8-bit weights grows
    program = ns.compile(network, ns.load_chip("loihi1"))
    assert max(e.max_relative_error for e in program.errors if e.parameter == "weight") < 0.005


@pytest.mark.parametrize("nested", [False, True])
def test_recurrent_braille(nested):
    """CubaLIF, once recurrent, as the Braille reader: flat, or with the recurrence in a graph of its own."""
    rng = np.random.default_rng(5)
    first, back, second = rng.normal(5, 9, (20, 12)), rng.normal(-1, 4, (20, 20)), rng.normal(2, 9, (7, 20))
    neurons = cuba(20, tau_syn=0.006, tau_mem=0.015)
    if nested:
        inner = nir.NIRGraph(
            {
                "input": nir.Input(np.array([20])),
                "lif": neurons,
                "w_rec": nir.Linear(back),
                "output": nir.Output(np.array([20])),
            },
            [("input", "lif"), ("lif", "w_rec"), ("w_rec", "lif"), ("lif", "output")],
        )
        middle, name = {"lif1": inner}, "lif1.lif"
        loop = []
    else:
        middle, name = {"lif1": neurons, "rec": nir.Linear(back)}, "lif1"
        loop = [("lif1", "rec"), ("rec", "lif1")]
    nodes = {"input": nir.Input(np.array([12])), "fc1": nir.Linear(first), **middle, "fc2": nir.Linear(second)}
    nodes |= {"lif2": cuba(7), "output": nir.Output(np.array([7]))}
    edges = [("input", "fc1"), ("fc1", "lif1"), ("lif1", "fc2"), ("fc2", "lif2"), ("lif2", "output"), *loop]
    network = ns.from_nir(nir.NIRGraph(nodes, edges), dt_ms=DT_MS)
    raster = drive(256, 12, 0.15, seed=6)
    hidden, out = Layer(DT, tau_syn=0.006, tau_mem=0.015), Layer(DT, tau_syn=0.005, tau_mem=0.02)
    z, made = np.zeros(20), [[], []]
    for x in raster:
        z = hidden.step(first @ x + back @ z)
        made[0].append(z)
        made[1].append(out.step(second @ z))
    assert min(np.sum(made[0]), np.sum(made[1])) > 50
    assert spikes(network, raster, name, 1) == spikes_of(made[0])
    assert spikes(network, raster, "lif2", 2) == spikes_of(made[1])
    assert on_ideal(network, raster, name, 1) < 0.2  # a recurrent network amplifies what 8-bit weights lose


# ---------------------------------------------------------------- node by node


def test_every_node_type_loads_or_is_refused_by_name():
    ones = np.ones(4)
    one = {
        "Affine": nir.Affine(np.eye(4), ones),
        "AvgPool2d": nir.AvgPool2d(np.array([2, 2]), np.array([2, 2]), np.array([0, 0])),
        "Conv1d": nir.Conv1d(4, np.ones((1, 1, 3)), 1, 1, 1, 1, np.zeros(1)),
        "Conv2d": nir.Conv2d((4, 4), np.ones((2, 1, 3, 3)), 1, "same", 1, 1, np.zeros(2)),
        "CubaLI": nir.CubaLI(0.01 * ones, 0.02 * ones, ones, 0 * ones),
        "CubaLIF": cuba(4),
        "Delay": nir.Delay(ones * 0.003),
        "Flatten": nir.Flatten({"input": np.array([2, 2])}, 0, -1),
        "I": nir.I(ones),
        "IF": nir.IF(ones * 1000, ones),
        "LI": nir.LI(0.02 * ones, ones, 0 * ones),
        "LIF": lif(4),
        "Linear": nir.Linear(np.eye(4)),
        "NIRGraph": nir.NIRGraph.from_list(lif(4)),
        "Scale": nir.Scale(2 * ones),
        "SumPool2d": nir.SumPool2d(np.array([2, 2]), np.array([2, 2]), np.array([0, 0])),
        "Threshold": nir.Threshold(0.5 * ones),
    }
    assert set(one) | {"Input", "Output", "NIRNode"} == {name for name in nir.ir.__all__ if name[0].isupper()}
    shapes = {"AvgPool2d": [1, 4, 4], "SumPool2d": [1, 4, 4], "Conv1d": [1, 4], "Conv2d": [1, 4, 4], "Flatten": [2, 2]}
    for kind, node in one.items():
        behind = [lif(4)] if kind == "Flatten" else []  # a change of shape alone has no neurons
        graph = nir.NIRGraph.from_list(nir.Input(np.array(shapes.get(kind, [4]))), node, *behind)
        if kind == "I":
            with pytest.raises(ns.NetworkError, match=r"node 'i' \(I\): not supported"):
                ns.from_nir(graph, dt_ms=DT_MS)
        else:
            network = ns.from_nir(graph, dt_ms=DT_MS)
            steps = 30
            everything = [(t, c) for t in range(steps) for c in range(network.n_channels)]
            ns.run_float(network, everything, steps)
            ns.compile(network, ns.load_chip("ideal"))


def test_leaky_integrators_follow_the_ode_and_never_fire():
    rng = np.random.default_rng(0)
    weight, bias = rng.normal(size=(3, 5)), rng.normal(size=3)
    common = {"tau_mem": 0.02, "r": 2.0, "v_leak": 0.3, "v_reset": 0.3, "v_threshold": np.inf}
    for kind, node, layer in [
        ("li", nir.LI(full(3, 0.02), full(3, 2), full(3, 0.3)), Layer(DT, **common)),
        (
            "cubali",
            nir.CubaLI(full(3, 0.005), full(3, 0.02), full(3, 2), full(3, 0.3), full(3, 1.5)),
            Layer(DT, **common, tau_syn=0.005, w_in=1.5),
        ),
    ]:
        is_current = kind == "cubali"
        network = ns.from_nir(nir.NIRGraph.from_list(nir.Affine(weight, bias), node), dt_ms=DT_MS)
        raster = drive(100, 5, 0.4)
        if not is_current:
            layer.step(bias)
        v = []
        for x in raster:
            layer.step(weight @ x + bias)
            v.append(layer.v)
        span = next(p for p in network.populations if p.name == kind)
        found = ns.run_float(network, rows(raster), 101, probe=np.arange(span.n))
        assert np.allclose(found.probes.v[1:] + 0.3, v, atol=1e-12)
        assert not (found.spike_neuron < 3).any()
        program = ns.compile(network, ns.load_chip("ideal"))
        everything = [(t, c) for t in range(200) for c in range(5)]
        assert not (ns.run(program, everything, 200).spike_neuron < 3).any()


@pytest.mark.parametrize("threshold", [1.5, 0.0, -2.5])
def test_threshold_is_the_step_function(threshold):
    weight, bias = np.array([[1.0, 2.0, -3.0]]), np.array([0.25])
    graph = nir.NIRGraph.from_list(nir.Affine(weight, bias), nir.Threshold(np.array([threshold])))
    network = ns.from_nir(graph, dt_ms=DT_MS)
    raster = drive(60, 3, 0.5)
    wanted = raster @ weight[0] + bias > threshold
    found = [step for step, _ in spikes(network, raster, "threshold", 1) if step >= 0]
    assert found == np.flatnonzero(wanted).tolist()


def test_values_at_an_output_are_read_as_membranes():
    weight = np.array([[0.5, -1.0], [2.0, 0.25]])
    network = ns.from_nir(nir.NIRGraph.from_list(nir.Linear(weight)), dt_ms=DT_MS)
    raster = drive(40, 2, 0.5)
    found = ns.run_float(network, rows(raster), 41, probe=[0, 1])
    assert np.allclose(found.probes.v[1:], raster @ weight.T)


def test_a_leak_elsewhere_than_the_reset_is_exact():
    graph = nir.NIRGraph.from_list(nir.Linear(np.eye(2)), lif(2, v_leak=0.7, v_reset=-0.2))
    network = ns.from_nir(graph, dt_ms=DT_MS)
    raster = drive(200, 2, 0.4)
    layer = Layer(DT, tau_mem=0.02, v_leak=0.7, v_reset=-0.2)
    layer.step(np.zeros(2))
    assert spikes(network, raster, "lif", 1) == spikes_of([layer.step(x) for x in raster])


def test_convolutions_equal_plain_loops():
    rng = np.random.default_rng(1)
    cases = [((4, 6, 7), (6, 2, 3, 2), (2, 1), (1, 2), (1, 2), 2), ((3, 5, 5), (2, 3, 5, 5), (1, 1), (0, 0), (1, 1), 1)]
    for shape, kernel, stride, padding, dilation, groups in cases:
        weight = rng.normal(size=kernel)
        node = nir.Conv2d(None, weight, stride, padding, dilation, groups, np.zeros(kernel[0]))
        nodes = {"input": nir.Input(np.array(shape)), "conv": node}
        wanted = convolve(rng.random(shape).round(), weight, stride, padding, dilation, groups).shape
        nodes["output"] = nir.Output(np.array(wanted))
        graph = nir.NIRGraph(nodes, list(itertools.pairwise(nodes)), type_check=False)
        network = ns.from_nir(graph, dt_ms=DT_MS)
        x = (rng.random(shape) < 0.5).astype(float)
        n = int(np.prod(wanted))
        found = ns.run_float(network, [(0, c) for c in np.flatnonzero(x.ravel())], 2, probe=np.arange(n))
        assert np.allclose(found.probes.v[1], convolve(x, weight, stride, padding, dilation, groups).ravel())


# ---------------------------------------------------------------- steps


def test_ways_of_different_lengths_meet_in_one_step():
    """A layer beside a direct way: NIR knows no time within a step, so the direct way waits."""
    eye = np.eye(2)
    nodes = {
        "input": nir.Input(np.array([2])),
        "a": nir.Linear(2 * eye),
        "slow": nir.IF(full(2, 1000), full(2, 1)),
        "b": nir.Linear(eye),
    }
    nodes |= {
        "direct": nir.Linear(eye),
        "sum": nir.IF(full(2, 1000), full(2, 1.5)),
        "output": nir.Output(np.array([2])),
    }
    edges = [
        ("input", "a"),
        ("a", "slow"),
        ("slow", "b"),
        ("b", "sum"),
        ("input", "direct"),
        ("direct", "sum"),
        ("sum", "output"),
    ]
    network = ns.from_nir(nir.NIRGraph(nodes, edges), dt_ms=DT_MS)
    assert {(p.source, p.target): set(p.delays.tolist()) for p in network.projections} == {
        ("input", "slow"): {1},
        ("slow", "sum"): {1},
        ("input", "sum"): {2},
    }
    raster = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
    assert spikes(network, raster, "sum", 2) == [(0, 0), (1, 1)]


def test_delays_add_up_and_a_loop_takes_at_least_a_step():
    def graph(*between):
        names = [f"d{i}" for i in range(len(between))]
        nodes = {"input": nir.Input(np.array([1])), "lif": lif(1), "output": nir.Output(np.array([1]))}
        nodes |= {"w": nir.Linear(np.eye(1)), **dict(zip(names, between, strict=True))}
        loop = ["lif", "w", *names, "lif"]
        return nir.NIRGraph(nodes, [("input", "lif"), ("lif", "output"), *itertools.pairwise(loop)])

    def loop_delay(network):
        return next(set(p.delays.tolist()) for p in network.projections if p.source == "lif")

    three, one = nir.Delay(np.array([0.003])), nir.Delay(np.array([0.001]))
    assert loop_delay(ns.from_nir(graph(), dt_ms=1)) == {1}
    assert loop_delay(ns.from_nir(graph(one), dt_ms=1)) == {1}
    assert loop_delay(ns.from_nir(graph(three), dt_ms=1)) == {3}
    assert loop_delay(ns.from_nir(graph(three, one), dt_ms=0.5)) == {8}
    with pytest.raises(
        ns.NetworkError, match=r"node 'd0' \(Delay\): delay of 1.5 steps, but steps are whole: choose a dt_ms"
    ):
        ns.from_nir(graph(three), dt_ms=2)


# ---------------------------------------------------------------- refusals


def test_the_step_must_be_said():
    with pytest.raises(ns.NetworkError, match="say how long one is with dt_ms"):
        ns.from_nir(nir.NIRGraph.from_list(lif(1)))


def test_everything_unsupported_is_named_at_once():
    ones = np.ones(2)
    nodes = {"input": nir.Input(np.array([2])), "sum": nir.I(ones), "li": nir.LI(0.02 * ones, ones, 0 * ones)}
    nodes |= {"quick": lif(2, tau=0.0001), "fires": lif(2, v_threshold=-1), "output": nir.Output(np.array([2]))}
    edges = [("input", "sum"), ("input", "li"), ("li", "quick"), ("quick", "fires"), ("fires", "output")]
    with pytest.raises(ns.NetworkError) as refusal:
        ns.from_nir(nir.NIRGraph(nodes, edges), dt_ms=1)
    text = str(refusal.value)
    assert len(text.splitlines()) == 4
    for part in [
        "node 'sum' (I): not supported; an integrator grows without bound",
        "node 'li' (LI): sends numbers to 'quick'",
        "node 'quick' (LIF): tau is 0.0001 s",
        "node 'fires' (LIF): v_threshold is not above v_reset",
    ]:
        assert part in text


def test_loops_without_neurons_and_lonely_nodes_are_refused():
    eye = nir.Linear(np.eye(2))
    nodes = {
        "input": nir.Input(np.array([2])),
        "a": eye,
        "b": nir.Linear(np.eye(2)),
        "output": nir.Output(np.array([2])),
    }
    edges = [("input", "a"), ("a", "b"), ("b", "a"), ("b", "output")]
    with pytest.raises(ns.NetworkError, match="put a neuron into the loop"):
        ns.from_nir(nir.NIRGraph(nodes, edges), dt_ms=1)
    alone = nir.NIRGraph({"a": eye, "output": nir.Output(np.array([2]))}, [("a", "output")], type_check=False)
    with pytest.raises(ns.NetworkError, match=r"node 'a' \(Linear\): nothing leads to it"):
        ns.from_nir(alone, dt_ms=1)


# ---------------------------------------------------------------- out, and files


def small_network():
    network = ns.Network(dt_ms=0.5)
    network.add_input("in/put", 3)
    network.add_lif("cuba.1", 4, tau_syn_ms=[2, 3, 4, 5], bias=0.01, v_leak=-0.5, v_threshold=0.5)
    network.add_lif("lif", 2, tau_syn_ms=0)
    network.add_lif("if", 2, tau_syn_ms=0, tau_mem_ms=0.5 * 2.0**60, r=2.0**60)
    rng = np.random.default_rng(0)
    every = np.arange(12)
    network.connect("in/put", "cuba.1", every // 4, every % 4, rng.normal(4, 2, 12), rng.integers(1, 5, 12))
    network.connect("cuba.1", "lif", [0, 1, 2], [0, 1, 1], [9.0, 12, 7.5], 2)
    network.connect("lif", "cuba.1", [0, 1], [3, 0], [-2.0, 4])
    network.connect("lif", "if", [0, 1], [1, 0], [0.4, 0.7])
    return network


def test_a_network_comes_back_through_nir(tmp_path):
    network = small_network()
    path = tmp_path / "a.nir"
    from neurosim.exchange.to_nir import save_nir

    save_nir(network, path)
    back = ns.from_nir(path, dt_ms=0.5)
    assert back.dt_ms == network.dt_ms
    names = {"in/put": "in_put", "cuba.1": "cuba_1", "lif": "lif", "if": "if"}
    found = {p.name: p for p in back.populations}
    for mine in network.populations:
        theirs = found[names[mine.name]]
        assert mine.n == theirs.n
        for key in ("tau_mem_ms", "tau_syn_ms", "v_threshold", "v_leak", "r", "bias"):
            assert np.allclose(mine.values(key), theirs.values(key), rtol=1e-12, atol=1e-12), key
    ends = {(p.source, p.target): p for p in back.projections}
    for mine in network.projections:
        theirs = ends[names[mine.source], names[mine.target]]
        a, b = (
            sorted(zip(p.sources.tolist(), p.targets.tolist(), p.delays.tolist(), strict=True)) for p in (mine, theirs)
        )
        assert a == b
        assert np.allclose(np.sort(mine.weights), np.sort(theirs.weights), rtol=1e-12)
    inputs = rows(drive(300, 3, 0.3))
    one, two = ns.run_float(network, inputs, 300), ns.run_float(back, inputs, 300)
    assert len(one.spike_step) > 100
    assert sorted(named(one)) == sorted(named(two, names))


def named(result, names=None):
    """(step, population, neuron) of each spike."""
    back = {new: old for old, new in (names or {}).items()}
    spans = [span for span in result.spans if span.kind != "input"]
    owner = {span.start + i: (back.get(span.name, span.name), i) for span in spans for i in range(span.n)}
    return [(step, *owner[neuron]) for step, neuron in zip(result.spike_step, result.spike_neuron, strict=True)]


def test_what_nir_cannot_say_is_named_at_once():
    network = ns.Network()
    network.add_input("in", 1)
    network.add_lif("a", 1, adaptation=0.1, refractory_ms=2)
    network.add_registers("b", 1)
    with pytest.raises(ns.NetworkError) as refusal:
        ns.to_nir(network)
    assert len(str(refusal.value).splitlines()) == 3


def test_damaged_files_are_refused(tmp_path):
    path = tmp_path / "a.nir"
    nir.write(path, nir.NIRGraph.from_list(nir.Linear(np.ones((30, 30))), lif(30)))
    data = path.read_bytes()
    for damaged in [b"", data[:100], data[: len(data) // 2], b"x" * 500]:
        path.write_bytes(damaged)
        with pytest.raises(ns.NetworkError, match=r"a\.nir"):
            ns.from_nir(path, dt_ms=1)
    with pytest.raises(ns.NetworkError, match="missing"):
        ns.from_nir(tmp_path / "missing.nir", dt_ms=1)


def test_sizes_are_checked_before_memory_is_taken(tmp_path):
    import h5py

    path = tmp_path / "a.nir"
    nir.write(path, nir.NIRGraph.from_list(lif(3)))
    with h5py.File(path, "a") as file:
        file["node/nodes"].create_dataset("huge", (10**12,), "f8", chunks=(1000,))
    with pytest.raises(ns.NetworkError, match="promises 8,000,000,000,000 bytes that were never written"):
        ns.from_nir(path, dt_ms=1)
    huge = nir.NIRGraph.from_list(nir.Input(np.array([10**6])), nir.Flatten({"input": np.array([10**6])}, 0, -1))
    huge.nodes["flatten"] = nir.AvgPool2d(np.array([1, 1]), np.array([1, 1]), np.array([0, 0]))
    with pytest.raises(ns.NetworkError, match="AvgPool2d"):
        ns.from_nir(huge, dt_ms=1)
    nodes = {
        "input": nir.Input(np.array([1, 3000, 3000])),
        "conv": nir.Conv2d((3000, 3000), np.ones((9, 1, 9, 9)), 1, 4, 1, 1, None),
    }
    nodes["output"] = nir.Output(np.array([9, 3000, 3000]))
    with pytest.raises(ns.NetworkError, match="6,561,000,000 synapses"):
        ns.from_nir(nir.NIRGraph(nodes, list(itertools.pairwise(nodes))), dt_ms=1)


def test_links_out_of_a_file_are_not_followed(tmp_path):
    import h5py

    path = tmp_path / "a.nir"
    nir.write(path, nir.NIRGraph.from_list(lif(3)))
    with h5py.File(path, "a") as file:
        file["node/nodes/other"] = h5py.ExternalLink("secret.h5", "/node")
    with pytest.raises(ns.NetworkError, match="is a link"):
        ns.from_nir(path, dt_ms=1)
