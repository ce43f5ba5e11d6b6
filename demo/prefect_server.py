"""A Prefect server that starts while other commands run.

`python -m demo.prefect_server` is its process. It prints a line when the server begins to start, the address when it
responds, and a line when it has stopped. It runs until standard input ends, which also happens when the demo is killed.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress

from changeflow.errors import InputError
from flows.serving import local_server


class PrefectServer:
    """A server in the background. It starts at once; `address` waits for it, and `stop` ends it."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "demo.prefect_server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
            start_new_session=True,
        )
        self.starting = self._line()
        """A message that says where the server and its log are."""

    def address(self) -> str:
        """Wait until the server responds; return the address of its API."""
        if not (address := self._line()):
            raise InputError(f"The Prefect server did not start. {self.starting}")
        return address

    def stop(self) -> str:
        """Stop the server; return a message that says so, or an empty string if it had already stopped."""
        # It may still be starting, and would read standard input only afterwards.
        self._process.send_signal(signal.SIGINT)
        lines = self._process.communicate()[0].splitlines()
        return lines[-1] if lines else ""

    def _line(self) -> str:
        stdout = self._process.stdout
        return stdout.readline().strip() if stdout is not None else ""


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt), local_server(say=_say) as url:
        _say(url)
        sys.stdin.read()
