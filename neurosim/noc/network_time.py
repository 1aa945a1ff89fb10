"""Network time: how long each step takes when packets wait for links, buffers and cores.

    needed = the time at which the last core has sent and received all + barrier    (send_receive: overlap or add)
    needed = the larger of the two                                                  (send_receive: largest)

Where nothing waits and a packet's way takes no time, that is the time of timing.py without its links and memory terms.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from chips import ChipProfile, RunError, load_chip
from compiler import Program, route
from neurosim.noc.mesh import PS_PER_NS, Mesh, mesh_of, noc_of, picoseconds, resource_names
from neurosim.noc.messages import Messages, Sender, batches, messages_of, sender_of
from neurosim.result import RunResult
from neurosim.simulation.run_inputs import threads_of
from neurosim.timing import Floats, Latency, barrier_ns, chips_used, latency, tiles_used

Model = Literal["analytic", "queued", "flit"]
MODELS: tuple[Model, ...] = ("analytic", "queued", "flit")
MOST_PACKETS = 2**20  # of a batch of steps, but for a single step
MOST_WAITS = 2**22  # entries of the table of waits of a batch
FEWEST_PACKETS = 2**15  # of a batch, for which a thread is worth its start


@dataclass(frozen=True, eq=False)
class NetworkTime(Latency):
    """Modelled time of a run in which packets wait.  `bound_by` is "sending" or "receiving" ("barrier")."""

    model: Model
    last_core: npt.NDArray[np.int32]  # [step of all samples], the core that ended last, its number on the mesh
    waited_ns: Floats  # [step of all samples], of all packets, for links and for the ports to their cores
    held_up_by: npt.NDArray[np.str_]  # [step of all samples], what they waited longest for: "link 0,0>1,0"; "" nothing


def network_time(
    result: RunResult,
    program: Program,
    chip: ChipProfile | str | None = None,
    model: Model = "queued",
    threads: int | None = None,
) -> Latency:
    """Time of each step of a run under a model of the network.

    Args:
        result: a run that kept counts per step.
        program: the program that it ran.
        chip: whose prices; a profile, or the name or path of one; None for the program's own.
        model: "analytic": `latency(result.counts, chip)`, no packet waits; "queued": packets in order through finite
            buffers, in whole picoseconds; "flit": cycle by cycle (`noc.flit_ns`), hops in whole cycles, slow.
        threads: how many take steps side by side, None for all processors; times are the same for any number.

    Returns:
        A `Latency`; of "queued" and "flit" a `NetworkTime`, which also says what packets waited for.

    Raises:
        RunError: the model is unknown, the profile has no section `noc` or multicast packets, the result is another
            program's or kept no counts per step, the program is one of crossbars, or packets wait for each other in a
            circle (which ways around disabled links may cause).
    """
    if model not in MODELS:
        raise RunError(f"model is {model!r}, but must be one of {', '.join(map(repr, MODELS))}")
    chip = load_chip(chip) if isinstance(chip, str) else program.chip if chip is None else chip
    result.counts.check_chip(chip)
    if model == "analytic":
        return latency(result.counts, chip)
    if chip.mesh.packets == "multicast":
        raise RunError(
            f"model {model!r} knows no packets that are copied on their way, as those of {chip.name} are "
            "(mesh.packets): use model 'analytic', or a profile with unicast packets"
        )
    noc = noc_of(chip, model)
    routes = route(program)
    sender = sender_of(result, program, routes, chip)
    mesh = mesh_of(program, routes, chip, noc)
    names = np.array([*resource_names(program, routes), ""])
    parts = _play_all(mesh, sender, model, chip, threads_of(threads))
    return _latency_of(result, program, chip, model, parts, names)


@dataclass(frozen=True, slots=True)
class _Played:
    """A batch of steps."""

    end: npt.NDArray[np.int64]  # [step], ps
    core: npt.NDArray[np.int64]  # [step]
    is_receiving: npt.NDArray[np.bool_]  # [step]
    waited: npt.NDArray[np.int64]  # [step], ps
    longest: npt.NDArray[np.int64]  # [step], resource; the one after the last: none
    stuck: int


def _play_all(mesh: Mesh, sender: Sender, model: Model, chip: ChipProfile, threads: int) -> list[_Played]:
    """All steps, a batch at a time for each thread.

    Raises:
        RunError: packets wait for each other in a circle.
    """
    n_packets = int(np.diff(sender.axon_ptr)[sender.slot].sum())
    share = max(n_packets // (4 * threads), FEWEST_PACKETS)  # several for each, as steps differ
    ranges = batches(sender, min(share, MOST_PACKETS), max(1, MOST_WAITS // len(mesh.latency)))

    def played_in(steps: tuple[int, int]) -> _Played:
        return _play(mesh, messages_of(sender, *steps), model, chip)

    parts: list[_Played] = []
    with ThreadPoolExecutor(threads) as pool:
        each = pool.map if threads > 1 and len(ranges) > 1 else map
        for (start, _), played in zip(ranges, each(played_in, ranges), strict=True):
            if played.stuck >= 0:
                pool.shutdown(wait=False, cancel_futures=True)
                raise RunError(
                    f"in step {start + played.stuck} packets wait for each other in a circle, as ways around disabled "
                    "links are not XY: enable links (mesh.disabled_links), or raise noc.link_buffer_flits"
                )
            parts.append(played)
    return parts


def _play(mesh: Mesh, messages: Messages, model: Model, chip: ChipProfile) -> _Played:
    finish = play(mesh, messages, model, chip.time.send_receive == "add")
    stuck, sent, received, waited = finish[0], finish[1].sent, finish[1].received, finish[1].waited
    ends = np.maximum(sent, received)
    core = ends.argmax(axis=1)
    rows = np.arange(len(ends))
    return _Played(
        end=ends[rows, core],
        core=core,
        is_receiving=received[rows, core] > sent[rows, core],
        waited=waited.sum(axis=1),
        longest=np.where(waited.any(axis=1), waited.argmax(axis=1), waited.shape[1]),
        stuck=stuck,
    )


def play(mesh: Mesh, messages: Messages, model: Model, exclusive: bool) -> tuple[int, Any]:
    """Send messages through a mesh: the first step that got stuck or -1, and the `Finish` of the cores."""
    from neurosim.noc.flit_kernel import flit_steps
    from neurosim.noc.queued_kernel import Finish, queued_steps

    n_steps, n_cores = messages.tail.shape
    cores, resources = (n_steps, n_cores), (n_steps, len(mesh.latency))
    finish = Finish(*(np.zeros(shape, np.int64) for shape in (cores, cores, cores, resources)))
    if model == "queued":
        return int(queued_steps(mesh, messages, finish, exclusive)), finish
    return int(flit_steps(mesh, *_feeders(mesh, messages), messages, finish, exclusive)), finish


def _feeders(mesh: Mesh, messages: Messages) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Queues that feed each resource, those of links first: [resource + 1], [feeder]."""
    n_resources = len(mesh.latency)
    n_pairs = len(mesh.path_ptr) - 1
    first = mesh.path_ptr[:-1]
    follows = np.setdiff1d(np.arange(len(mesh.path)), first)
    n_steps, n_cores = messages.tail.shape
    per_core = np.diff(messages.first, axis=1).ravel()
    sender = np.repeat(np.tile(np.arange(n_cores), n_steps), per_core)
    home = np.zeros(n_pairs, np.int64)
    home[messages.pair] = sender
    path = mesh.path.astype(np.int64)
    queue = np.concatenate([path[follows - 1], n_resources + home])
    feeds = np.concatenate([path[follows], path[first]])
    feeds, queue = np.divmod(np.unique(feeds * len(mesh.room) + queue), len(mesh.room))
    return np.searchsorted(feeds, np.arange(n_resources + 1)).astype(np.int64), queue


def _latency_of(
    result: RunResult,
    program: Program,
    chip: ChipProfile,
    model: Model,
    parts: list[_Played],
    names: npt.NDArray[np.str_],
) -> NetworkTime:
    counts = result.counts
    barrier = barrier_ns(chip.time.barrier, tiles_used(counts, chip), chips_used(counts, chip))
    end = np.concatenate([part.end for part in parts])
    bound_by = np.where(np.concatenate([part.is_receiving for part in parts]), "receiving", "sending")
    overlaps = chip.time.send_receive == "largest"
    if overlaps:
        bound_by = np.where(end < picoseconds(barrier), "barrier", bound_by)
        needed = np.maximum(end / PS_PER_NS, barrier)
    else:
        needed = end / PS_PER_NS + barrier
    tick = chip.time.tick_ns
    step = needed if tick is None else np.maximum(needed, tick)
    first = np.cumsum(counts.steps) - counts.steps
    return NetworkTime(
        step_ns=step,
        needed_ns=needed,
        bound_by=bound_by,
        sample_ns=np.add.reduceat(step, first),
        barrier_ns=barrier,
        tick_ns=tick,
        barrier_overlaps=overlaps,
        model=model,
        last_core=program.tables.core[np.concatenate([part.core for part in parts])],
        waited_ns=np.concatenate([part.waited for part in parts]) / PS_PER_NS,
        held_up_by=names[np.concatenate([part.longest for part in parts])],
    )
