"""Compiled functions: numba's, and what numba compiled kept on disk in every case.

numba's own cache looks for changes in a function's own file only, refuses functions where it may not write, and
stumbles over an index that names what no longer exists.  Here what was compiled is out of date as soon as any file in
the function's folder changes; it is read from wherever it stands, written to the first place that takes it, and made
anew in each process where none does.
"""

import contextlib
import functools
import hashlib
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba import njit
from numba.core import caching, config
from numba.misc.appdirs import AppDirs


def jit(function: Callable[..., Any] | None = None, **options: Any) -> Any:
    """Compile a function with numba, without Python's lock, and keep it on disk.

    Args:
        function: what to compile.
        options: of `numba.njit`.
    """
    if function is None:
        return functools.partial(jit, **options)
    compiled = njit(nogil=True, **options)(function)
    compiled._cache = _Places(function)
    return compiled


def lean_jit(function: Callable[..., Any] | None = None, **options: Any) -> Any:
    """As `jit`, for a function that makes no array, but may take parts of those it is given.

    numba counts references of every array that is read from a tuple, sliced or passed on, as one that was made would
    have to be freed.  In an inner loop that takes longer than the work; here it is left out.
    """
    return jit(function, _nrt=False, **options)


class _Places(caching._Cache):
    """The places where a compiled function may stand: the folder that the user names, beside its source, the user's."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._caches = [_Place(function, folder) for folder in _folders(function)]

    @property
    def cache_path(self) -> str:
        return str(self._caches[0].cache_path)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        for cache in self._caches:
            with contextlib.suppress(Exception):  # whatever is wrong with a cache, the source is there
                found = cache.load_overload(sig, target_context)
                if found is not None:
                    return found
        return None

    def save_overload(self, sig: Any, data: Any) -> None:
        for cache in self._caches:
            with contextlib.suppress(OSError):
                cache.save_overload(sig, data)
                return

    def enable(self) -> None:
        for cache in self._caches:
            cache.enable()

    def disable(self) -> None:
        for cache in self._caches:
            cache.disable()

    def flush(self) -> None:
        for cache in self._caches:
            with contextlib.suppress(OSError):
                cache.flush()


class _Place(caching.FunctionCache):
    """numba's cache of one function in a given folder."""

    def __init__(self, function: Callable[..., Any], folder: Path) -> None:
        class Form(caching.CompileResultCacheImpl):
            _locator_classes: Any = (_Locator(function, folder),)  # asked for from_function only

        self._impl_class = Form
        super().__init__(function)

    def save_overload(self, sig: Any, data: Any) -> None:
        try:
            super().save_overload(sig, data)
        except OSError:
            raise
        except Exception:  # an index that cannot be read, whatever is wrong with it
            self.flush()
            super().save_overload(sig, data)


class _Locator(caching._CacheLocator):
    """Says that the cache is in a given folder, and what makes it out of date."""

    def __init__(self, function: Callable[..., Any], folder: Path) -> None:
        self._function, self._folder = function, folder

    def from_function(self, py_func: Any, py_file: Any) -> Any:  # type: ignore[override]  # of this place, already made
        return self

    def get_cache_path(self) -> str:
        return str(self._folder)

    def get_source_stamp(self) -> str:
        return _digest(Path(inspect.getfile(self._function)).parent)

    def get_disambiguator(self) -> str:
        return str(self._function.__code__.co_firstlineno)


def _folders(function: Callable[..., Any]) -> list[Path]:
    """NUMBA_CACHE_DIR where it is set, `__pycache__` beside the source, and the user's cache of numba."""
    source = inspect.getfile(function)
    sub = caching._CacheLocator.get_suitable_cache_subpath(source)
    named = getattr(config, "CACHE_DIR", "")
    shared = [named] if named else []
    shared.append(AppDirs(appname="numba", appauthor=False).user_cache_dir)
    folders = [Path(folder) / sub for folder in shared]
    return [*folders[:-1], Path(source).parent / "__pycache__", folders[-1]]


@functools.cache
def _digest(folder: Path) -> str:
    """Of all sources in a folder."""
    digest = hashlib.sha256()
    for file in sorted(folder.glob("*.py")):
        content = file.read_bytes()
        digest.update(f"{file.name} {len(content)} ".encode() + content)
    return digest.hexdigest()
