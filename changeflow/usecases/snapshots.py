"""Programmes that a process keeps in memory: joining and judging one takes a hundred times as long as reading a row.

A kept programme is found by everything that decides what it is, so there is nothing to invalidate: after a change, on
another day, by other rulepacks or in another file under the same address it has another key.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from threading import Event, Lock
from typing import Generic, TypeVar

from changeflow.values.base import Same
from changeflow.values.rulepack import Rulepacks

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Cache(Generic[K, V]):
    """A bounded number of results, the ones used last; of threads that need the same one, one computes it."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._found: OrderedDict[K, V] = OrderedDict()
        self._making: dict[K, Event] = {}
        self._lock = Lock()

    def get(self, key: K, make: Callable[[], V]) -> V:
        """Return the kept result, or make it. An error is not kept: the next thread tries for itself."""
        while True:
            with self._lock:
                if key in self._found:
                    self._found.move_to_end(key)
                    return self._found[key]
                made_elsewhere = self._making.get(key)
                if made_elsewhere is None:
                    mine = self._making[key] = Event()
                    break
            made_elsewhere.wait()
        try:
            value = make()
            self.keep(key, value)
            return value
        finally:
            with self._lock:
                self._making.pop(key, None)
            mine.set()

    def keep(self, key: K, value: V) -> None:
        """Keep a result that is known already."""
        with self._lock:
            self._found[key] = value
            self._found.move_to_end(key)
            while len(self._found) > self.most:
                self._found.popitem(last=False)

    def values(self) -> list[V]:
        """Return what is kept, the one used last first."""
        with self._lock:
            return list(reversed(self._found.values()))

    def __contains__(self, key: K) -> bool:
        return key in self._found


class NotKeptError(Exception):
    """Something would have to be worked out, where only what is kept may be looked at."""


_KEPT_ONLY: ContextVar[bool] = ContextVar("kept_only", default=False)


@contextmanager
def kept_only() -> Iterator[None]:
    """Look, in this block, at kept programmes only; another one is a `NotKeptError`."""
    token = _KEPT_ONLY.set(True)
    try:
        yield
    finally:
        _KEPT_ONLY.reset(token)


def may_work() -> bool:
    return not _KEPT_ONLY.get()


@lru_cache(maxsize=2)
def hash_of(rulepacks: Same[Rulepacks]) -> str:
    return hashlib.sha256(rulepacks.value.model_dump_json().encode()).hexdigest()
