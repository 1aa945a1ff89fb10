"""Peers: other simulators, each installed in a virtual environment of its own, run beside this project.

An environment is made once, in the user's cache folder, and kept.  Delete the folder to make it again.
"""

import os
import subprocess
import sys
import venv
from pathlib import Path


class PeerMissingError(Exception):
    """A peer that cannot be installed or run; the text says which and why."""


def peer_python(name: str, packages: list[str]) -> Path:
    """The interpreter of an environment that has `packages`.

    Raises:
        PeerMissingError: they cannot be installed.
    """
    folder = _cache() / f"{name}-py{sys.version_info.major}.{sys.version_info.minor}"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp, wanted = folder / "installed.txt", "\n".join(packages)
    if python.exists() and stamp.exists() and stamp.read_text() == wanted:
        return python
    label = f"could not install {' '.join(packages)}"
    print(f"installing {' '.join(packages)} into {folder}", file=sys.stderr, flush=True)
    try:
        venv.create(folder, clear=True, with_pip=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise PeerMissingError(f"{label}: {error}") from error
    _run([str(python), "-m", "pip", "install", "--quiet", "--prefer-binary", *packages], label)
    stamp.write_text(wanted)
    return python


def run_peer(python: Path, script: str, *arguments: str | Path) -> str:
    """Run a script of this folder with a peer's interpreter; gives what it printed.

    Raises:
        PeerMissingError: it fails.
    """
    path = Path(__file__).parent / script
    return _run([str(python), str(path), *map(str, arguments)], f"{script} failed")


def _run(command: list[str], label: str) -> str:
    clean = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTHONHOME")}
    try:
        done = subprocess.run(command, capture_output=True, text=True, env=clean, check=False)
    except OSError as error:
        raise PeerMissingError(f"{label}: {error}") from error
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        errors = [line for line in lines if "error" in line.lower()] or lines
        raise PeerMissingError(f"{label}: {errors[-1].strip() if errors else f'exit {done.returncode}'}")
    return done.stdout


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "neurosim-benchmarks"
