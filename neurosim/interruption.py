"""Ctrl-C, so that a long run ends in order: what it did is kept."""

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

import numpy as np
import numpy.typing as npt


@contextlib.contextmanager
def halted_by_interrupt() -> Iterator[npt.NDArray[np.uint8]]:
    """An array whose first entry an interrupt sets (loops look at it in every step); a second interrupt raises."""
    halt = np.zeros(1, np.uint8)
    before = signal.getsignal(signal.SIGINT)
    if before in (signal.SIG_IGN, None):  # whoever started this process wants no interrupts
        yield halt
        return

    def stop(number: int, frame: FrameType | None) -> None:
        halt[0] = 1
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, stop)
    try:
        yield halt
    finally:
        signal.signal(signal.SIGINT, before)
