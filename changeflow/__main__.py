"""`python -m changeflow` and the command `changeflow`."""

import gc

ALLOCATIONS = 100_000
"""Between two looks for garbage. With Python's 700 a command looks hundreds of times through all that it has loaded."""


def main() -> None:
    """Run one command."""
    gc.set_threshold(ALLOCATIONS)
    from changeflow.cli import main as run

    try:
        run()
    finally:
        # A process that ends gives everything back at once; the interpreter's last looks for garbage take 0.3 s.
        gc.freeze()


if __name__ == "__main__":
    main()

__all__ = ["main"]
