"""What all workers of a test run share: the first that needs it starts it, and stops it when no other one needs it."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path
from threading import RLock
from typing import Any

import pytest


def shared_folder(factory: pytest.TempPathFactory, name: str) -> Path:
    """Return a folder of the test run: the same one in each of its workers."""
    own = factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / name
    folder.mkdir(exist_ok=True)
    return folder


@contextmanager
def shared(folder: Path, start: Callable[[], AbstractContextManager[str]]) -> Iterator[str]:
    """Yield the text that `start` yields, in every process that names the same folder; only one of them starts it.

    The process that started it leaves last. One that is killed counts no more: the system frees its locks.
    """
    found = folder / "found"
    with ExitStack() as using:
        with _lock(folder / "starting", fcntl.LOCK_EX):
            if found.exists():
                using.enter_context(_lock(folder / "using", fcntl.LOCK_SH))
            else:
                using.enter_context(_started(folder, found, start))
            text = found.read_text()
        yield text


@contextmanager
def _started(folder: Path, found: Path, start: Callable[[], AbstractContextManager[str]]) -> Iterator[None]:
    with ExitStack() as running:
        found.write_text(running.enter_context(start()))
        try:
            yield
        finally:
            # Who comes now waits until it has stopped, and starts it again.
            with _lock(folder / "starting", fcntl.LOCK_EX), _lock(folder / "using", fcntl.LOCK_EX):
                found.unlink()
                running.close()


@contextmanager
def compiled_once(folder: Path) -> Iterator[None]:
    """Let one worker at a time compile: the others wait, and read what it has compiled from numba's cache."""
    from numba.core.dispatcher import Dispatcher

    compile_it, within, depth = Dispatcher.compile, RLock(), 0

    def compile_in_turn(self: Any, signature: Any) -> Any:
        nonlocal depth
        # What a function calls is compiled while it is, in the same turn.
        with within, nullcontext() if depth else _lock(folder / "compiling", fcntl.LOCK_EX):
            depth += 1
            try:
                return compile_it(self, signature)
            finally:
                depth -= 1

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Dispatcher, "compile", compile_in_turn)
        yield


@contextmanager
def _lock(path: Path, kind: int) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, kind)
        yield
