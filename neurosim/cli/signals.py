"""Ctrl-C and SIGTERM: both end a command in order, and neither is ever lost.

Python raises KeyboardInterrupt wherever it happens to be.  In two kinds of places it cannot be passed on: in a function
that compiled code called, which may drop it (llvmlite as code is loaded, where the process may die of it; pydantic as
it chooses among unions), and in what runs as an object is freed.  So it waits until those libraries are left, and is
raised again where it was lost.
"""

import signal
import sys
import threading
from types import FrameType

_WAIT_S = 0.02
_DROPPING = frozenset({"llvmlite", "pydantic"})


def end_on_signals() -> None:
    """Ctrl-C and SIGTERM end a command in order, each unless whoever started it wants it ignored.

    A shell that runs a command in the background of a script ignores Ctrl-C for it; SIGTERM must end it all the same.
    """
    if callable(signal.getsignal(signal.SIGINT)):
        signal.signal(signal.SIGINT, _interrupt)
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _interrupt)
    sys.unraisablehook = _raise_again


def _interrupt(number: int, frame: FrameType | None) -> None:
    if _is_inside(frame, _DROPPING):
        _later(number)
    else:
        raise KeyboardInterrupt(number)


def _is_inside(frame: FrameType | None, packages: frozenset[str]) -> bool:
    while frame is not None:
        if frame.f_globals.get("__name__", "").partition(".")[0] in packages:
            return True
        frame = frame.f_back
    return False


def _raise_again(lost: "sys.UnraisableHookArgs") -> None:
    if lost.exc_type is KeyboardInterrupt:
        number = lost.exc_value.args[0] if lost.exc_value and lost.exc_value.args else signal.SIGINT
        _later(number)
    else:
        sys.__unraisablehook__(lost)


def _later(number: int) -> None:
    timer = threading.Timer(_WAIT_S, signal.raise_signal, [number])
    timer.daemon = True
    timer.start()
