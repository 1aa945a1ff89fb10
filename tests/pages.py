"""Runs what a page shows: its Python, and in pages of docs/ its shell and YAML too, in order, in one folder."""

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path, *languages: str) -> list[tuple[str, str]]:
    """Fenced blocks of these languages, in order: (language, text)."""
    return [(found[1], found[2]) for found in FENCE.finditer(page.read_text()) if found[1] in languages]


def run_page(page: Path, folder: Path, *languages: str) -> int:
    """Run the blocks of these languages in `folder`, which must be the working folder; the number of examples run.

    A python block is a dialogue, with what is printed; names last to the end of the page.  Shell stops at the first
    command that fails; `pip install` is left out, as the project is here.  A yaml block is the file that its first
    line names as "# NAME.yaml"; others are parts of files, and not used.
    """
    names: dict[str, Any] = {}
    runner, n_run = doctest.DocTestRunner(), 0
    for n, (language, text) in enumerate(blocks(page, *languages)):
        if language == "python":
            test = doctest.DocTestParser().get_doctest(text, {}, f"{page.name}, block {n}", str(page), 0)
            test.globs = names
            assert runner.run(test, clear_globs=False).failed == 0, text
            n_run += len(test.examples)
        elif language == "sh":
            run_shell(text, folder)
            n_run += 1
        elif name := re.match(r"# (\w+\.yaml)\b", text):
            (folder / name[1]).write_text(text)
    return n_run


def run_shell(text: str, folder: Path) -> str:
    """Run commands by bash in `folder`, with `neurosim` and `python` those of this test; what they print."""
    commands = re.sub(r"^pip install .*$", "", text, flags=re.MULTILINE)
    begin = f'set -e\nneurosim() {{ {sys.executable} -m neurosim.cli "$@"; }}\npython() {{ {sys.executable} "$@"; }}\n'
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["bash", "-c", begin + commands], capture_output=True, text=True, cwd=folder, env=environment, timeout=300
    )
    assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
    return done.stdout
