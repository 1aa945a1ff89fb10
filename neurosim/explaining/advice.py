"""Advice: what would make a network fit that does not, each change tried and none guessed.

How much is tried depends on the size of the network, never on a clock, so the same network gets the same advice.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from chips import ChipProfile, DoesNotFit, NeurosimError, list_chips, load_chip, override_chip
from compiler import Mapping as CoreMapping
from compiler import Network, Tolerance
from compiler.board import usable_cores
from compiler.partitioning.problem import DEFAULT, Method
from compiler.pipeline import cores_needed

WORK = 20_000_000  # synapses of all networks that are cut
DEAR = 10  # a cut by a better partition, or for a chip of crossbars, counts as so many
SHARES = 32  # steps in which the share of pruned synapses is found
NEAR = 2  # times the cores that there are: what greedily needs more is not tried by a better partition
MOST_LETTERS = 90  # of a refusal that is quoted


@dataclass(frozen=True, slots=True)
class Try:
    """One change, and what came of it."""

    change: str  # in words
    setting: str  # what to write for it; "" where the network itself changes
    fits: bool | None  # None: not tried
    cores: int | None  # that it takes, where that is known
    result: str  # in words


@dataclass(frozen=True, slots=True)
class Advice:
    """Why a network does not fit, and what would."""

    reason: str
    key: str  # the limit, see DoesNotFit
    needed: int | None
    limit: int | None
    tries: tuple[Try, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain data with stable keys."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Case:
    """A network and how it is to be compiled."""

    network: Network
    chip: ChipProfile
    seed: int = 0
    tolerance: Tolerance | None = None
    approximate: bool = False
    partition: Method = DEFAULT
    mapping: CoreMapping | None = None

    def cores(self) -> int:
        return cores_needed(
            self.network,
            self.chip,
            self.seed,
            self.tolerance,
            approximate=self.approximate,
            partition=self.partition,
            mapping=self.mapping,
        )

    @property
    def work(self) -> int:
        """What trying it takes, in synapses."""
        dear = self.partition != "greedy" or self.chip.crossbar is not None
        return max(1000, self.network.n_synapses) * (DEAR if dear else 1)


def advise(
    network: Network,
    chip: ChipProfile | str,
    error: DoesNotFit,
    seed: int = 0,
    tolerance: Tolerance | None = None,
    *,
    approximate: bool = False,
    partition: Method = DEFAULT,
    mapping: CoreMapping | None = None,
) -> Advice:
    """What would make `network` fit, after `compile` with these arguments refused it with `error`.

    Some 20 million synapses are cut in all, about a minute; what is beyond that is named, but not tried.
    """
    profile = chip if isinstance(chip, ChipProfile) else load_chip(chip)
    case = _Case(network, profile, seed, tolerance, approximate, partition, mapping or None)
    budget = _Budget(WORK)
    tries: list[Try] = []
    for change in (_without_mapping, _multilevel, _neurons_per_core, _weight_bits, _fan_in, _cores, _profiles):
        tries += change(case, error, budget)
    tries.append(_locality(case, error))
    return Advice(str(error), error.key, error.needed, error.limit, tuple(tries))


class _Budget:
    """What may still be tried, in synapses."""

    def __init__(self, work: int) -> None:
        self.left = work

    def tried(self, case: _Case, change: str, setting: str) -> Try:
        """Cut the network of a case, if there is enough left.

        The greedy cut is tried first: what fits by it fits by any other, which only takes fewer cores.  What is far too
        large by it is not tried again.
        """
        first = replace(case, partition="greedy")
        found = self._tried(first, change, setting)
        if first == case or case.chip.crossbar is not None or found.fits is not False:
            return found
        if found.cores is None or found.cores > NEAR * int(usable_cores(case.chip.mesh).sum()):
            return found
        better = self._tried(case, change, setting)
        return found if better.fits is None else better

    def _tried(self, case: _Case, change: str, setting: str) -> Try:
        if case.work > self.left:
            return Try(change, setting, None, None, "not tried, as the network is too large to try everything")
        self.left -= case.work
        try:
            n = case.cores()
        except DoesNotFit as error:
            cores = error.needed if error.key == "cores" else None
            return Try(change, setting, False, cores, f"tried: {_still(error)}")
        except NeurosimError as error:
            return Try(change, setting, False, None, f"tried: refused, {_first_words(error)}")
        return Try(change, setting, True, n, f"tried: fits on {n:,} core{'s' * (n > 1)}")


def _still(error: DoesNotFit) -> str:
    if error.needed is None or error.limit is None:
        return f"still does not fit, {_first_words(error)}"
    if error.key == "cores":
        return f"still needs {error.needed:,} cores of {error.limit:,}"
    return f"still needs {error.needed:,} of {error.limit:,} ({error.key})"


def _first_words(error: NeurosimError) -> str:
    text = str(error).partition("\n")[0].partition(": use ")[0]
    return text if len(text) <= MOST_LETTERS else text[: MOST_LETTERS - 3] + "..."


# ---------------------------------------------------------------- the changes


def _without_mapping(case: _Case, error: DoesNotFit, budget: _Budget) -> Iterator[Try]:
    if case.mapping:
        yield budget.tried(replace(case, mapping=None), "without the mapping", "")


def _multilevel(case: _Case, error: DoesNotFit, budget: _Budget) -> Iterator[Try]:
    if case.partition == "greedy" and case.chip.crossbar is None and error.key == "cores":
        yield budget.tried(replace(case, partition="multilevel"), "a better partition", "--partition multilevel")


def _neurons_per_core(case: _Case, error: DoesNotFit, budget: _Budget) -> Iterator[Try]:
    """Fewer neurons on a core: where one core is too small for what its neurons need of it."""
    if case.chip.crossbar is not None or case.mapping:
        return
    cores = error.needed if error.key == "cores" and error.needed else 1
    now = min(case.chip.core.neurons or case.network.n_neurons, -(-case.network.n_neurons // cores))
    for n in sorted({now // 2, now // 4} - {0}, reverse=True):
        fewer = replace(case, mapping=CoreMapping(neurons_per_core=n))
        yield budget.tried(fewer, f"{n:,} neurons a core", f"--neurons-per-core {n}")


def _weight_bits(case: _Case, error: DoesNotFit, budget: _Budget) -> Iterator[Try]:
    """Fewer bits, one width after the other, where synapses take memory that has a limit."""
    chip = case.chip
    if chip.crossbar is not None or (chip.core.synapse_memory_bits is None and chip.pool is None):
        return
    widths = sorted(chip.lists.weight_bits)
    for i in range(len(widths) - 1, 0, -1):
        setting = f"synapse.weight_bits={widths[:i]}"
        fewer = override_chip(chip, {"synapse.weight_bits": widths[:i]})
        made = budget.tried(replace(case, chip=fewer), f"weights of {widths[i - 1]} bits", f"--set '{setting}'")
        yield made
        if made.fits is not False or made.result.startswith("tried: refused"):
            return


def _fan_in(case: _Case, error: DoesNotFit, budget: _Budget) -> Iterator[Try]:
    """The smallest share of synapses without which it fits, by bisection; the smallest weights go first."""

    def tried(share: int) -> Try:
        less = replace(case, network=pruned(case.network, share / SHARES))
        return budget.tried(less, f"{share / SHARES:.0%} of synapses pruned, the smallest weights first", "")

    if not case.network.n_synapses:
        return
    low, high = 0, SHARES - 1
    best = tried(high)
    while best.fits and high - low > 1:
        middle = (low + high) // 2
        made = tried(middle)
        if made.fits is None:
            break
        low, high = (low, middle) if made.fits else (middle, high)
        best = made if made.fits else best
    yield best


def _cores(case: _Case, error: DoesNotFit, budget: _Budget) -> Iterator[Try]:
    """As many chips as are needed, in a row; a limit of single cores stays what it is."""
    mesh, needed = case.chip.mesh, error.needed
    if error.key != "cores" or needed is None or case.mapping:
        return
    each = mesh.tiles_x * mesh.tiles_y * mesh.cores_per_tile * mesh.chips_y
    chips = max(mesh.chips_x + 1, -(-(needed + len(mesh.disabled_cores)) // each))
    if chips <= 1024:
        more = override_chip(case.chip, {"mesh.chips_x": chips})
        words = f"{chips * mesh.chips_y:,} chips in place of {mesh.n_chips:,}"
        yield budget.tried(replace(case, chip=more), words, f"--set mesh.chips_x={chips}")


def _profiles(case: _Case, error: DoesNotFit, budget: _Budget) -> Iterator[Try]:
    for name in list_chips():
        if name != case.chip.name:
            other = replace(case, chip=load_chip(name), mapping=None)
            yield budget.tried(other, f"chip {name}", f"--chip {name}")


def _locality(case: _Case, error: DoesNotFit) -> Try:
    """What cannot be tried: who should listen to whom is the network's own matter."""
    each, n = case.chip.core.neurons, case.network.n_neurons
    cores = -(-n // each) if each else 1
    there = int(usable_cores(case.chip.mesh).sum())
    words = f"not tried, as that is another network; its neurons alone take {cores:,} of {there:,} cores"
    return Try("more local connections", "", None, None, words)


def pruned(network: Network, share: float) -> Network:
    """The network without this share of the synapses of each projection, those of smallest weight."""
    projections = []
    for p in network.projections:
        kept = np.sort(
            np.argsort(-np.abs(p.weights.astype(np.float64)), kind="stable")[: round((1 - share) * p.n_synapses)]
        )
        arrays = {name: getattr(p, name)[kept] for name in ("sources", "targets", "weights", "delays")}
        projections.append(replace(p, **arrays))
    return Network(network.dt_ms, list(network.populations), list(network.inputs), projections)
