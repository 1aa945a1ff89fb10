"""Samples in threads: each takes the next sample as it ends one; the loops let other threads run meanwhile.

Short work stays in the calling thread, as to start another takes longer.
"""

import time
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

import numpy as np
import numpy.typing as npt

SECONDS = 0.1  # between two reports
Worker = Callable[[int], None]  # runs one sample


def run_samples(
    n_samples: int,
    threads: int,
    new_worker: Callable[[Callable[[], None]], Worker],
    halt: npt.NDArray[np.uint8],
    report: Callable[[], None],
) -> None:
    """Run every sample, or those that are done when halt[0] is set.

    Args:
        n_samples: how many.
        threads: how many work at a time; with 1, it is the calling one.
        new_worker: makes what one thread works with, given what to call now and then.
        halt: set when an exception comes by, so that loops end.
        report: called in the calling thread a few times a second, and at the end.
    """
    try:
        if threads == 1:
            _one_by_one(range(n_samples), new_worker(_at_times(report)), halt)
        else:
            _in_threads(n_samples, threads, new_worker, halt, report)
    except BaseException:
        halt[0] = 1
        raise
    report()


def _one_by_one(samples: range, work: Worker, halt: npt.NDArray[np.uint8]) -> None:
    for i in samples:
        if halt[0]:
            return
        work(i)


def _in_threads(
    n_samples: int,
    threads: int,
    new_worker: Callable[[Callable[[], None]], Worker],
    halt: npt.NDArray[np.uint8],
    report: Callable[[], None],
) -> None:
    following = iter(range(n_samples))  # `next` of it is one step of the interpreter, so no sample is taken twice

    def take_samples() -> None:
        work = new_worker(lambda: None)
        for i in following:
            if halt[0]:
                return
            work(i)

    with ThreadPoolExecutor(threads) as pool:
        futures = [pool.submit(take_samples) for _ in range(threads)]
        try:
            waiting = set(futures)
            while waiting:
                _, waiting = wait(waiting, timeout=SECONDS, return_when=FIRST_EXCEPTION)
                if any(future.exception() for future in futures if future.done()):
                    break
                report()
        except BaseException:
            halt[0] = 1
            raise
        halt[0] |= bool(waiting)  # one failed: the others need not go on
    for future in futures:
        future.result()


def _at_times(report: Callable[[], None]) -> Callable[[], None]:
    """`report`, but not more often than every SECONDS."""
    last = time.monotonic()

    def maybe() -> None:
        nonlocal last
        if time.monotonic() - last >= SECONDS:
            last = time.monotonic()
            report()

    return maybe
