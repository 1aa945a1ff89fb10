"""Every refusal of the project, as one tree.

A message names the object, the amount, the limit, the key and the remedy.  The command line prints it
and exits with 1; a library user catches `NeurosimError` or the branch of interest.
"""

from dataclasses import dataclass


class NeurosimError(Exception):
    """The root: whatever this project refuses, it refuses with one of these."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in a file, with the place and the mend."""

    where: str  # "my_chip.yaml:12" or "--set core.neurons=x"
    path: str  # dotted key, "" for the whole file
    message: str

    def __str__(self) -> str:
        """The line that the user reads."""
        return f"{self.where}: {self.path}: {self.message}" if self.path else f"{self.where}: {self.message}"


class FaultyFile(NeurosimError):  # noqa: N818 - the file is at fault
    """A file with one or more faults; all of them are listed at once.

    Attributes:
        faults: every fault found, in the order of the file.
    """

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in faults))


class ProfileError(FaultyFile):
    """A chip profile that cannot be used."""


class NetworkError(NeurosimError):
    """A network that is not one: unknown names, indices out of range, values that are not numbers."""


class CannotRepresent(NeurosimError):  # noqa: N818 - reads as the refusal it is
    """A parameter that the chip's integers cannot hold within the stated tolerance."""


class MappingError(NeurosimError):
    """A wish about where neurons go that contradicts itself, the network or the chip."""


class DoesNotFit(NeurosimError):  # noqa: N818 - likewise
    """A network that exceeds a limit of the chip.

    Attributes:
        key: the limit, as a key of the profile, or "cores" for those of all chips together; "" where it is several.
        needed: how much of it.
        limit: how much there is.
    """

    def __init__(self, message: str, key: str = "", needed: int | None = None, limit: int | None = None) -> None:
        self.key, self.needed, self.limit = key, needed, limit
        super().__init__(message)


class ProgramError(NeurosimError):
    """A program that is damaged, foreign, or breaks a limit of its chip."""


class RunError(NeurosimError):
    """Input or settings that a run cannot use."""


class ExperimentError(FaultyFile):
    """An experiment file that cannot be used."""


class StudyError(FaultyFile):
    """A study file, or a store of results, that cannot be used."""
