"""Tables of the queued model: queues, resources, cores and packets, each a row of named fields.

Numbers of packets, queues and resources are unsigned: such an index needs no test of its sign.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba.core import cgutils
from numba.extending import intrinsic

from compiler.jit import jit
from neurosim.noc.event_queue import Calendar

SENT, DEPARTED, HAS_ROOM, ARRIVED, SERVED = range(5)  # kinds of events
ADDED = np.iinfo(np.int64).max  # time of an end that is an event now

QUEUE = np.dtype(
    [
        ("head", np.uint32),  # first packet
        ("last", np.uint32),
        ("asks_next", np.uint32),  # the queue that asked for the same resource after this one
        ("leaves_by", np.uint32),  # the resource over which a packet leaves whose tail is still here
        ("held", np.int64),  # packets
        ("room", np.int64),  # packets
        ("asked_at", np.int64),  # ps
        ("room_at", np.int64),  # ps, when it was last full no more
    ]
)
RESOURCE = np.dtype(
    [
        ("asks_first", np.uint32),  # queues that ask for it; of a core, its own while it waits for a place there
        ("asks_last", np.uint32),
        ("user", np.uint32),  # the queue that it was granted to
        ("spare", np.uint32),
        ("free_at", np.int64),  # ps, when its user's packet has left; ADDED if there is an event
        ("free_order", np.int64),  # of that event
        ("latency", np.int64),  # ps
        ("occupied", np.int64),  # ps
        ("waited", np.int64),  # ps
        ("spare_too", np.int64),  # a row takes 64 bytes, one line of a cache
    ]
)
CORE = np.dtype(
    [
        ("next", np.int64),  # packet to send; `end`: its tail
        ("end", np.int64),
        ("tail", np.int64),  # ps
        ("input", np.int64),  # ps, of what comes from outside and was not received yet
        ("sends", np.int64),
        ("sent_at", np.int64),  # ps
        ("served_at", np.int64),  # ps, when it has received; ADDED if there is an event
        ("served_order", np.int64),  # of that event
        ("received_at", np.int64),  # ps
        ("n_received", np.int64),
    ]
)
PACKET = np.dtype(
    [
        ("behind", np.uint32),  # the next one of its queue
        ("place", np.uint32),  # into path, of the resource to ask for next
        ("work", np.int64),  # ps
        ("service", np.int64),  # ps
    ]
)


class Tables(NamedTuple):
    """All that changes in a step, and the paths."""

    queue: npt.NDArray[np.void]  # [queue], QUEUE; those behind resources first, then those of cores
    resource: npt.NDArray[np.void]  # [queue], RESOURCE; those of cores: whether one waits
    core: npt.NDArray[np.void]  # [core], CORE
    packet: npt.NDArray[np.void]  # [packet of the step], PACKET
    path: npt.NDArray[np.uint32]  # see Mesh
    calendar: Calendar


def _borrowed_code(typing_context, array):
    """The array without its owner: its references are not counted, so the owner must outlive it."""

    def emit(context, builder, signature, arguments):
        table = context.make_array(array)(context, builder, arguments[0])
        table.meminfo = cgutils.get_null_value(table.meminfo.type)
        return table._getvalue()

    return array(array), emit


_borrowed: Any = intrinsic(_borrowed_code)


@jit(forceinline=True)
def borrowed(tables):
    """The tables without their owners: numba counts references of every array it takes up, longer than all the rest."""
    return Tables(
        _borrowed(tables.queue),
        _borrowed(tables.resource),
        _borrowed(tables.core),
        _borrowed(tables.packet),
        _borrowed(tables.path),
        Calendar(
            _borrowed(tables.calendar.slot),
            _borrowed(tables.calendar.event),
            _borrowed(tables.calendar.bits),
            _borrowed(tables.calendar.clock),
            _borrowed(tables.calendar.unused),
        ),
    )
