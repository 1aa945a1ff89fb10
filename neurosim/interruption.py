"""Ctrl-C, so that a long run ends in order: what it did is kept."""

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

import numpy as np
import numpy.typing as npt


@contextlib.contextmanager
def halted_by_interrupt() -> Iterator[npt.NDArray[np.uint8]]:
    """An array whose first entry an interrupt sets (loops look at it in every step); a second interrupt raises.

    SIGTERM is one too where it has a handler, as it has at the command line; who ignores a signal goes on doing so.
    """
    halt = np.zeros(1, np.uint8)
    found = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    before = {number: handler for number, handler in found.items() if callable(handler)}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def stop(number: int, frame: FrameType | None) -> None:
        halt[0] = 1
        restore()

    for number in before:
        signal.signal(number, stop)
    try:
        yield halt
    finally:
        restore()
