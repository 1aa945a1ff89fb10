"""Which faults a chip has, drawn by a seed."""

from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np

from chips import RunError
from neurosim.numbers import is_whole

FRACTIONS = ("stuck_synapses", "flipped_weight_bits", "dropped_packets")
STUCK, FLIPPED = 1, 2  # streams of random numbers
_NOTE = "faults: "


def note_of(faults: "Faults") -> str:
    """What a program with these faults notes."""
    return f"{_NOTE}{faults}"


def faults_noted(notes: Iterable[str]) -> tuple[str, ...]:
    """The faults that notes of a program name, each as `Faults.parse` reads it."""
    return tuple(note.removeprefix(_NOTE) for note in notes if note.startswith(_NOTE))


@dataclass(frozen=True)
class Faults:
    """Faults of a chip, the same for the same seed.

    A synapse that is hit at some fraction is hit at every larger one, so curves over fractions are smooth.

    Attributes:
        dead_cores: numbers of cores on the mesh whose neurons never fire.  What is sent to them is still sent, arrives
            and is counted there, and so are their neurons' updates.
        stuck_synapses: fraction of synapses whose weight reads 0; of crosspoints of a crossbar that read 0, so that no
            event is counted there.
        flipped_weight_bits: chance of each stored bit of a weight to read otherwise; on a crossbar, of the weights that
            each neuron (copies and relays too) has for the types of axons.
        dropped_packets: chance of each packet, external ones and those to the own core too, not to arrive.  It is
            counted where it is sent and on its links, and nowhere else; drawn anew in each step and sample.
        seed: of what is hit.
    """

    dead_cores: tuple[int, ...] = ()
    stuck_synapses: float = 0.0
    flipped_weight_bits: float = 0.0
    dropped_packets: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what is none.

        Raises:
            RunError: a fraction outside 0 to 1, or numbers that are not whole.
        """
        for name in FRACTIONS:
            value = getattr(self, name)
            is_number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
            if not is_number or not 0 <= value <= 1:
                raise RunError(f"{name} is {value!r}, but a fraction from 0 to 1 is needed")
        cores = tuple(self.dead_cores) if isinstance(self.dead_cores, tuple | list | np.ndarray) else None
        if cores is None or not all(is_whole(core, 0, 2**31 - 1) for core in cores):
            raise RunError(f"dead_cores is {self.dead_cores!r}, but numbers of cores are needed, as (3, 7)")
        if not is_whole(self.seed, 0, 2**63 - 1):
            raise RunError(f"seed is {self.seed!r}, but a whole number from 0 to 2^63 - 1 is needed")
        object.__setattr__(self, "dead_cores", tuple(sorted({int(core) for core in cores})))

    def __str__(self) -> str:
        """As `parse` reads it."""
        cores = "+".join(map(str, self.dead_cores))
        given = {"dead_cores": cores, **{name: getattr(self, name) for name in FRACTIONS}, "seed": self.seed}
        return ",".join(f"{key}={value}" for key, value in given.items() if value not in ("", 0.0) or key == "seed")

    def random(self, stream: int) -> np.random.Generator:
        """Random numbers of one kind of fault."""
        return np.random.Generator(np.random.PCG64(np.random.SeedSequence([self.seed, stream])))

    @staticmethod
    def parse(text: str) -> "Faults":
        """Faults from text such as "dead_cores=3+7,stuck_synapses=0.01,seed=1".

        Raises:
            RunError: an unknown name, or a value that is no number.
        """
        known = [field.name for field in fields(Faults)]
        values: dict[str, object] = {}
        for part in filter(None, (part.strip() for part in text.split(","))):
            name, _, value = (piece.strip() for piece in part.partition("="))
            if name not in known or name in values:
                raise RunError(f"faults: {part[:80]!r} is none: write NAME=VALUE, each once, of {', '.join(known)}")
            try:
                if name == "dead_cores":
                    values[name] = tuple(int(core) for core in value.split("+"))
                else:
                    values[name] = int(value) if name == "seed" else float(value)
            except ValueError:
                raise RunError(f"faults: {name} is {value[:80]!r}, which is no number (several cores: 3+7)") from None
        return Faults(**values)  # type: ignore[arg-type]
