"""The periods of parallel runs: months in which people were paid."""

import re
from datetime import date

from changeflow.errors import InputError
from changeflow.pilots.entries import PERIOD


def check_period(period: str, on: date) -> None:
    """Refuse what is no month, and a month after the day `on`: a run is of one that was paid, or is being paid."""
    if not re.fullmatch(PERIOD, period):
        raise InputError(f"'{period}' is not a pay period. Write the month that is paid, such as 2027-06.")
    if period > f"{on:%Y-%m}":
        raise InputError(f"{period} is in the future: there is nothing to compare yet. No changes saved.")
