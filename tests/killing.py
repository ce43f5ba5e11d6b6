"""Kill some work at its n-th step, for every n: what a power cut leaves behind, however fast the machine is."""

import os
import resource
import signal
import sqlite3
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

STEPS = ("rename", "replace", "link", "unlink", "remove", "mkdir", "rmdir", "fsync", "open", "chmod", "chown", "write")


def killed_at(n: int, work: Callable[[], object], *, modules: tuple[str, ...]) -> bool:
    """Do some work in a process that is killed before its n-th step; False where it ended first.

    A step is a call to the system that changes files, or one to SQLite out of `modules`. What is there after a step is
    what is there before the next.
    """
    return in_child(lambda: (_mark(n, modules), work())) == -signal.SIGKILL


def killed_beyond(size: int, work: Callable[[], object]) -> bool:
    """Do some work in a process that dies at the write that makes any file larger than `size` bytes."""

    def limited() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
        work()

    return in_child(limited) == -signal.SIGXFSZ


def crashed(work: Callable[[], object]) -> None:
    """Do some work in a process that ends without closing anything."""
    assert in_child(work) == 0


def in_child(work: Callable[[], object], *, closing: int | None = None) -> int:
    """Do some work in a process; return its exit code. `closing` is a descriptor that only the child keeps."""
    child = os.fork()
    if child == 0:
        code = 3
        try:
            work()
            code = 0
        except BaseException as error:  # noqa: BLE001  (the parent sees the exit code)
            sys.stderr.write(f"in the child: {error!r}\n")
        finally:
            os._exit(code)
    if closing is not None:
        os.close(closing)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, -signal.SIGKILL, -signal.SIGXFSZ), f"it ended with {code}"
    return code


def _mark(n: int, modules: tuple[str, ...]) -> None:
    count = 0

    def step(frame: FrameType, event: str, what: Any) -> None:
        nonlocal count
        if event != "c_call":
            return
        owner = getattr(what, "__self__", None)
        is_file = getattr(what, "__module__", None) == "posix" and what.__name__ in STEPS
        is_sql = isinstance(owner, sqlite3.Connection) and frame.f_globals.get("__name__") in modules
        if is_file or is_sql:
            count += 1
            if count == n:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(step)
