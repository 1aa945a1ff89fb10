"""Models of the network on chip: cases reckoned by hand, and what must hold for any traffic."""

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reference_queued import queued_step

import neurosim as ns
from compiler import route
from compiler.emit import emit
from compiler.lowering.lower import lower
from compiler.partitioning.piece_use import Partition
from compiler.placement.place import Placement
from compiler.validate import validate
from neurosim.noc.event_queue import EVENT, add, clear, is_empty, new_calendar, new_order, take
from neurosim.noc.mesh import mesh_of, noc_of
from neurosim.noc.messages import messages_of, sender_of
from neurosim.noc.network_time import play
from neurosim.noc.parting import compare_network_models

VTH = 100
# whole nanoseconds, so that cycles and picoseconds say the same
WHOLE = {
    "core.input_axons": None,
    "core.output_axons": None,
    "core.synapse_memory_bits": None,
    "time.neuron_update_ns": 10.0,
    "time.spike_ns": 30.0,
    "time.packet_out_ns": 5.0,
    "time.packet_in_ns": 16.0,
    "time.synaptic_event_ns": 4.0,
    "time.synaptic_event_dense_ns": 4.0,
    "noc.flit_ns": 1.0,
    "noc.hop_x_ns": 4.0,
    "noc.hop_y_ns": 6.0,
    "noc.port_ns": 2.0,
}


def core_at(x: int, y: int, k: int = 0) -> int:
    return (x * 4 + y) * 4 + k


def run_on(cores, synapses, fires, steps=1, **overrides):
    """Neurons on the cores told, synapses (from, to), neurons that fire in step 0."""
    overrides = {key.replace("__", "."): value for key, value in overrides.items()}
    chip = ns.load_chip("loihi1_sanafe", WHOLE | overrides)
    cores = np.asarray(cores, np.int32)
    bias = np.zeros(len(cores))
    bias[list(fires)] = 2 * VTH
    net = ns.Network()
    net.add_registers("n", len(cores), du=4095, dv=0, vth=VTH, bias_mantissa=bias, bias_exponent=6, refractory=63)
    if len(synapses):
        source, target = np.array(synapses).T
        net.connect("n", "n", source, target, 0)
    used, piece = np.unique(cores, return_inverse=True)
    program = emit(lower(validate(net), chip), Partition(piece.astype(np.int32), len(used)), Placement(used), chip)
    return ns.run(program, steps=steps), program


def needed(case, model) -> float:
    """Time of step 0 without the barrier."""
    found = ns.network_time(*case, model=model)
    return float(found.needed_ns[0]) - found.barrier_ns


ONE = 10 + 30 + 5  # a neuron's update, spike and packet
SERVED = 16 + 4  # one packet with one synapse


@pytest.mark.parametrize("model", ["queued", "flit"])
@pytest.mark.parametrize(
    ("x", "y", "way"), [(0, 0, 2), (1, 0, 6), (0, 1, 8), (3, 2, 3 * 4 + 2 * 6 + 2), (7, 3, 7 * 4 + 3 * 6 + 2)]
)
def test_one_packet_takes_its_work_its_way_and_its_service(model, x, y, way) -> None:
    case = run_on([core_at(0, 0), core_at(x, y, 1)], [(0, 1)], [0])
    assert needed(case, model) == ONE + way + SERVED
    assert needed(case, "analytic") == ONE


@pytest.mark.parametrize("model", ["queued", "flit"])
@pytest.mark.parametrize("flits", [1, 2, 5])
def test_a_packet_of_more_flits_waits_for_its_tail_once(model, flits) -> None:
    case = run_on([core_at(0, 0), core_at(2, 1)], [(0, 1)], [0], noc__flits_per_packet=flits)
    assert needed(case, model) == ONE + 2 * 4 + 6 + 2 + (flits - 1) + SERVED


@pytest.mark.parametrize("model", ["queued", "flit"])
def test_two_packets_into_one_core_are_served_one_after_the_other(model) -> None:
    """From (1, 0) and (0, 1), ready at the same time: the one from the east arrives 2 ns before the other."""
    case = run_on([core_at(0, 0), core_at(1, 0), core_at(0, 1)], [(1, 0), (2, 0)], [1, 2])
    assert needed(case, model) == ONE + (4 + 2) + 2 * SERVED
    found = ns.network_time(*case, model=model)
    assert found.bound_by[0] == "receiving"
    assert found.last_core[0] == core_at(0, 0)


@pytest.mark.parametrize("model", ["queued", "flit"])
def test_two_packets_over_one_link_follow_each_other(model) -> None:
    """Two cores of a tile send to two of the next one: one waits a flit's time, and only that."""
    cores = [core_at(0, 0), core_at(0, 0, 1), core_at(1, 0), core_at(1, 0, 1)]
    case = run_on(cores, [(0, 2), (1, 3)], [0, 1])
    assert needed(case, model) == ONE + (4 + 2) + SERVED + 1
    found = ns.network_time(*case, model=model)
    assert (found.waited_ns[0], found.held_up_by[0]) == (1.0, "link 0,0>1,0")


@pytest.mark.parametrize("model", ["queued", "flit"])
def test_a_slow_core_with_full_buffers_holds_up_others(model) -> None:
    """A neuron sends to slow core A four times, the last packet goes to B, on the tile behind A's.

    Places: one in A's hands, one in its queue, one behind the link, one before the router.  Neuron 4's packet for B
    stands behind neuron 3's, which leaves (0, 0) when A takes its second packet.
    """
    a, b, slow = core_at(1, 0), core_at(2, 0), 100
    cores = [core_at(0, 0)] * 5 + [a, b]
    synapses = [(i, 5) for i in range(4) for _ in range(slow)] + [(4, 6)]
    few = {"noc__link_buffer_flits": 1, "noc__receive_queue_packets": 1}
    held_up, free = run_on(cores, synapses, range(5), **few), run_on(cores, synapses, range(5))
    service, first = 16 + 4 * slow, ONE + 4 + 2
    assert needed(free, model) == first + 4 * service
    assert needed(held_up, model) == first + 4 * service
    (sent, received), (sent_free, received_free) = (cores_of(case, model) for case in (held_up, free))
    assert received_free[2] == 5 * ONE + 2 * 4 + 2 + SERVED
    # A takes 2 at first + service, 3 at first + 2 * service: then 4 leaves the link's buffer, and B's goes on
    assert received[2] > first + 2 * service
    assert received[2] <= first + 2 * service + 2 * 4 + 2 + SERVED + 4
    assert sent_free[0] == 5 * ONE <= sent[0]
    assert ns.network_time(*held_up, model=model).held_up_by[0] == f"core {a}"


def cores_of(case, model):
    """When each core ended sending and receiving in step 0, in ns."""
    result, program = case
    routes = route(program)
    mesh = mesh_of(program, routes, program.chip, noc_of(program.chip, model))
    messages = messages_of(sender_of(result, program, routes, program.chip), 0, 1)
    exclusive = program.chip.time.send_receive == "add"
    stuck, finish = play(mesh, messages, model, exclusive)
    assert stuck == -1
    return finish.sent[0] / 1000, finish.received[0] / 1000


def test_a_core_that_sends_and_receives_in_turn_sends_first() -> None:
    """Two cores exchange packets; one has 9 more neurons to update before it receives."""
    cores = [core_at(0, 0)] * 10 + [core_at(1, 0)]
    case = run_on(cores, [(0, 10), (10, 0)], [0, 10], time__send_receive="add")
    for model in ("queued", "flit"):
        assert needed(case, model) == ONE + 9 * 10 + SERVED == needed(case, "analytic")


def traffic(draw_from):
    rng = np.random.default_rng(draw_from)
    n, tiles = int(rng.integers(2, 120)), int(rng.integers(1, 12))
    cores = np.sort(rng.integers(0, 4 * tiles, n))
    synapses = rng.integers(0, n, (int(rng.integers(1, 500)), 2)).tolist()
    return cores, synapses, np.flatnonzero(rng.random(n) < rng.random())


random_traffic = st.integers(0, 10**6)
slow = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


@slow
@given(random_traffic, st.integers(1, 4), st.integers(1, 3), st.integers(1, 4), st.sampled_from(["add", "overlap"]))
def test_every_packet_arrives_once_in_time_and_the_same_each_time(seed, buffer, queue, flits, order) -> None:
    case = run_on(
        *traffic(seed),
        noc__link_buffer_flits=buffer,
        noc__receive_queue_packets=queue,
        noc__flits_per_packet=flits,
        time__send_receive=order,
    )
    result, program = case
    routes = route(program)
    mesh = mesh_of(program, routes, program.chip, program.chip.noc)
    messages = messages_of(sender_of(result, program, routes, program.chip), 0, 1)
    expected = result.counts.step_of("packets_in")
    for model in ("queued", "flit"):
        stuck, finish = play(mesh, messages, model, order == "add")
        assert stuck == -1
        assert np.array_equal(finish.n_received, expected)
        again = play(mesh, messages, model, order == "add")[1]
        assert all(np.array_equal(a, b) for a, b in zip(finish, again, strict=True))
        assert needed(case, model) >= needed(case, "analytic")  # waiting never makes a step shorter


@slow
@given(random_traffic, st.integers(1, 4), st.integers(1, 3), st.integers(1, 4), st.sampled_from(["add", "overlap"]))
def test_queued_equals_a_plain_reference_to_the_picosecond(seed, buffer, queue, flits, order) -> None:
    result, program = run_on(
        *traffic(seed),
        steps=2,
        noc__link_buffer_flits=buffer,
        noc__receive_queue_packets=queue,
        noc__flits_per_packet=flits,
        time__send_receive=order,
    )
    routes = route(program)
    mesh = mesh_of(program, routes, program.chip, program.chip.noc)
    messages = messages_of(sender_of(result, program, routes, program.chip), 0, 2)
    rng = np.random.default_rng(seed)
    inputs = rng.integers(0, 3, messages.inputs.shape) * rng.choice([1, 1000, 10**9])
    messages = messages._replace(inputs=inputs.astype(np.int64))
    stuck, finish = play(mesh, messages, "queued", order == "add")
    assert stuck == -1
    for step in range(2):
        found = tuple(part[step] for part in finish)
        expected = queued_step(mesh, messages, step, order == "add")
        assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 2))), st.sampled_from([1, 100, 10**6, 10**12]))
def test_events_are_taken_by_time_then_by_order(draws, unit) -> None:
    """Some at once, some after others were taken; orders are given first, and events added the other way round."""
    calendar = new_calendar(np.zeros(len(draws) + 1, EVENT), 4000)
    clear(calendar)
    waiting, now = [], 0
    numbered = [(ahead * unit, takes, new_order(calendar)) for ahead, takes in draws]
    for ahead, takes, order in reversed(numbered):
        add(calendar, now + ahead, order, 1, 2, 3)
        waiting.append((now + ahead, order))
        for _ in range(min(takes, len(waiting))):
            waiting.sort()
            now = waiting[0][0]
            assert take(calendar) == (*waiting.pop(0), 1, 2, 3)
    assert [take(calendar)[:2] for _ in sorted(waiting)] == sorted(waiting)
    assert is_empty(calendar)


@slow
@given(random_traffic)
def test_work_adds_up_to_the_counts(seed) -> None:
    """Senders' and receivers' work is that of the analytic model, core by core."""
    result, program = run_on(*traffic(seed))
    routes = route(program)
    messages = messages_of(sender_of(result, program, routes, program.chip), 0, 1)
    work = np.add.reduceat(np.append(messages.work, 0), messages.first[0, :-1]) * (np.diff(messages.first[0]) > 0)
    counts, chip = result.counts, program.chip
    sending = counts.neurons * 10 + counts.step_of("spikes")[0] * 30 + counts.step_of("packets_out")[0] * 5
    assert np.array_equal(work + messages.tail[0], sending * 1000)
    received = np.bincount(routes.pair_to[messages.pair], weights=messages.service, minlength=program.n_cores)
    receiving = counts.step_of("packets_in")[0] * 16 + counts.step_of("synaptic_events")[0] * 4
    assert np.array_equal(received, receiving * 1000)
    assert not messages.inputs.any()
    assert chip.noc is not None


def test_what_comes_from_outside_is_received_first() -> None:
    net = ns.Network()
    net.add_input("in", 3)
    net.add_registers("n", 1, du=4095, vth=131071)
    net.connect("in", "n", [0, 1, 2], [0, 0, 0], 2)
    program = ns.compile(net, ns.load_chip("loihi1_sanafe", WHOLE))
    result = ns.run(program, [(0, 0), (0, 2), (1, 1)], steps=2)
    for model in ("queued", "flit"):
        found = ns.network_time(result, program, model=model)
        assert (found.needed_ns - found.barrier_ns).tolist() == [2 * SERVED, SERVED]


def test_the_three_agree_when_traffic_is_light() -> None:
    """A packet now and then among many neurons: apart by one packet's way and service."""
    rng = np.random.default_rng(1)
    cores = np.repeat(np.arange(0, 128, 8), 200)
    n = len(cores)
    fires = rng.choice(n, 20, replace=False)
    case = run_on(cores, [(int(i), int(rng.integers(n))) for i in fires], fires)
    times = [needed(case, model) for model in ("analytic", "queued", "flit")]
    assert max(times) / min(times) < 1.05
    found = compare_network_models(*case, tolerance=0.05)
    alone = compare_network_models(*case, tolerance=0.05, threads=1)
    assert all(np.array_equal(alone.times[model].step_ns, time.step_ns) for model, time in found.times.items())
    assert len(found.steps) == 0
    assert "agree" in str(found)


def test_the_report_says_where_they_part() -> None:
    """B, which has much to do, gets its packet late, as slow core A holds up all behind its own packets."""
    a, b, slow = core_at(1, 0), core_at(2, 0), 100
    synapses = [(i, 5) for i in range(4) for _ in range(slow)] + [(4, 6)] * (4 * slow)
    few = {"noc__link_buffer_flits": 1, "noc__receive_queue_packets": 1}
    found = compare_network_models(*run_on([core_at(0, 0)] * 5 + [a, b], synapses, range(5), **few), tolerance=0.01)
    assert found.steps.tolist() == [0]
    assert found.spread[0] > 0.2
    assert f"core {b} ends last, receiving; packets waited longest for core {a}" in str(found)


@pytest.mark.parametrize("seed", range(5))
def test_more_room_is_not_slower(seed) -> None:
    """Hot spots with one sender each, where no packet can overtake another to its harm."""
    rng = np.random.default_rng(seed)
    cores = np.arange(0, 64)
    hot = int(rng.integers(64))
    synapses = [(i, hot) for i in range(64) for _ in range(int(rng.integers(1, 20)))]
    for model in ("queued", "flit"):
        times = [
            needed(
                run_on(cores, synapses, range(64), noc__link_buffer_flits=room, noc__receive_queue_packets=room), model
            )
            for room in (1, 2, 4, 16)
        ]
        assert times == sorted(times, reverse=True)


def test_a_chip_without_links_is_refused_by_key() -> None:
    result, program = run_on([0, 4], [(0, 1)], [0])
    chip = program.chip.model_copy(update={"noc": None})
    assert ns.network_time(result, program, chip, model="analytic").total_ns > 0
    for model in ("queued", "flit"):
        with pytest.raises(ns.RunError, match=r"noc\.link_buffer_flits") as refusal:
            ns.network_time(result, program, chip, model=model)
        assert "\n" not in str(refusal.value)
    assert ns.load_chip("odin").noc is None
    assert ns.load_chip("truenorth").noc is None


def test_on_the_ideal_chip_no_packet_takes_time() -> None:
    program = ns.compile(ns.liquid((4, 4, 4), channels=8, gain=0.8, seed=1), ns.load_chip("ideal", {"core.neurons": 8}))
    result = ns.run(program, [(t, t % 8) for t in range(20)], steps=20)
    assert result.counts.sum("packets_between_cores") > 0
    assert ns.network_time(result, program).step_ns.max() < 1


def test_wrong_arguments_are_refused() -> None:
    case = run_on([0, 4], [(0, 1)], [0])
    with pytest.raises(ns.RunError, match="must be one of 'analytic'"):
        ns.network_time(*case, model="exact")
    with pytest.raises(ns.RunError, match="not of this program"):
        ns.network_time(case[0], run_on([0, 5, 5], [(0, 1)], [0])[1])


def test_samples_follow_each_other_and_batches_do_not_show(monkeypatch) -> None:
    net = ns.Network()
    net.add_input("in", 8)
    net.add_registers("n", 8, du=4095, dv=4095, vth=0)
    net.connect("in", "n", range(8), range(8), 2)
    net.connect("n", "n", np.repeat(np.arange(8), 8), np.tile(np.arange(8), 8), 0)
    program = ns.compile(net, ns.load_chip("loihi1_sanafe", WHOLE | {"core.neurons": 1}))
    rng = np.random.default_rng(0)
    inputs = [[(t, c) for t in range(9) for c in range(8) if rng.random() < 0.5] for _ in range(3)]
    result = ns.run(program, inputs, steps=[10, 12, 9])
    for model in ("queued", "flit"):
        whole = ns.network_time(result, program, model=model)
        assert np.allclose(whole.sample_ns, [part.sum() for part in np.split(whole.step_ns, [10, 22])])
        with monkeypatch.context() as patch:
            patch.setattr("neurosim.noc.network_time.MOST_PACKETS", 7)
            parts = ns.network_time(result, program, model=model)
            patch.setattr("neurosim.noc.network_time.FEWEST_PACKETS", 1)
            parts = [parts, *(ns.network_time(result, program, model=model, threads=n) for n in (1, 2, 3))]
        for part in parts:
            assert np.array_equal(whole.step_ns, part.step_ns)
            assert np.array_equal(whole.held_up_by, part.held_up_by)


def test_the_command_line_says_where_the_models_part(tmp_path) -> None:
    from typer.testing import CliRunner

    from neurosim.cli.app import app

    _, program = run_on([0, 4], [(0, 1)], [0])
    program.save(tmp_path / "program.npz")
    command = ["run", str(tmp_path / "program.npz"), "--steps", "2", "--noc", "queued"]
    said = CliRunner().invoke(app, command)
    assert "network on chip: analytic" in said.output
    data = json.loads(CliRunner().invoke(app, [*command, "--json"]).stdout)["network"]
    expected = ns.network_time(ns.run(program, steps=2), program)
    assert data["latency_s"]["queued"] == pytest.approx(expected.total_ns * 1e-9)
    assert data["steps_apart"] == 1
