"""Network: what it refuses, what it keeps, and what it costs; and networks as graphs."""

import tracemalloc

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from strategies import networks, register_networks

from chips import NetworkError, load_chip
from compiler.lowering.lower import lower
from compiler.network import MAX_NAMES, PARAMETERS, Network
from compiler.validate import validate

NAN, INF = float("nan"), float("inf")


def small() -> Network:
    network = Network()
    network.add_input("in", 2)
    network.add_lif("a", 3)
    network.add_registers("b", 2)
    return network


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize("name", ["", " ", "\t", "a\nb", "x" * 201, None, 3, b"a"])
@pytest.mark.parametrize("add", ["add_lif", "add_registers", "add_input"])
def test_a_bad_name_is_refused(name: object, add: str) -> None:
    with pytest.raises(NetworkError, match="is not a name"):
        getattr(Network(), add)(name, 1)


@pytest.mark.parametrize("name", ["in", "a", "b"])
@pytest.mark.parametrize("add", ["add_lif", "add_registers", "add_input"])
def test_a_name_is_used_once(name: str, add: str) -> None:
    with pytest.raises(NetworkError, match=f"the name '{name}' is used twice"):
        getattr(small(), add)(name, 1)


@pytest.mark.parametrize("n", [True, np.True_, 1.0, "3", None, [3], 0, -1, 2**31, 10**30])
@pytest.mark.parametrize("add", ["add_lif", "add_registers", "add_input"])
def test_a_bad_count_is_refused(n: object, add: str) -> None:
    with pytest.raises(NetworkError, match=r"'x': .*(neurons|channels)"):
        getattr(Network(), add)("x", n)


@pytest.mark.parametrize("dt_ms", [0, -1, NAN, INF, "1", None, True, [1.0], 10**400, 1j])
def test_a_bad_step_is_refused(dt_ms: object) -> None:
    with pytest.raises(NetworkError, match="dt_ms"):
        Network(dt_ms)  # type: ignore[arg-type]


def test_names_are_bounded() -> None:
    network = Network()
    for i in range(MAX_NAMES):
        network.inputs.append(type(small().inputs[0])(f"i{i}", 1))
    with pytest.raises(NetworkError, match="join some"):
        network.add_lif("x", 1)


BAD_LIF = [
    ({"tau_mem": 20.0}, "unknown parameter 'tau_mem'"),
    ({"du": 5}, "unknown parameter 'du'"),
    ({"tau_mem_ms": 0}, "tau_mem_ms of neuron 0 is 0, but must be finite, above 0"),
    ({"tau_mem_ms": [1, -2, 1]}, "tau_mem_ms of neuron 1 is -2"),
    ({"tau_syn_ms": -1}, "tau_syn_ms"),
    ({"r": 0}, "r of neuron 0"),
    ({"refractory_ms": -0.5}, "refractory_ms"),
    ({"bias": NAN}, "bias of neuron 0 is nan"),
    ({"bias": INF}, "bias of neuron 0 is inf"),
    ({"bias": "3"}, "bias: not a number"),
    ({"bias": ["1", "2", "3"]}, "bias: not a number"),
    ({"bias": True}, "bias: not a number"),
    ({"bias": None}, None),
    ({"bias": 1j}, "bias: not a number"),
    ({"bias": [1, [2], 3]}, "bias: not a number"),
    ({"bias": 10**400}, "bias: not a number"),
    ({"bias": object()}, "bias: not a number"),
    ({"bias": [1, 2]}, r"bias has shape \(2,\), but needs a scalar or \(3,\)"),
    ({"bias": [[1, 2, 3]]}, r"bias has shape \(1, 3\)"),
    ({"v_threshold": 0}, "v_threshold of neuron 0 is not above its v_leak"),
    ({"v_threshold": [1, 1, -1]}, "v_threshold of neuron 2 is not above"),
    ({"v_leak": [0, 1, 0]}, "v_threshold of neuron 1 is not above"),
]


@pytest.mark.parametrize(("parameters", "message"), BAD_LIF)
def test_a_bad_parameter_is_refused(parameters: dict[str, object], message: str | None) -> None:
    network = Network()
    if message is None:
        network.add_lif("x", 3, **parameters)  # type: ignore[arg-type]
        return
    with pytest.raises(NetworkError, match=f"population 'x': {message}"):
        network.add_lif("x", 3, **parameters)  # type: ignore[arg-type]
    assert network == Network()  # nothing was added


@pytest.mark.parametrize("key", sorted(PARAMETERS["registers"]))
def test_registers_are_whole_numbers_within_their_range(key: str) -> None:
    rule = PARAMETERS["registers"][key]
    for bad in (rule.low - 1, rule.high + 1, rule.low + 0.5, NAN, "1"):
        with pytest.raises(NetworkError, match=f"population 'x': {key}"):
            Network().add_registers("x", 2, **{key: bad})
    for good in (rule.low, rule.high):
        assert Network().add_registers("x", 2, **{key: good}).parameters[key] == good


BAD_SYNAPSES = [
    ({"source": "c"}, "unknown population 'c'; known are 'a', 'b', 'in'"),
    ({"target": "c"}, "unknown population 'c'"),
    ({"target": "in"}, "'in' is an input; only populations can receive synapses"),
    ({"sources": [0, 2]}, "source 2 of synapse 1 is out of range: legal are 0 to 1"),
    ({"targets": [3, 0]}, "target 3 of synapse 0 is out of range: legal are 0 to 2"),
    ({"targets": [0, -1]}, "target -1 of synapse 1"),
    ({"targets": [0, 0.5]}, "target 0.5 of synapse 1"),
    ({"targets": [0, NAN]}, "target nan of synapse 1"),
    ({"targets": 0}, "targets have shape .*, but a list of indices is needed"),
    ({"targets": [[0, 0]]}, "targets have shape .*, but a list of indices is needed"),
    ({"targets": [0]}, "2 sources but 1 targets"),
    ({"sources": ["0", "1"]}, "sources: not a number"),
    ({"sources": [True, False]}, "sources: not a number"),
    ({"weights": [1.0, NAN]}, "weight of synapse 1 is nan, but must be finite"),
    ({"weights": INF}, "weight of synapse 0 is inf"),
    ({"weights": "heavy"}, "weights: not a number"),
    ({"weights": [True, True]}, "weights: not a number"),
    ({"weights": [10**30, 1]}, "weights: not a number"),
    ({"weights": [1.0, 2.0, 3.0]}, r"weights have shape \(3,\), but need a scalar or \(2,\)"),
    ({"weights": []}, r"weights have shape \(0,\)"),
    ({"delays": 0}, "delay of synapse 0 is 0, but delays are whole steps from 1 to 255"),
    ({"delays": [1, 1.5]}, "delay of synapse 1 is 1.5"),
    ({"delays": [1, -1]}, "delay of synapse 1 is -1"),
    ({"delays": 256}, "delay of synapse 0 is 256"),
    ({"delays": NAN}, "delay of synapse 0 is nan"),
    ({"delays": [1]}, "delays have shape"),
    ({"delays": None}, "delays: not a number"),
]


@pytest.mark.parametrize(("changes", "message"), BAD_SYNAPSES)
def test_a_bad_synapse_is_refused(changes: dict[str, object], message: str) -> None:
    network = small()
    good = {"source": "in", "target": "a", "sources": [0, 1], "targets": [2, 0], "weights": 1.5, "delays": 2}
    network.connect(**good)  # type: ignore[arg-type]
    with pytest.raises(NetworkError, match=f"^projection '.*' -> '.*': {message}"):
        network.connect(**{**good, **changes})  # type: ignore[arg-type]
    assert len(network.projections) == 1


def test_population_values_are_one_per_neuron() -> None:
    population = Network().add_lif("a", 3, bias=2.0, r=[1, 2, 3])
    assert population.values("bias").tolist() == [2.0] * 3
    assert population.values("r").tolist() == [1.0, 2.0, 3.0]


def test_a_network_keeps_its_own_copies() -> None:
    network = small()
    arrays = {
        "sources": np.array([0, 1], np.int32),
        "targets": np.array([1, 1], np.int32),
        "weights": np.array([1.0, 2.0]),
        "delays": np.array([1, 2], np.uint8),
    }
    bias = np.array([1.0, 2.0, 3.0])
    projection = network.connect("in", "a", **arrays)
    population = network.add_lif("c", 3, bias=bias)
    for array in (*arrays.values(), bias):
        array[:] = 0
    assert projection.weights.tolist() == [1.0, 2.0]
    assert projection.delays.tolist() == [1, 2]
    assert population.parameters["bias"].tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("given_type", "kept"), [(">f8", "<f8"), (">i2", "<i2"), ("f2", "f2"), ("g", "f8"), ("u1", "u1")]
)
def test_weights_keep_their_type_in_the_byte_order_of_the_machine(given_type: str, kept: str) -> None:
    for m in (0, 2):
        index = np.zeros(m, int)
        projection = small().connect("in", "a", index, index, np.ones(m, given_type))
        assert projection.weights.dtype == np.dtype(kept).newbyteorder("=")
    assert small().connect("in", "a", [], [], np.float32(1)).weights.dtype == np.float32


def test_two_billion_neurons_with_common_parameters_take_no_memory() -> None:
    tracemalloc.start()
    network = Network()
    network.add_lif("a", 1_000_000, tau_mem_ms=30.0)
    network.add_lif("b", 2**31 - 1, v_threshold=2.0)
    network.add_registers("c", 2**31 - 1, vth=100)
    assert network == network
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


def test_sizes_and_their_line() -> None:
    network = small()
    network.connect("in", "a", [0, 1], [0, 0], 1)
    assert (network.n_neurons, network.n_channels, network.n_synapses) == (5, 2, 2)
    assert repr(network) == "Network(5 neurons in 2 populations, 2 input channels, 2 synapses, dt 1 ms)"


def test_networks_differ_in_anything_that_matters() -> None:
    def build(**changes: object) -> Network:
        network = Network(changes.pop("dt_ms", 1.0))  # type: ignore[arg-type]
        network.add_lif("a", 2, bias=changes.pop("bias", 1.0))  # type: ignore[arg-type]
        ends = {"sources": [0, 1], "targets": [1, 0], "weights": [1, 2], "delays": 1}
        network.connect("a", "a", **{**ends, **changes})  # type: ignore[arg-type]
        return network

    assert build() == build()
    assert build() != 3
    others = [{"dt_ms": 2.0}, {"bias": 2.0}, {"bias": [1.0, 1.0]}, {"weights": [1.0, 2.0]}, {"delays": 2}]
    for changes in [*others, {"sources": [1, 0], "targets": [0, 1], "weights": [2, 1]}]:
        assert build() != build(**changes)


@settings(max_examples=60, deadline=None)
@given(register_networks())
def test_register_networks_are_legal_on_loihi1_without_error(network: Network) -> None:
    lowered = lower(validate(network), load_chip("loihi1"))
    assert all(error.max_relative_error == 0 for error in lowered.errors)


# ---------------------------------------------------------------- graphs


@settings(max_examples=200, deadline=None)
@given(networks())
def test_a_graph_loses_nothing(network: Network) -> None:
    graph = network.to_networkx()
    assert type(graph) is nx.DiGraph
    assert graph.number_of_nodes() == network.n_neurons + network.n_channels
    assert Network.from_networkx(graph) == network


@settings(max_examples=50, deadline=None)
@given(networks())
def test_the_order_of_nodes_and_edges_does_not_matter_within_populations(network: Network) -> None:
    graph = network.to_networkx()
    shuffled = nx.DiGraph(**graph.graph)
    firsts = [node for node in graph if node[1] == 0]
    shuffled.add_nodes_from((node, graph.nodes[node]) for node in (*firsts, *reversed(list(graph))))
    shuffled.add_edges_from(reversed(list(graph.edges(data=True))))
    assert Network.from_networkx(shuffled) == network


def test_parallel_synapses_share_an_edge_as_tuples() -> None:
    network = small()
    network.connect("a", "a", [0, 0, 1], [1, 1, 1], [1.0, 2.0, 3.0], [1, 2, 3])
    network.connect("a", "a", [0], [1], 4)
    graph = network.to_networkx()
    assert graph.edges[("a", 0), ("a", 1)] == {
        "weight": (1.0, 2.0, 4),
        "delay": (1, 2, 1),
        "projection": (0, 0, 1),
        "position": (0, 1, 0),
    }
    assert graph.edges[("a", 1), ("a", 1)] == {"weight": 3.0, "delay": 3, "projection": 0, "position": 2}


def test_a_graph_from_scratch() -> None:
    graph = nx.DiGraph()
    graph.add_node("ear", kind="input")
    graph.add_node(7, bias=0.5, colour="red")
    graph.add_node((1, 2))
    graph.add_node("out", population="readout", kind="registers", vth=100)
    graph.add_edge("ear", (1, 2), weight=2.5)
    graph.add_edge(7, "out", weight=64, delay=3)
    network = Network.from_networkx(graph, dt_ms=0.5)
    expected = Network(0.5)
    expected.add_input("inputs", 1)
    expected.add_lif("neurons", 2, bias=[0.5, 0.0])
    expected.add_registers("readout", 1, vth=[100])
    expected.connect("inputs", "neurons", [0], [1], [2.5])
    expected.connect("neurons", "readout", [0], [0], [64], [3])
    assert network == expected


def test_a_multigraph_may_hold_parallel_edges() -> None:
    graph = nx.MultiDiGraph()
    graph.add_edge("x", "y", weight=1.0)
    graph.add_edge("x", "y", weight=2.0, delay=4)
    projection = Network.from_networkx(graph).projections[0]
    assert projection.weights.tolist() == [1.0, 2.0]
    assert projection.delays.tolist() == [1, 4]


def test_an_edited_graph_means_what_it_now_says() -> None:
    network = Network()
    network.add_lif("a", 3)
    network.connect("a", "a", [0, 1], [1, 2], np.array([1, 2], np.int8))
    graph = network.to_networkx()
    graph.nodes["a", 1]["bias"] = 0.25
    graph.edges[("a", 0), ("a", 1)]["weight"] = 0.5
    graph.add_edge(("a", 2), ("a", 0), weight=9)
    edited = Network.from_networkx(graph)
    assert edited.populations[0].parameters["bias"].tolist() == [0.0, 0.25, 0.0]
    assert edited.projections[0].weights.tolist() == [0.5, 2.0]
    assert edited.projections[1].weights.tolist() == [9]
    part = Network.from_networkx(graph.subgraph([("a", 1), ("a", 2)]))
    assert part.n_neurons == 2
    assert (part.projections[0].sources.tolist(), part.projections[0].targets.tolist()) == ([0], [1])


def one_edge(**attributes: object) -> nx.DiGraph:
    graph = nx.DiGraph()
    graph.add_edge("x", "y", **{"weight": 1.0, **attributes})
    return graph


def one_node(**attributes: object) -> nx.DiGraph:
    graph = nx.DiGraph()
    graph.add_node("x", **attributes)
    return graph


def without_weight() -> nx.DiGraph:
    return nx.DiGraph([("x", "y")])


def onto_an_input() -> nx.DiGraph:
    graph = one_edge()
    graph.add_node("y", kind="input")
    return graph


def mixed() -> nx.DiGraph:
    graph = one_node()
    graph.add_node("y", kind="registers")
    return graph


BAD_GRAPHS = [
    (nx.Graph(), "to_directed"),
    (nx.MultiGraph(), "to_directed"),
    ({"x": ["y"]}, "give a networkx.DiGraph"),
    (without_weight(), "edge 'x' -> 'y' has no weight"),
    (one_edge(weight="1"), "edge 'x' -> 'y': weight is '1', but a finite number"),
    (one_edge(weight=NAN), "edge 'x' -> 'y': weight is nan"),
    (one_edge(weight=True), "edge 'x' -> 'y': weight is True"),
    (one_edge(weight=10**400), "edge 'x' -> 'y': weight is"),
    (one_edge(delay=0), "edge 'x' -> 'y': delay is 0, but must be a whole number, from 1 to 255"),
    (one_edge(delay=1.5), "edge 'x' -> 'y': delay is 1.5"),
    (one_edge(delay=NAN), "edge 'x' -> 'y': delay is nan"),
    (one_edge(delay=None), "edge 'x' -> 'y': delay is None"),
    (one_edge(projection="p"), "edge 'x' -> 'y': projection is 'p'"),
    (one_edge(position=-1), "edge 'x' -> 'y': position is -1"),
    (one_edge(weight=(1.0, 2.0), delay=(1, 2, 3)), "edge 'x' -> 'y': tuples of different lengths"),
    (one_edge(delay=(1, 2)), "edge 'x' -> 'y': tuples of different lengths"),
    (onto_an_input(), "is an input"),
    (mixed(), "node 'y': kind is 'registers', but others of 'neurons' are 'lif'"),
    (one_node(kind="LIF"), f"node 'x': kind is 'LIF', but must be one of {', '.join(PARAMETERS)}, input"),
    (one_node(kind=[]), "node 'x': kind is"),
    (one_node(population=3), "node 'x': population is 3"),
    (one_node(population=""), "is not a name"),
    (one_node(index=0.5), "node 'x': index is 0.5"),
    (one_node(tau_mem_ms=-1.0), "node 'x': tau_mem_ms is -1, but must be finite, above 0"),
    (one_node(tau_mem_ms="20"), "node 'x': tau_mem_ms is '20'"),
    (one_node(tau_mem=20.0), "node 'x': unknown attribute 'tau_mem': did you mean 'tau_mem_ms'"),
    (one_node(vth=20), "node 'x': vth is no parameter of kind 'lif'"),
    (one_node(kind="registers", vth=0.5), "node 'x': vth is 0.5, but must be an integer"),
    (nx.DiGraph(neurosim=3), "'neurosim' lacks or garbles"),
    (nx.DiGraph(neurosim={}), "'neurosim' lacks or garbles 'projections'"),
    (nx.DiGraph(neurosim={"dt_ms": "x", "scalars": {}, "projections": []}), "dt_ms is 'x'"),
    (nx.DiGraph(neurosim={"dt_ms": 1, "scalars": {"a": [[]]}, "projections": []}), "garbles"),
]


@pytest.mark.parametrize(("graph", "message"), BAD_GRAPHS)
def test_a_bad_graph_is_refused_by_the_name_of_its_node_or_edge(graph: nx.DiGraph, message: str) -> None:
    with pytest.raises(NetworkError, match=message):
        Network.from_networkx(graph)


def test_a_graph_of_billions_is_refused() -> None:
    network = Network()
    network.add_lif("a", 2**31 - 1)
    with pytest.raises(NetworkError, match=r"save the network as \.npz"):
        network.to_networkx()
