"""Compare an uploaded pair of ledgers. The worker of calculations runs this in a separate process.

    python -m changeflow.web.compare_ledgers PROGRAMME NUMBER DAY

The database is in `CHANGEFLOW_DB`. Progress goes to stderr, a line at a time. Exits with 3 if there is no result.
"""

import os
import sys
from datetime import date

from changeflow.errors import ChangeflowError, InputError
from changeflow.usecases.ledger_comparison import compare_pair

EXPLAINED = 3
"""The exit code where the last lines of stderr say why there is no result."""


def main(programme: str, number: int, on: date) -> int:
    """Compare a pair; return the exit code."""
    try:
        compare_pair(programme, number, db=os.environ["CHANGEFLOW_DB"], on=on, say=_say)
    except InputError as error:
        _say(str(error))
        return EXPLAINED
    except ChangeflowError as error:
        _say(type(error).__name__)
        return 1
    return 0


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201  (the worker reads it)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), date.fromisoformat(sys.argv[3])))
