"""Work out the messages of the next week. The worker of calculations runs this in a separate process.

    python -m changeflow.web.work_out_messages PROGRAMME MOMENT ADDRESS

ADDRESS is the site's public address, and the database is in `CHANGEFLOW_DB`. Prints the result as JSON; progress goes
to stderr, a line at a time.
"""

import os
import sys
from datetime import datetime

from changeflow.delivery.writing import templates_of
from changeflow.settings import begin
from changeflow.usecases.message_weeks import work_out_week
from changeflow.usecases.messages import Desk


def main(programme: str, now: datetime, base_url: str) -> None:
    """Work out a programme's messages, starting at a moment, and print them."""
    desk = Desk(base_url=base_url, templates=templates_of(begin().templates))
    found = work_out_week(programme, db=os.environ["CHANGEFLOW_DB"], now=now, desk=desk, say=_say)
    sys.stdout.write(found)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201  (the worker reads it)


if __name__ == "__main__":
    main(sys.argv[1], datetime.fromisoformat(sys.argv[2]), sys.argv[3])
