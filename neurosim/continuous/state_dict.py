"""State dictionaries: the parameters of a trained module, by name, as arrays."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from chips import NetworkError
from neurosim.continuous.model import Floats

WRAPPER = "rnn_cell."


class Arrays(dict[str, Floats]):
    """Name -> array."""

    def need(self, name: str) -> Floats:
        """One array.

        Raises:
            NetworkError: there is none of this name.
        """
        if name not in self:
            raise NetworkError(f"the state has no {name!r}; it has {', '.join(sorted(self)) or 'nothing'}")
        return self[name]


def read_state(state: Mapping[str, Any], prefix: str | None) -> Arrays:
    """The arrays whose names begin with `prefix` ("rnn_cell." or nothing, as found, if None), which is cut off.

    Raises:
        NetworkError: `state` is no mapping, a value is no array of finite numbers, or the module has mixed memory.
    """
    if not isinstance(state, Mapping) or not all(isinstance(key, str) for key in state):
        raise NetworkError("state must map names to arrays, as module.state_dict() does")
    if any(key.startswith("lstm.") for key in state):
        raise NetworkError("the module has mixed memory (lstm.*), which has no liquid: train it with mixed_memory=False")
    if prefix is None:
        prefix = WRAPPER if any(key.startswith(WRAPPER) for key in state) else ""
    return Arrays({key[len(prefix) :]: _array(key, value) for key, value in state.items() if key.startswith(prefix)})


def _array(name: str, value: Any) -> Floats:
    try:
        array = np.asarray(value.detach().cpu() if hasattr(value, "detach") else value, np.float64)
    except (TypeError, ValueError, RuntimeError):
        raise NetworkError(f"{name!r} of the state is not an array of numbers") from None
    if not np.isfinite(array).all():
        raise NetworkError(f"{name!r} of the state holds a number that is not finite")
    return array
