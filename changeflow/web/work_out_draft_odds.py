"""Work out how likely the dates of a draft are. The worker of calculations runs this in a separate process.

    python -m changeflow.web.work_out_draft_odds PROGRAMME NUMBER MOMENT

NUMBER is the calculation's, and the database is in `CHANGEFLOW_DB`. Prints the result as JSON; progress goes to stderr,
a line at a time. Exits with 3 if there is no result.
"""

import os
import sys
from datetime import datetime

from changeflow.errors import ChangeflowError, InputError
from changeflow.usecases.draft_odds import work_out_draft_odds

EXPLAINED = 3
"""The exit code where the last lines of stderr say why there is no result."""


def main(programme: str, number: int, now: datetime) -> int:
    """Work out the chances; return the exit code."""
    try:
        found = work_out_draft_odds(programme, number, db=os.environ["CHANGEFLOW_DB"], now=now, say=_say)
    except InputError as error:
        _say(str(error))
        return EXPLAINED
    except ChangeflowError as error:
        _say(type(error).__name__)
        return 1
    sys.stdout.write(found)
    return 0


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201  (the worker reads it)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), datetime.fromisoformat(sys.argv[3])))
