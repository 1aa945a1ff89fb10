"""Chips: what a chip can hold and what each event costs.  Profiles are data; see the folder profiles."""

from chips.embed import profile_from_json, profile_to_json
from chips.errors import (
    CannotRepresent,
    DoesNotFit,
    ExperimentError,
    Fault,
    FaultyFile,
    MappingError,
    NetworkError,
    NeurosimError,
    ProfileError,
    ProgramError,
    RunError,
    StudyError,
)
from chips.load import list_chips, load_chip, override_chip
from chips.override import parse_override
from chips.profile import ChipProfile, Source
from chips.schema import json_schema
from chips.show import Row, profile_rows

__project__ = "neurosim-toolchain"

__all__ = [
    "CannotRepresent",
    "ChipProfile",
    "DoesNotFit",
    "ExperimentError",
    "Fault",
    "FaultyFile",
    "MappingError",
    "NetworkError",
    "NeurosimError",
    "ProfileError",
    "ProgramError",
    "Row",
    "RunError",
    "Source",
    "StudyError",
    "__project__",
    "json_schema",
    "list_chips",
    "load_chip",
    "override_chip",
    "parse_override",
    "profile_from_json",
    "profile_rows",
    "profile_to_json",
]
