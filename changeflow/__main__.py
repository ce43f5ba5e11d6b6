"""`python -m changeflow` and the command `changeflow`."""

import gc

ALLOCATIONS = 1_000_000
"""Between two looks for garbage: most commands end before the first. Python's 700 have it look hundreds of times."""


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
