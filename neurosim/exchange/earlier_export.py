"""What an export may replace: what an earlier export wrote, and nothing else."""

from collections.abc import Iterable
from pathlib import Path

from chips import NeurosimError


def refuse_foreign(paths: Iterable[Path], script: Path, template: str) -> None:
    """Refuse to write over files of others.

    Args:
        paths: that are to be written.
        script: the one among them that an earlier export left beside the others.
        template: its text, of which the first line is enough to know it by.

    Raises:
        NeurosimError: one of the paths is there already, and the script is not ours.
    """
    if _begins_with(script, template.splitlines()[0]):
        return
    for path in paths:
        if path.exists() or path.is_symlink():
            raise NeurosimError(f"{path} is there already, and no export wrote it: move it, or give another -o")


def _begins_with(path: Path, line: str) -> bool:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.readline().rstrip("\n") == line
    except OSError:
        return False
