"""Room: refuse what is far too large by its neurons alone, before memory is taken for it.  Before validate.py.

What is only a little too large goes through partition.py, which says more: what binds, and what would fit.
"""

from chips.errors import DoesNotFit
from chips.profile import ChipProfile
from compiler.board import usable_cores
from compiler.network import Network
from compiler.validate import require_network

FAR = 4  # times the neurons of all cores
SMALL = 100_000  # neurons that cost nothing to look at


def check_room(network: Network, chip: ChipProfile) -> None:
    """Refuse a network with far more neurons than all cores hold.

    Raises:
        NetworkError: not a network.
        DoesNotFit: likewise.
    """
    require_network(network)
    each, cores, n = chip.core.neurons, int(usable_cores(chip.mesh).sum()), network.n_neurons
    if each is None or n <= max(SMALL, FAR * each * cores):
        return
    largest = max(network.populations, key=lambda population: population.n)
    raise DoesNotFit(
        f"the network has {n:,} neurons, {largest.n:,} of them in population {largest.name!r}, and needs at least "
        f"{-(-n // each):,} cores of {each:,} (core.neurons), but {chip.name} has {cores:,} (mesh.tiles_x x "
        "mesh.tiles_y x mesh.cores_per_tile): use fewer neurons, or several chips (mesh.chips_x, mesh.chips_y)",
        "cores",
        -(-n // each),
        cores,
    )
