"""What `neurosim compile` prints beside how full the chip is."""

from compiler import Moves
from compiler.mapping_rules import in_words
from neurosim.cli_print import console, print_table


def print_moves(moves: Moves) -> None:
    """What moved from an older program to this one."""
    rows = [
        [each.name, *(f"{n:,}" for n in (each.stayed, each.moved, each.added, each.removed))]
        for each in moves.populations
    ]
    print_table(["population", "stayed", "moved", "new", "gone"], rows, right=(1, 2, 3, 4))
    parts = {"changed": moves.cores_changed, "now in use": moves.cores_added, "no longer": moves.cores_removed}
    said = "; ".join(f"{words}: {in_words(cores)}" for words, cores in parts.items() if cores)
    console().print(said or "no core changed its neurons")
