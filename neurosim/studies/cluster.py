"""Cluster: points evaluated through a scheduler of dask.distributed, on as many machines as it has.

Every worker needs neurosim of the same version, and the data and chip files under the same paths.
"""

import uuid
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from chips import NeurosimError
from neurosim.studies.evaluate import KILLED, outcome
from neurosim.studies.pool import Job

if TYPE_CHECKING:
    from distributed import Client

REMEDY = "--scheduler needs dask.distributed: pip install 'neurosim-toolchain[cluster]'"
PATIENCE = "10s"  # with a scheduler that does not answer
AHEAD = 2  # points sent for each thread of the cluster, so that none waits for the next


@contextmanager
def cluster_of(scheduler: str) -> "Iterator[Client]":
    """A cluster, left again at the end.

    Args:
        scheduler: its address, as tcp://10.0.0.1:8786.

    Raises:
        NeurosimError: dask.distributed is not installed, or no scheduler answers.
    """
    try:
        from distributed import Client
    except ImportError:
        raise NeurosimError(REMEDY) from None
    if not scheduler.startswith("inproc:") and not scheduler.rpartition(":")[2].isdigit():
        raise NeurosimError(f"--scheduler {scheduler} has no port: write its address, as tcp://10.0.0.1:8786")
    try:
        client = Client(scheduler, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise NeurosimError(f"no scheduler answers at {scheduler} ({error}): start one with dask scheduler") from None
    with client:
        yield client


def evaluate_on(client: "Client", jobs: Iterable[Job]) -> Generator[tuple[int, dict[str, Any]], None, None]:
    """Number and outcome of each point, in the order in which they end; a point whose workers die is KILLED.

    Args:
        client: of `cluster_of`.
        jobs: points.
    """
    from distributed import as_completed
    from distributed.scheduler import KilledWorker

    waiting, number_of, name = iter(jobs), dict[Any, int](), uuid.uuid4().hex

    def send() -> Any:
        if (job := next(waiting, None)) is None:
            return None
        # a key of its own, as equal jobs must not become one that is forgotten with the first
        future = client.submit(outcome, job[1], pure=False, key=f"neurosim-{name}-{job[0]}")
        number_of[future.key] = job[0]
        return future

    first = [future for _ in range(max(1, AHEAD * sum(client.nthreads().values()))) if (future := send())]
    running = as_completed(first, loop=client.loop)
    try:
        for future in running:
            if following := send():
                running.add(following)
            try:
                found = future.result()
            except KilledWorker as error:
                found = _killed(error)
            yield number_of.pop(future.key), found
    finally:
        for future in list(running.futures):
            future.cancel()


def _killed(error: Exception) -> dict[str, Any]:
    attempts = getattr(error, "allowed_failures", "several")
    reason = f"worker was killed while it had this point, after {attempts} attempts: out of memory?"
    return {"status": KILLED, "reason": reason, "measures": None, "provenance": None}
