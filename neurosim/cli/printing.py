"""Where commands print, and tables."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

MODELLED = "All energies and times are modelled, not measured."


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> None:
    """A plain table; columns in `right` are numbers."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for i, name in enumerate(header):
        table.add_column(name, justify="right" if i in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(escape(cell) for cell in row))
    console().print(table)


def console(stderr: bool = False) -> Console:
    """Where to print; as wide as the terminal, or wide enough for every table when piped."""
    found = Console(stderr=stderr, highlight=False)
    return found if found.is_terminal else Console(stderr=stderr, highlight=False, width=max(160, found.width))


def escape(text: str) -> str:
    """Text that may hold brackets, for rich to print as it is."""
    return text.replace("[", r"\[")
