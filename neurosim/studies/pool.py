"""Pool: worker processes here, each given one point at a time, so that a killed one is known with its point.

Workers are processes of their own command line (`worker.py`), not forks: nothing is shared with them but lines of
JSON, a script that calls `sweep` needs no guard, and threads of the libraries that they load are set before these load.
"""

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Generator, Iterable
from typing import IO, Any

from chips import NeurosimError
from neurosim.studies.evaluate import KILLED

ATTEMPTS = 3  # of a point whose workers are killed: the first, and two more
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
_COMMAND = "python -m neurosim.studies.worker"
Job = tuple[int, dict[str, Any]]  # the number of a point, and what a worker needs of it


class _Worker:
    """A process and the point that it has."""

    def __init__(self, answers: "queue.SimpleQueue[tuple[_Worker, str]]") -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "neurosim.studies.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            env=_environment(),
        )
        self.job: Job | None = None
        threading.Thread(target=self._listen, args=(answers,), daemon=True).start()

    def _listen(self, answers: "queue.SimpleQueue[tuple[_Worker, str]]") -> None:
        """Pass on each answer; an empty one says that the process has ended."""
        for line in _of(self.process.stdout):
            answers.put((self, line))
        answers.put((self, ""))

    def take(self, job: Job) -> None:
        """Begin a point; a process that has ended is heard of as an answer."""
        self.job = job
        with contextlib.suppress(OSError):
            pipe = _of(self.process.stdin)
            pipe.write(json.dumps(job[1], allow_nan=False) + "\n")
            pipe.flush()

    def end(self) -> None:
        """End the process at once; what it was doing is lost, and nothing else."""
        self.process.kill()
        self.process.wait()
        with contextlib.suppress(OSError):
            _of(self.process.stdin).close()


class Pool:
    """Worker processes, started when there is work for them and kept until the pool is closed."""

    def __init__(self, workers: int) -> None:
        """A pool of at most so many processes."""
        self.workers = workers
        self._answers: queue.SimpleQueue[tuple[_Worker, str]] = queue.SimpleQueue()
        self._staff: set[_Worker] = set()
        self._answered = False  # whether any worker ever did anything

    def outcomes(self, jobs: Iterable[Job]) -> Generator[tuple[int, dict[str, Any]], None, None]:
        """Number and outcome of each point, in the order in which they end; a point whose workers die is KILLED.

        Args:
            jobs: points, taken one after the other as workers become free.

        Raises:
            NeurosimError: workers end by themselves before they have done anything.
        """
        waiting, again = iter(jobs), list[Job]()
        attempts: dict[int, int] = {}
        busy = 0
        while True:
            while busy < self.workers and (job := again.pop() if again else next(waiting, None)) is not None:
                self._free_worker().take(job)
                busy += 1
            if not busy:
                return
            worker, line = self._answers.get()
            job, worker.job = worker.job, None
            if not line:
                self._dismiss(worker)
            if job is None:
                continue
            busy -= 1
            if line:
                self._answered = True
                yield job[0], json.loads(line)
                continue
            number, code = job[0], worker.process.returncode
            if code > 0 and not self._answered:
                raise NeurosimError(f"a worker ended with exit code {code} before any point: {_COMMAND} tells why")
            attempts[number] = attempts.get(number, 0) + 1
            if attempts[number] < ATTEMPTS:
                again.append(job)
            else:
                yield number, _killed(code)

    def _free_worker(self) -> _Worker:
        free = [worker for worker in self._staff if worker.job is None]
        if free:
            return free[0]
        worker = _Worker(self._answers)
        self._staff.add(worker)
        return worker

    def _dismiss(self, worker: _Worker) -> None:
        worker.end()
        self._staff.discard(worker)

    def close(self) -> None:
        """End all processes at once."""
        for worker in list(self._staff):
            self._dismiss(worker)


def _killed(code: int) -> dict[str, Any]:
    how = f"signal {-code}" if code < 0 else f"exit code {code}"
    reason = f"worker was killed ({how}) in each of {ATTEMPTS} attempts: out of memory? use fewer workers"
    return {"status": KILLED, "reason": reason, "measures": None, "provenance": None}


def _of(pipe: IO[str] | None) -> IO[str]:
    if pipe is None:
        raise NeurosimError("a worker has no pipe")
    return pipe


def _environment() -> dict[str, str]:
    """Ours, with one thread for every library, and the same way to modules."""
    path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
    return {**os.environ, **dict.fromkeys(_THREADS, "1"), "PYTHONPATH": path}
