"""Public names of a package that are loaded when they are first used (PEP 562)."""

import importlib
from collections.abc import Callable, Mapping
from typing import Any


def loader(package: str, home: Mapping[str, str], names: dict[str, Any]) -> Callable[[str], Any]:
    """The `__getattr__` of a package.

    Args:
        package: its name.
        home: module -> the names that it is home to, with blanks between.
        names: the package's globals, which keep what was loaded.
    """
    module_of = {name: module for module, known in home.items() for name in known.split()}

    def load(name: str) -> Any:
        if name not in module_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        # no module carries a public name: importing it would hide the function
        names[name] = getattr(importlib.import_module(module_of[name]), name)
        return names[name]

    return load
