"""Wishes: cut a network into pieces, as a mapping and an older program want it."""

import numpy.typing as npt

from chips.errors import DoesNotFit, MappingError
from chips.profile import ChipProfile
from compiler.lowering.lowered import LoweredNetwork
from compiler.mapping import Mapping
from compiler.mapping_rules import Rules, rules_of
from compiler.partitioning.hypergraph import Hypergraph
from compiler.partitioning.partition import partition
from compiler.partitioning.piece_use import Partition
from compiler.partitioning.problem import Method
from compiler.program import Program


def refuse_wishes(chip: ChipProfile, mapping: Mapping | None, like: Program | None) -> None:
    """Refuse wishes on a chip of crossbars.

    Raises:
        MappingError: there are any.
    """
    if mapping or like:
        raise MappingError(
            f"{chip.name} is a chip of crossbars, whose cores are cut by the types of their axons, and takes no "
            "mapping and no program to keep to: set core.neurons or mesh.disabled_cores of the profile instead"
        )


def cut_as_wished(
    lowered: LoweredNetwork,
    graph: Hypergraph,
    chip: ChipProfile,
    rates: npt.ArrayLike | None,
    method: Method,
    seed: int,
    mapping: Mapping | None = None,
    like: Program | None = None,
) -> tuple[Partition, ChipProfile]:
    """Pieces, and the chip as placement may use it; the other arguments are those of `compile`.

    Raises:
        NeurosimError: as `compile`.
    """
    if not (mapping or like):
        return partition(lowered, graph, chip, rates, method, seed), chip
    rules = rules_of(mapping or Mapping(), lowered.spans, chip)
    if like is not None:
        kept = _kept(like, lowered, graph, chip, rules, rates)
        if kept is not None:
            return kept, rules.chip
    if not rules.is_plain:
        from compiler.partitioning.partition_by_rules import partition_by_rules  # it loads numba

        return partition_by_rules(lowered, graph, chip, rules, rates, method, seed), rules.chip
    try:
        return partition(lowered, graph, rules.chip, rates, method, seed), rules.chip
    except DoesNotFit as error:
        words = f"{error}; the mapping {rules.words}" if rules.words else str(error)
        raise DoesNotFit(words, error.key, error.needed, error.limit) from error


def _kept(
    like: Program,
    lowered: LoweredNetwork,
    graph: Hypergraph,
    chip: ChipProfile,
    rules: Rules,
    rates: npt.ArrayLike | None,
) -> Partition | None:
    """Pieces close to those of an older program; None where that leaves no room, and all must be cut anew."""
    from compiler.partitioning.keep import check_like, partition_like  # they load numba
    from compiler.partitioning.partition_by_rules import ground_of

    check_like(like, lowered.spans, chip)
    return partition_like(ground_of(lowered, graph, chip, rules, rates), like)
