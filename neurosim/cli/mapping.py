"""Options of the command line that say where neurons go, and what they mean."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from compiler import Mapping

NeuronsPerCore = Annotated[
    list[str] | None,
    typer.Option(
        "--neurons-per-core", metavar="N or POPULATION=N", help="At most so many neurons on a core; repeatable."
    ),
]
Pin = Annotated[
    list[str] | None,
    typer.Option("--pin", metavar="POPULATION=CORES", help="The cores of a population, as in cells=0,4-7; repeatable."),
]
ForbiddenCores = Annotated[
    str | None, typer.Option("--forbidden-cores", metavar="CORES", help="Cores that hold nothing, as in 3,8-11.")
]
Together = Annotated[
    list[str] | None,
    typer.Option("--together", metavar="GROUP", help="What shares a core, as in 'cells[0:10],readout'; repeatable."),
]


def read_mapping(
    neurons_per_core: list[str] | None, pin: list[str] | None, forbidden_cores: str | None, together: list[str] | None
) -> Mapping:
    """The mapping that the options say.

    Raises:
        MappingError: one cannot be read, or they contradict each other.
    """
    from compiler import Mapping

    return Mapping(
        neurons_per_core=_limits(neurons_per_core or []),
        pinned={name: _cores(text, "--pin") for name, text in (_pair(text, "--pin") for text in pin or [])},
        forbidden_cores=_cores(forbidden_cores, "--forbidden-cores") if forbidden_cores else (),
        together=tuple(tuple(name.strip() for name in group.split(",")) for group in together or []),
    )


def _limits(texts: list[str]) -> Any:
    if len(texts) == 1 and "=" not in texts[0]:
        return _whole(texts[0], "--neurons-per-core")
    pairs = [_pair(text, "--neurons-per-core") for text in texts]
    return {name: _whole(text, "--neurons-per-core") for name, text in pairs} or None


def _pair(text: str, option: str) -> tuple[str, str]:
    from chips import MappingError

    name, equals, value = text.rpartition("=")
    if not (name and equals and value):
        raise MappingError(f"{option} {text}: write POPULATION=VALUE, as in cells=4")
    return name.strip(), value.strip()


def _whole(text: str, option: str) -> int:
    from chips import MappingError

    if not re.fullmatch(r"\d{1,9}", text.strip(), re.ASCII):
        raise MappingError(f"{option}: {text!r} is not a whole number from 0 to 999,999,999")
    return int(text)


def _cores(text: str, option: str) -> tuple[int, ...]:
    """The cores of a list such as 0,4-7."""
    from chips import MappingError

    cores: list[int] = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        low = _whole(first, option)
        high = _whole(last, option) if dash else low
        if high < low:
            raise MappingError(f"{option}: {part.strip()} holds no core: write the lower number first, {high}-{low}")
        cores += range(low, high + 1)
    return tuple(cores)
