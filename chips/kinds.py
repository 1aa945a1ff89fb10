"""Kinds: which kinds of population a chip can hold, by the sections of its profile."""

from collections.abc import Mapping

from chips.load import list_chips, load_chip
from chips.profile import ChipProfile

SECTIONS_OF: Mapping[str, tuple[str, ...]] = {
    "lif": ("cuba_lif", "linear_lif", "crossbar"),
    "registers": ("cuba_lif",),
    "linear_lif": ("linear_lif",),
    "truenorth": ("crossbar",),
    "linear": ("graded",),
    "hardtanh": ("graded",),
    "tanh": ("graded",),
    "square": ("graded",),
    "liquid_time_constant": ("graded",),
    "resonate_and_fire": ("graded",),
}
"""kind of population -> sections of a profile; any one of them will do."""


def has_kind(chip: ChipProfile, kind: str) -> bool:
    """Whether a chip can hold populations of this kind."""
    return any(getattr(chip, section) is not None for section in SECTIONS_OF[kind])


def chips_with(kind: str) -> list[str]:
    """Names of the packaged chips that can hold populations of this kind."""
    return [name for name in list_chips() if has_kind(load_chip(name), kind)]


def adapts(chip: ChipProfile) -> bool:
    """Whether the threshold of a LIF neuron can rise with its own spikes."""
    return chip.cuba_lif is not None and chip.cuba_lif.adaptation_bits > 0


def chips_that_adapt() -> list[str]:
    """Names of the packaged chips whose LIF neurons can adapt."""
    return [name for name in list_chips() if adapts(load_chip(name))]
