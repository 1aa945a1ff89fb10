"""The engines of the programs that ran last, so that a second run of a program does not lay it out again."""

import threading
import weakref
from collections import OrderedDict

from compiler import Program
from neurosim.simulation.engine import Engine, build_engine

MOST = 8  # engines kept; one is about as large as its program

_engines: OrderedDict[int, tuple[weakref.ref[Program], Engine]] = OrderedDict()  # by identity, used last at the end
_lock = threading.Lock()


def engine_of(program: Program) -> Engine:
    """The engine of a program, which is kept as long as the program and until MOST others have run since.

    Programs are frozen: entries of their arrays that are changed in place after a first run are not seen.

    Raises:
        RunError: its neurons are of models that no one loop runs together.
    """
    key = id(program)
    with _lock:
        found = _engines.get(key)
        if found is not None and found[0]() is program:
            _engines.move_to_end(key)
            return found[1]
    engine = build_engine(program)
    alive = weakref.ref(program, lambda _: _engines.pop(key, None))
    with _lock:
        _engines[key] = (alive, engine)
        while len(_engines) > MOST:
            _engines.popitem(last=False)
    return engine
