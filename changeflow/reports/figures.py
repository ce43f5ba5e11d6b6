"""The figures in the rulepacks: what each decides, in words, and its value with a unit."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from changeflow.values.duration import counted
from changeflow.values.moments import format_day
from changeflow.values.rulepack import Rulepack, RulepackEntry, Rulepacks

GENERAL_KNOWLEDGE = "K"
ACTIVITIES = {"go_live": "go-live", "system_live": "new system"}


@dataclass(frozen=True, slots=True)
class Figure:
    """What one entry of a rulepack decides, and how to write its value."""

    words: str
    write: Callable[[Any], str] = str


def figures_table(packs: Rulepacks) -> Iterator[str]:
    """Yield a heading and a Markdown table for each rulepack; a row for each entry and edition."""
    names = sorted({pack.rulepack for pack in packs.packs})
    for name in names:
        yield f"### {TITLES.get(name, name)}"
        yield ""
        yield "| what it decides | figure | in force from | source | name in the rulepack |"
        yield "|---|---|---|---|---|"
        editions = (pack for pack in packs.packs if pack.rulepack == name)
        for pack in sorted(editions, key=lambda p: (p.nation, p.in_force_from)):
            for key, entry in pack.entries.items():
                yield _row(pack, key, entry)
        yield ""


def _row(pack: Rulepack, key: str, entry: RulepackEntry) -> str:
    figure = FIGURES.get(pack.rulepack, {}).get(key) or Figure(key.replace("_", " ").capitalize())
    value = "not known" if entry.is_unknown else figure.write(entry.value)
    where = " and ".join(part.replace("-", " ").title() for part in pack.nation)
    since = format_day(pack.in_force_from) + (f" ({where})" if where else "")
    is_guess = entry.grade == GENERAL_KNOWLEDGE and "ommon practice" not in entry.source
    source = entry.source + (" (not checked against the source)" if is_guess else "")
    return f"| {figure.words} | {value} | {since} | {source} | `{pack.rulepack}`: `{key}` |"


def _units(noun: str) -> Callable[[Any], str]:
    return lambda value: counted(int(value), noun)


def _days_of_pay(value: object) -> str:
    return f"{value} days' pay"


def _people(value: object) -> str:
    return f"{value} people"


def _threshold(value: object) -> str:
    return counted(int(str(value)), "role") if value else "no threshold"


def _percent(value: object) -> str:
    return f"{100 * float(str(value)):.4g}%"


def _likelihood(value: object) -> str:
    return f"{value}%"


def _sentences(values: list[str]) -> str:
    return " ".join(values)


def _things(values: list[dict[str, Any]]) -> str:
    return ". ".join(value["what"] for value in values) + "."


def _tiers(values: list[dict[str, Any]]) -> str:
    return " ".join(
        f"{tier['tier'].capitalize()}: {tier['meaning'][0].lower()}{tier['meaning'][1:]}." for tier in values
    )


def _levels(values: list[int]) -> str:
    words = [f"{-n} before" if n < 0 else f"{n} after" if n else "on the day" for n in values]
    return f"{', '.join(words)} (working days of the recipient)"


def _windows(values: list[dict[str, Any]]) -> str:
    return "; ".join(f"{window['name']} ({_barred(window)}, {_yearly(window)})" for window in values)


def _freezes(values: list[dict[str, Any]]) -> str:
    words = []
    for freeze in values:
        first, last = _day(freeze["first_day"]), freeze.get("last_day")
        words.append(f"{freeze['name']} ({_barred(freeze)} from {first}{f' to {_day(last)}' if last else ''})")
    return "; ".join(words)


def _barred(window: dict[str, Any]) -> str:
    activities = " or ".join(ACTIVITIES.get(a, a.replace("_", " ")) for a in window["activities"])
    service = str(window["class"])
    name = "HR" if service == "hr" else service
    return f"no {activities} for {name}"


def _yearly(window: dict[str, Any]) -> str:
    first, last = (date.fromisoformat(f"2000-{window[end]}") for end in ("first", "last"))
    return f"{format_day(first, year=False)} to {format_day(last, year=False)}"


def _day(value: object) -> str:
    return format_day(date.fromisoformat(str(value)))


def _consultation(values: list[dict[str, int]]) -> str:
    return "; ".join(f"{tier['posts']} or more roles: {tier['days']} days" for tier in values)


def _month_ends(values: list[dict[str, int]]) -> str:
    return ", ".join(format_day(date(2000, day["month"], day["day"]), year=False) for day in values)


def _notices(values: list[dict[str, str]]) -> str:
    return "; ".join(
        f"by {'the ' if 'last' in day['by'] else ''}{day['by']} to leave on {day['leaves']}" for day in values
    )


def _small_transfers(value: dict[str, Any]) -> str:
    employer, transfer = value["employer_below"], value["transfer_below"]
    return (
        f"employers of fewer than {employer} people, and any employer if fewer than {transfer} people transfer, "
        f"from {_day(value['from'])}"
    )


def _headings(values: list[dict[str, Any]]) -> str:
    lines = []
    for heading in values:
        noun = "check" if len(heading["points"]) == 1 else "checks"
        checks = f"{noun} {', '.join(map(str, heading['points']))}" if heading["points"] else "not assessed"
        lines.append(f"{heading['heading']} ({checks})")
    return "; ".join(lines)


_DAYS, _MONTHS, _WEEKS = _units("day"), _units("month"), _units("week")
_WORKING_DAYS = _units("working day")

TITLES = {
    "delivery-confidence": "Delivery confidence",
    "nudges": "Reminders",
    "payroll": "Payroll",
    "privacy": "Personal data",
    "rollout": "Training and moves before go-live",
    "schedule-health": "Whether dates can be trusted",
    "uk-academies": "Academies' returns",
    "uk-employment": "Employment law",
    "uk-schools": "Teachers' contracts",
}

FIGURES: Mapping[str, Mapping[str, Figure]] = {
    "delivery-confidence": {
        "tiers": Figure("What each rating means", _tiers),
        "red_late_share": Figure(
            "Red if a milestone misses its deadline by more than this share of the time from today to the deadline",
            _percent,
        ),
        "amber_odds": Figure("Amber if the chance of meeting a deadline is below this", _likelihood),
        "red_odds": Figure("Red if the chance of meeting a deadline is below this", _likelihood),
        "amber_plan_odds": Figure("Amber if the chance of meeting a forecast date is below this", _likelihood),
        "amber_spare_days": Figure("Amber if a milestone has less float before its deadline than this", _WORKING_DAYS),
    },
    "nudges": {
        "ladder": Figure("When each level of the escalation path begins, before or after the due date", _levels),
        "per_day": Figure("Maximum number of messages to one person a day", _units("message")),
        "per_week": Figure("Maximum number of messages to one person in seven days", _units("message")),
        "send_from": Figure("Messages are sent from this time, on the recipient's working days"),
        "send_until": Figure("Messages are sent until this time"),
        "digest_from": Figure("Time of day at which a person's outstanding requests are combined into one message"),
        "optional": Figure("Requests that people can switch off", lambda values: ", ".join(values)),
        "postponed_at_most": Figure("How many times a person may postpone a date", _units("time")),
        "rest_days": Figure(
            "How long reminders pause once the owner has said what is blocking the work", _WORKING_DAYS
        ),
        "comment_days": Figure("How long a new comment is shown to the task's owner", _DAYS),
        "saturated_from": Figure(
            "With this many requests at once, a person gets the less urgent ones only once a week", _units("request")
        ),
        "evidence_weeks": Figure("How far in advance of a gate the evidence is requested", _WEEKS),
    },
    "payroll": {
        "parallel_runs_minimum": Figure("The shortest parallel run", _units("pay period")),
        "consecutive_clean_runs": Figure(
            "How many parallel runs in a row must be clean (every difference within tolerance or explained)", str
        ),
        "pay_within_share": Figure(
            "The share of contracts whose pay must match within tolerance, even if other differences are explained",
            _percent,
        ),
        "go_live_confirmations": Figure(
            "What a person must confirm, with evidence, before a payroll goes live", _things
        ),
        "avoid_windows": Figure("Dates to avoid each year", _windows),
        "go_live_questions": Figure("What to ask before a payroll goes live", _sentences),
        "freeze_windows": Figure("Pauses set by other organisations, with the end date if it is known", _freezes),
    },
    "privacy": {
        "minimum_group": Figure("The smallest group whose results are shown", _people),
        "step": Figure("The width of the bands in which counts of people are shown", _people),
        "links_kept_days": Figure("How long an expired link still says why it no longer works", _DAYS),
        "answers_kept_months": Figure(
            "How long the text of an answer is kept (the fact and date of the answer stay on record)", _MONTHS
        ),
        "scores_kept_months": Figure("How long individual scores are kept after a programme closes", _MONTHS),
        "contracts_kept_months": Figure(
            "How long differences for individual contracts are kept after a parallel run (totals are kept)", _MONTHS
        ),
        "calculations_kept_months": Figure("How long results of calculations in the browser are kept", _MONTHS),
        "ledgers_kept_days": Figure(
            "How long uploaded outputs of parallel runs are kept, unless a clean run is saved sooner", _DAYS
        ),
        "requests_kept_months": Figure("How long people's requests about their data are kept once answered", _MONTHS),
        "access_months": Figure("How soon to answer a person's request for their data", _MONTHS),
        "access_months_complex": Figure(
            "How soon to answer a complex request, if the person is told of the delay within the first month", _MONTHS
        ),
        "floor": Figure("The lowest minimum group size that a programme may set", _people),
    },
    "rollout": {
        "training_school_weeks": Figure("The longest time from training to first use", _units("school week")),
        "restructure_weeks": Figure("The longest time between the move to the new structure and go-live", _WEEKS),
    },
    "schedule-health": {
        "missing_logic_share": Figure("Check 1: maximum share of tasks without a predecessor or successor", _percent),
        "leads": Figure("Check 2: maximum number of links with a negative lag"),
        "lags_share": Figure("Check 3: maximum share of links with a lag", _percent),
        "finish_to_start_share": Figure("Check 4: minimum share of finish-to-start links", _percent),
        "hard_constraints_share": Figure("Check 5: maximum share of tasks with a fixed date", _percent),
        "high_float_share": Figure("Check 6: maximum share of tasks with high float", _percent),
        "high_float_days": Figure("Check 6: float is high if it is more than this", _WORKING_DAYS),
        "near_critical_days": Figure("A task is near-critical if it has this much float or less", _WORKING_DAYS),
        "negative_float": Figure("Check 7: maximum number of tasks with negative float"),
        "high_duration_share": Figure("Check 8: maximum share of long tasks", _percent),
        "high_duration_days": Figure("Check 8: a task is long if it takes more than this", _WORKING_DAYS),
        "invalid_dates": Figure("Check 9: maximum number of tasks with impossible dates"),
        "without_resources": Figure("Check 10: maximum number of tasks without an owner"),
        "missed_share": Figure("Check 11: maximum share of tasks that finish after their baseline date", _percent),
        "critical_path_test_days": Figure(
            "Check 12: the test delay used to see whether the last milestone slips with it", _WORKING_DAYS
        ),
        "cpli": Figure("Check 13: minimum critical path length index"),
        "bei": Figure("Check 14: minimum baseline execution index"),
        "gao_headings": Figure("Which checks belong to which heading", _headings),
    },
    "uk-academies": {"avoid_windows": Figure("Dates to avoid each year", _windows)},
    "uk-employment": {
        "consultation_tiers": Figure(
            "The minimum time from the start of consultation to the end of the first role", _consultation
        ),
        "consultation_window_days": Figure("Roles count together if they end within this time", _DAYS),
        "organisation_threshold": Figure(
            "Number of roles ending across the organisation at which consultation is required", _threshold
        ),
        "protective_award_days": Figure("The maximum protective award for failing to consult", _days_of_pay),
        "tupe_liability_information_days": Figure(
            "The minimum time from giving the new employer the employee liability information to the transfer", _DAYS
        ),
        "hr1_notice": Figure(
            "The minimum time from sending form HR1 to the end of the first role",
            lambda _: "the same as for consultation",
        ),
        "tupe_direct_consultation": Figure(
            "Who may consult staff directly if they have no representatives", _small_transfers
        ),
    },
    "uk-schools": {
        "teacher_leaving_dates": Figure("The days on which teachers' contracts end", _month_ends),
        "teacher_notice_by": Figure("The last day for a teacher to give notice", _notices),
    },
}
"""The words for each entry, by rulepack."""
