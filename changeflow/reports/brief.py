"""The two pages that an SRO reads in three minutes; the rest of the report is their annex.

Every date, number and sentence comes from the annex; nothing is computed here. The most pressing come first, in at most
350 words.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta

from changeflow.agenda.worklist import WorkFilter, WorkItem, WorkState, work_list
from changeflow.phrases import listed, shortened
from changeflow.programme.announcements import dropped_sentence, go_lives
from changeflow.programme.programme import Programme
from changeflow.reports.announcements import late_names
from changeflow.reports.changes import Changes, SlipLine
from changeflow.reports.confidence import ConfidenceLine
from changeflow.reports.decisions import DecisionLine
from changeflow.reports.grouping import grouped, of_a_step
from changeflow.reports.milestones import NOT_KNOWN, MilestoneLine
from changeflow.values.base import TaskId
from changeflow.values.duration import counted
from changeflow.values.moments import format_day
from changeflow.values.moved_dates import later_or_earlier
from changeflow.values.words import Kind

MOST_WORDS = 350
"""The limit for the two pages, headings and labels included."""
HEAD_WORDS, TABLE_WORDS, DECISION_WORDS, MORE_WORDS = 23, 14, 3, 5
"""The most words that the layout adds: once, to the table of dates, to a decision, and where items are left out."""
WEEKS = timedelta(weeks=4)
NAMED, NAME_WORDS = 3, 12
"""The most milestones or gates that the headline names, and the most words of each name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BriefDecision:
    """What to decide, by when, and what waiting costs."""

    name: str
    needed_by: str
    owner: str
    cost: str
    """The dates that move if the decision is later."""
    refusal: str = ""
    """The dates that a rejection today would delay; empty if it cannot be answered yet."""
    says: str
    """What the evidence supports; empty if the decision needs none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BriefDate:
    """One milestone. Days in the report's own year are written without the year."""

    name: str
    baseline: str
    forecast: str
    sure_on: str
    """The day that 80 of 100 simulated programmes meet; a dash if unknown."""
    deadline: str
    moved: str
    """Change since the compared state: `3 days later`, `no change`; empty if no milestone has moved."""
    spare: str
    """Its float; a dash once it is reached."""
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BriefSlip:
    """Why a date moved: the days of `parts` add up to `days`."""

    days: int
    sentence: str
    parts: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BriefEvent:
    """A go-live, a decision or a milestone of the next four weeks."""

    day: str
    what: str
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BriefConfidence:
    """The tier that the evidence proposes and the tier that a person has set; `set_to` is empty if no one has."""

    proposed: str
    reasons: tuple[str, ...]
    set_to: str
    set_by: str
    set_on: str
    odds: str
    """The day and version of the simulation behind the odds; the annex shows it, not the two pages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """The number of items of each part that only the annex shows."""

    decisions: int = 0
    dates: int = 0
    slips: int = 0
    reasons: int = 0
    events: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """The two pages, in order."""

    headline: str
    cut_off: str
    """The nearest cut-off; empty if none is near."""
    decisions: tuple[BriefDecision, ...]
    dates: tuple[BriefDate, ...]
    since: str
    """The compared state: `since the baseline was set`; empty if there is none."""
    slips: tuple[BriefSlip, ...]
    confidence: BriefConfidence
    events: tuple[BriefEvent, ...]
    work: str
    """The number of tasks late or due within four weeks, and the oldest late one."""
    left: Left = Left()

    @property
    def words(self) -> int:
        """The most words of the two pages, not counting the names of the programme and the organisation."""
        is_moved = any(m.moved for m in self.dates)
        parts = (
            HEAD_WORDS,
            3 * bool(self.cut_off),
            DECISION_WORDS * len(self.decisions) if self.decisions else 6,
            TABLE_WORDS + len(self.dates) + 4 * (not is_moved) if self.dates else 0,
            4 * bool(self.slips or self.left.slips),
            3 if self.confidence.set_to else 7,
            sum(len(slip.parts) for slip in self.slips),
            MORE_WORDS * sum(bool(count) for count in asdict(self.left).values()),
        )
        frame = sum(parts)
        shown = replace(self, left=Left(), confidence=replace(self.confidence, odds=""))
        return frame + sum(len(text.split()) for text in _texts(asdict(shown)) if text != "0")


def build_brief(
    programme: Programme,
    milestones: Sequence[MilestoneLine],
    decisions: Sequence[DecisionLine],
    changes: Changes | None,
    confidence: ConfidenceLine,
    cut_offs: Sequence[str],
    *,
    today: date,
) -> Brief:
    """Choose what the two pages show from the report's parts."""
    lives = go_lives(programme)
    announced = " ".join(filter(None, (late_names(programme, lives), dropped_sentence(lives))))
    moved = {s.name: s.days for s in changes.slips} if changes else {}
    slips = (*changes.go_lives, *changes.slips) if changes else ()
    whole = Brief(
        headline=headline_of(milestones, decisions, announced, changes.warning if changes else ""),
        cut_off=cut_offs[0] if cut_offs else "",
        decisions=tuple(_decision(d) for d in decisions),
        dates=tuple(_date(m, moved, today) for m in _pressing(milestones)),
        since=changes.title if changes else "",
        slips=tuple(_slip(s) for s in slips),
        confidence=BriefConfidence(
            proposed=confidence.proposed,
            reasons=confidence.reasons,
            set_to=confidence.set_to,
            set_by=confidence.set_by,
            set_on=confidence.set_on,
            odds=_odds(programme),
        ),
        events=tuple(_events(programme, today, {d.task for d in decisions})),
        work=_work(programme, today),
    )
    title = f"{programme.name} {programme.definition.programme.organisation}"
    return _fitted(whole, MOST_WORDS - len(title.split()))


def headline_of(
    milestones: Sequence[MilestoneLine], decisions: Sequence[DecisionLine], announced: str, dropped: str
) -> str:
    """State what was dropped, the go-lives later than announced, the most severe milestone problem, and the waiting
    decisions that the evidence does not support."""
    states = [(line.state, shortened(line.name, NAME_WORDS)) for line in milestones]
    message = "All milestones are on track." if states else "The programme has no milestones yet."
    message, is_missed = announced or message, any(state == "too late" for state, _ in states)
    for state, one, several in (
        ("too late", "misses its deadline", "miss their deadlines"),
        ("later", "is later than the baseline", "are later than the baseline"),
    ):
        names = [f"“{name}”" for s, name in states if s == state]
        if names:
            found = f"{listed(names, most=NAMED)} {one if len(names) == 1 else several}."
            parts = (found, announced) if is_missed else (announced, found)
            message = " ".join(filter(None, parts))
            break
    unearned = [f"“{shortened(d.name, NAME_WORDS)}”" for d in decisions if d.waiting and d.proposal == "reject"]
    if unearned:
        waits = f"{listed(unearned, most=NAMED)} {'is' if len(unearned) == 1 else 'are'} outstanding"
        message += f" {waits}, and the evidence does not yet support going ahead."
    return f"{dropped} {message}" if dropped else message


def _pressing(milestones: Sequence[MilestoneLine]) -> Sequence[MilestoneLine]:
    """Return milestones that miss their deadline, dropped ones, other open ones, then those reached."""
    order = {"too late": 0, "dropped": 1, "done": 3}
    return sorted(milestones, key=lambda m: order.get(m.state, 2))


def _decision(found: DecisionLine) -> BriefDecision:
    today = " (today)" if found.last_day.today else ""
    return BriefDecision(
        name=found.name,
        needed_by=f"{found.needed_by}{today}",
        owner=found.owner,
        cost=found.last_day.cost_in_short,
        refusal=found.refusal,
        says=found.says,
    )


def _date(found: MilestoneLine, moved: Mapping[str, int], today: date) -> BriefDate:
    def short(day: str) -> str:
        return day.replace(f" {today.year}", "")

    days, is_gone = moved.get(found.name, 0), found.state == "dropped"
    return BriefDate(
        name=found.name,
        baseline=short(found.baseline),
        forecast=short(found.forecast),
        sure_on=short(found.sure_on) or (NOT_KNOWN if found.sure_by.startswith(NOT_KNOWN) else "–"),
        deadline=short(found.deadline),
        moved="" if not moved else later_or_earlier(days) if days else "–" if is_gone else "no change",
        spare=found.spare or "–",
        state=found.state,
    )


def _slip(found: SlipLine) -> BriefSlip:
    return BriefSlip(days=found.days, sentence=found.sentence, parts=tuple((c.days, c.sentence) for c in found.causes))


def _odds(programme: Programme) -> str:
    """Name the newest simulation behind the odds; without one, a reason of the confidence says so."""
    found = [o for m in programme.open_milestones if (o := programme.facts.odds_of(m.id)) is not None]
    if not found:
        return ""
    last = max(found, key=lambda o: (o.on, o.version))
    return f"The “80% likely by” dates were calculated on {format_day(last.on)} (plan version {last.version})."


def _events(programme: Programme, today: date, listed_already: set[TaskId]) -> Iterator[BriefEvent]:
    """Yield the go-lives, milestones and other decisions of the next four weeks by day, with similar ones grouped."""
    steered = {m.task for m in programme.open_milestones}
    ahead = []
    for task in programme.tasks():
        day = programme.days_of(task.id)[1]
        is_event = task.id in steered or task.kind in (Kind.GO_LIVE, Kind.DECISION)
        is_ahead = not programme.is_done(task.id) and today <= day <= today + WEEKS
        if is_event and is_ahead and task.id not in listed_already:
            ahead.append((task.id, (day, programme.person(task.owner) if task.owner else "")))
    ahead.sort(key=lambda a: (a[1][0], a[0]))
    for name, (day, who), _ in grouped(programme.roadmap, ahead, alike=of_a_step):
        yield BriefEvent(day=format_day(day, weekday=True, year=False), what=name, who=who)


def _work(programme: Programme, today: date) -> str:
    wanted = WorkFilter(states=frozenset({WorkState.LATE, WorkState.DUE}))
    found = work_list(programme, wanted, today=today, ahead=today + WEEKS)
    late = [item for item in found if item.state is WorkState.LATE]
    due = len(found) - len(late)
    message = f"{counted(due, 'task')} {'is' if due == 1 else 'are'} due in the next four weeks." if due else ""
    if not late:
        return message or "No task is overdue or due in the next four weeks."
    return f"{_late(programme, late)} {message}".strip()


def _late(programme: Programme, late: Sequence[WorkItem]) -> str:
    oldest = min(late, key=lambda item: (item.due, item.task.id))
    who = f" ({programme.person(oldest.asked)})" if oldest.asked else ""
    count = f"{counted(len(late), 'task')} {'is' if len(late) == 1 else 'are'} overdue"
    return f"{count}. The longest overdue is “{oldest.task.name}”{who}, which was due on {format_day(oldest.due)}."


AT_MOST = {"decisions": 4, "dates": 6, "slips": 3, "parts": 3, "reasons": 2, "events": 5}
"""The most items of each part, if there is room: our own choice."""
SHRINKING: tuple[tuple[str, int], ...] = (
    ("reasons", 1),
    ("decisions", 3),
    ("events", 4),
    ("dates", 5),
    ("slips", 2),
    ("parts", 2),
    ("events", 3),
    ("dates", 4),
    ("decisions", 2),
    ("slips", 1),
    ("events", 2),
    ("dates", 3),
    ("parts", 1),
    ("decisions", 1),
    ("events", 1),
    ("dates", 2),
    ("reasons", 0),
    ("events", 0),
    ("dates", 1),
    ("slips", 0),
)
"""Limits applied one by one until the pages fit: our own choice of what matters most."""
SHORT = (40, 25, 15, 8, 5)
"""Word limits for each text, tried in turn if the pages are still too long; the headline is never cut."""


def _fitted(whole: Brief, most: int) -> Brief:
    """Move items to the annex until the words fit."""
    for number in range(len(SHRINKING) + 1):
        shown = _limited(whole, {**AT_MOST, **dict(SHRINKING[:number])})
        if shown.words <= most:
            return shown
    for words in SHORT:
        shown = _cut(shown, words)
        if shown.words <= most:
            break
    return shown


def _limited(whole: Brief, most: Mapping[str, int]) -> Brief:
    reasons = whole.confidence.reasons
    return replace(
        whole,
        decisions=whole.decisions[: most["decisions"]],
        dates=whole.dates[: most["dates"]],
        slips=tuple(summed(s, most["parts"]) for s in whole.slips[: most["slips"]]),
        confidence=replace(whole.confidence, reasons=reasons[: most["reasons"]]),
        events=whole.events[: most["events"]],
        left=Left(
            decisions=max(0, len(whole.decisions) - most["decisions"]),
            dates=max(0, len(whole.dates) - most["dates"]),
            slips=max(0, len(whole.slips) - most["slips"]),
            reasons=max(0, len(reasons) - most["reasons"]),
            events=max(0, len(whole.events) - most["events"]),
        ),
    )


def summed(slip: BriefSlip, most: int) -> BriefSlip:
    """Limit a slip to `most` parts; if any are left out, the last part is their sum."""
    if len(slip.parts) <= most:
        return slip
    kept = slip.parts[: most - 1] if most > 1 else ()
    rest = slip.parts[len(kept) :]
    together = (sum(days for days, _ in rest), f"{counted(len(rest), 'other change')} together.")
    return replace(slip, parts=(*kept, together))


def _cut(brief: Brief, words: int) -> Brief:
    def short(text: str) -> str:
        return shortened(text, words)

    return replace(
        brief,
        cut_off=short(brief.cut_off),
        decisions=tuple(
            replace(d, name=short(d.name), cost=short(d.cost), refusal=short(d.refusal)) for d in brief.decisions
        ),
        dates=tuple(replace(d, name=short(d.name)) for d in brief.dates),
        slips=tuple(
            replace(s, sentence=short(s.sentence), parts=tuple((days, short(text)) for days, text in s.parts))
            for s in brief.slips
        ),
        confidence=replace(brief.confidence, reasons=tuple(map(short, brief.confidence.reasons))),
        events=tuple(replace(e, what=short(e.what)) for e in brief.events),
        work=short(brief.work),
    )


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, int):
        yield str(value)
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, tuple | list):
        for inner in value:
            yield from _texts(inner)
