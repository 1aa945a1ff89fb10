"""Peers: other simulators, each installed in a virtual environment of its own, run beside this project.

An environment is made once, in the user's cache folder, and kept.  Delete the folder to make it again.
"""

import json
import os
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any


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


def python_or_problem(name: str, packages: list[str], problems: list[str]) -> Path | None:
    """As `peer_python`; where that fails, None, and the reason goes to `problems`."""
    try:
        return peer_python(name, packages)
    except PeerMissingError as error:
        problems.append(str(error))
        return None


def run_peer(python: Path, script: str, *arguments: str | Path) -> str:
    """Run a script of this folder with a peer's interpreter; gives what it printed.

    Raises:
        PeerMissingError: it fails.
    """
    path = Path(__file__).parent / script
    return _run([str(python), str(path), *map(str, arguments)], f"{script} failed")


class Worker:
    """A peer that stays alive and answers each request with one line of JSON, so that runs can take turns."""

    def __init__(self, python: Path, script: str, *arguments: str) -> None:
        """Start `script` of this folder."""
        command = [str(python), str(Path(__file__).parent / script), *arguments]
        self._script = script
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=_clean()
        )

    def ask(self, text: object = "") -> dict[str, Any]:
        """One more run, of what `text` says.

        Raises:
            PeerMissingError: the peer has died.
        """
        try:
            self._process.stdin.write(f"{text}\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            errors = self._process.communicate()[1].strip().splitlines()
            raise PeerMissingError(f"{self._script} failed: {errors[-1] if errors else 'no reason given'}")
        return json.loads(line)

    def close(self) -> None:
        """Let the peer end."""
        self._process.communicate()


def _clean() -> dict[str, str]:
    """The environment without what would make a peer import this project's packages."""
    return {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTHONHOME")}


def _run(command: list[str], label: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, env=_clean(), check=False)
    except OSError as error:
        raise PeerMissingError(f"{label}: {error}") from error
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        errors = [line for line in lines if "error" in line.lower()] or lines
        raise PeerMissingError(f"{label}: {errors[-1].strip() if errors else f'exit {done.returncode}'}")
    return done.stdout


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "neurosim-benchmarks"
