"""`chips` and `compiler` are common words, and an installer overwrites packages of one name silently.

So each of our packages carries `__project__`, and this module names an intruder before it does harm.
"""

import importlib.util
from pathlib import Path

PROJECT = "neurosim-toolchain"


def check_neighbours() -> None:
    """Make sure that `chips` and `compiler` are this project's, without importing them.

    Raises:
        ImportError: another package stands in the way, or one is missing.
    """
    for name in ("chips", "compiler"):
        spec = importlib.util.find_spec(name)
        origin = spec.origin if spec else None
        if origin is None or not Path(origin).is_file():
            raise ImportError(f"neurosim needs its package {name!r}, which is not installed: reinstall {PROJECT}")
        if f'__project__ = "{PROJECT}"' not in Path(origin).read_text(encoding="utf-8", errors="replace"):
            raise ImportError(
                f"the package {name!r} at {origin} is not neurosim's: another distribution has installed one of the "
                f"same name; use an environment of its own for {PROJECT}, or reinstall it there"
            )
