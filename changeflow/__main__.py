"""`python -m changeflow` and the command `changeflow`."""

from changeflow.cli import main

if __name__ == "__main__":
    main()

__all__ = ["main"]
