"""Packages that only an exchange needs, loaded when it is asked for."""

import importlib
from typing import Any

from chips import NeurosimError


def need(module: str, what: str) -> Any:
    """The module, or a refusal that says how to get it.

    Raises:
        NeurosimError: it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise NeurosimError(
            f"{what} needs the package {module!r} ({error}): pip install 'neurosim-toolchain[exchange]' brings it"
        ) from error
