"""Pay periods as text and rows, each with its opening, input cut-off, payday and close."""

from collections.abc import Iterator
from typing import Any

from changeflow.programme.pay import SchoolsPay
from changeflow.programme.programme import Programme
from changeflow.values.moments import day_of, format_day, last_day_of


def pay_rows(programme: Programme) -> Iterator[dict[str, Any]]:
    """Yield a row for each pay period; days are inclusive, and days outside the tables are assumed."""
    for each in _listed(programme):
        yield {
            "name": each.pay.period.name,
            "opens": each.pay.period.first.isoformat(),
            "cut_off": each.pay.cut_off.isoformat(),
            "payday": each.pay.payday.isoformat(),
            "closes": each.pay.period.last.isoformat(),
            "schools": list(each.schools),
            **({"assumed": True} if each.assumed else {}),
        }


def pay_text(programme: Programme) -> Iterator[str]:
    """Yield the pay periods as a table for the terminal, with schools if they do not all share them."""
    found = list(_listed(programme))
    if not found:
        yield "No file in calendars/ has pay_periods, so paydays are unknown."
        return
    yield f"{'pay period':<16}{'opens':<14}{'inputs close':<18}{'payday':<18}{'closes':<14}schools"
    for each in found:
        pay = each.pay
        days = (
            f"{format_day(pay.period.first):<14}{format_day(pay.cut_off, weekday=True):<18}"
            f"{format_day(pay.payday, weekday=True):<18}{format_day(pay.period.last):<14}"
        )
        is_all = len(each.schools) == len(programme.definition.schools)
        schools = "all" if is_all else programme.school_names(each.schools)
        yield f"{pay.period.name:<16}{days}{schools}{' (assumed)' if each.assumed else ''}"


def _listed(programme: Programme) -> Iterator[SchoolsPay]:
    """Yield the pay periods from the programme's start to its end, or as far as the tables go."""
    given = [g.last for g in programme.pay.given]
    last = max([last_day_of(programme.required_schedule.finish), *given])
    return programme.pay.listed(day_of(programme.roadmap.start), last)
