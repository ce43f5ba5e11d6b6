"""Work in processes of their own, which begin at once: they are forked from one that has only imported the product."""

import multiprocessing
import os
import sys
from collections.abc import Callable
from multiprocessing.context import ForkServerContext
from pathlib import Path

from tests.waiting import PATIENCE

APART: ForkServerContext = multiprocessing.get_context("forkserver")
APART.set_forkserver_preload(["tests.loaded"])


def run_apart(
    work: Callable[..., object], *given: object, folder: Path, environment: dict[str, str] | None = None
) -> tuple[int, str, str]:
    """Do some work in such a process, in a folder of its own; return its exit code, and what it wrote on each stream.

    Nothing of changeflow's in the environment reaches it but what is given. One that is stuck is ended after
    `tests.waiting.PATIENCE`.
    """
    streams = [folder / name for name in (".stdout", ".stderr")]
    child = APART.Process(target=_begin, args=(work, given, folder, environment or {}, streams))
    child.start()
    child.join(PATIENCE)
    if child.exitcode is None:
        child.kill()
        raise AssertionError(f"{work} did not end within {PATIENCE:g} seconds")
    return child.exitcode, *(stream.read_text(encoding="utf-8") for stream in streams)


def command(*words: str) -> None:
    """Run a command line, as `python -m changeflow` does."""
    from changeflow.__main__ import main

    sys.argv = ["changeflow", *words]
    main()


def _begin(
    work: Callable[..., object], given: tuple[object, ...], folder: Path, environment: dict[str, str],
    streams: list[Path],
) -> None:  # fmt: skip
    for name in [name for name in os.environ if name.startswith("CHANGEFLOW_")]:
        del os.environ[name]
    os.environ.update(environment)
    os.chdir(folder)
    for descriptor, stream in enumerate(streams, 1):
        opened = os.open(stream, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(opened, descriptor)
        os.close(opened)
    work(*given)
