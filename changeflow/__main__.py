"""`python -m changeflow` and the command `changeflow`."""

import gc
import os

from changeflow.collector import collect_rarely


def main() -> None:
    """Run one command."""
    collect_rarely()
    # Pydantic would search every installed package for plugins, which changeflow does not use. Processes that this one
    # starts inherit the setting.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")
    from changeflow.cli import main as run

    try:
        run()
    finally:
        # Memory is freed when the process ends; the interpreter's last garbage collections would take 0.3 s.
        gc.freeze()


if __name__ == "__main__":
    main()

__all__ = ["main"]
