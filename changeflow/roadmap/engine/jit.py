"""Run one source in two ways: as plain Python, or compiled by numba if a network is large.

A kernel function stays a plain function. `call` runs it as it is for small networks, and its compiled twin for large
ones. numba is loaded with the first twin, because loading it takes longer than most commands take.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from glob import escape, glob
from threading import RLock
from types import FunctionType
from typing import Any, TypeVar

import numpy as np

CACHED_FROM, COMPILED_FROM = 1_500, 20_000
"""The smallest numbers of rows for which compiled code is used: if this machine has already compiled it, and if it has
not."""
_F = TypeVar("_F", bound=Callable[..., Any])
_IS_INLINED: dict[Any, bool] = {}
"""Each kernel function, and whether it is compiled into its callers."""
_TWINS: dict[Any, Any] = {}
_NAMES: dict[str, dict[str, Any]] = {}
"""For each module, its names as its compiled functions see them."""
_CACHED: dict[Any, bool] = {}
"""For each compiled twin, whether numba's cache had it: the folder is not read again at every call."""
_LOCK = RLock()


def kernel(function: _F) -> _F:
    """Mark a function that may be compiled: it must allocate nothing, and handle only numbers and arrays."""
    _IS_INLINED[function] = False
    return function


def inlined(function: _F) -> _F:
    """Mark a kernel function that is compiled into its callers, because passing the arrays would take longer."""
    _IS_INLINED[function] = True
    return function


def unsigned(number: int) -> int:
    """Return a number; in compiled code an unsigned one, which as an index needs no test for negative values."""
    return number


def wide(number: int) -> int:
    """Return a number; in compiled code, one of 64 bits."""
    return number


def call(function: Callable[..., Any], size: int, *arguments: Any) -> Any:  # noqa: ANN401
    """Run a kernel function on arrays and numbers: as plain Python, or compiled where `size` is worth it."""
    if size >= CACHED_FROM and (size >= COMPILED_FROM or _is_cached(twin(function))):
        return twin(function)(*arguments)
    return function(*(viewed(a) for a in arguments))


@contextmanager
def compiled_always() -> Iterator[None]:
    """Run compiled code whatever the size, in all threads, until the end of the block."""
    global CACHED_FROM, COMPILED_FROM
    known = CACHED_FROM, COMPILED_FROM
    CACHED_FROM = COMPILED_FROM = 0
    try:
        yield
    finally:
        CACHED_FROM, COMPILED_FROM = known


def viewed(value: Any) -> Any:  # noqa: ANN401
    """Return arrays as memory views, which plain Python reads faster and whose numbers are Python's own."""
    if isinstance(value, np.ndarray):
        return value.data
    return type(value)(*map(viewed, value)) if isinstance(value, tuple) else value


def twin(function: Callable[..., Any]) -> Any:  # noqa: ANN401
    """Return the compiled twin of a kernel function; it is compiled, or read from numba's cache, when first called."""
    with _LOCK:
        if function not in _TWINS:
            # Loaded here, because it takes longer to load than most commands take.
            from changeflow.roadmap.engine import compiling

            names = _NAMES.setdefault(function.__module__, dict(function.__globals__))
            copy = FunctionType(function.__code__, names, function.__name__, function.__defaults__)
            _TWINS[function] = (compiling.inlined if _IS_INLINED[function] else compiling.compiled)(copy)
            for name in function.__code__.co_names:
                value = names.get(name)
                if value is unsigned or value is wide:
                    names[name] = np.uint64 if value is unsigned else np.int64
                elif isinstance(value, FunctionType) and value in _IS_INLINED:
                    names[name] = twin(value)
        return _TWINS[function]


def _is_cached(compiled: Any) -> bool:  # noqa: ANN401
    """Return whether there is compiled code: in this process, or in numba's cache when first checked."""
    if compiled in _CACHED:
        return _CACHED[compiled] or bool(compiled.overloads)
    code = compiled.py_func.__code__
    stem = f"{compiled.py_func.__module__.rsplit('.', 1)[-1]}.{code.co_qualname}-{code.co_firstlineno}."
    _CACHED[compiled] = bool(glob(f"{escape(compiled.stats.cache_path)}/{stem}*.nbi"))  # noqa: PTH207
    return _CACHED[compiled] or bool(compiled.overloads)
