"""A worker process: points in, rows out, one line of JSON each.

Started as `python -m neurosim.studies.worker` by `pool.py`.  It ends when its input does, so it outlives nobody, and
takes no notice of Ctrl-C, which the one who started it handles.
"""

import json
import os
import signal
import sys


def main() -> None:
    """Evaluate what comes on standard input until it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever a library prints is no answer
    from neurosim.studies.evaluate import outcome

    for line in sys.stdin:
        answers.write(json.dumps(outcome(json.loads(line)), allow_nan=False) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
