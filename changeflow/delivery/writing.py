"""Write nudges as letters, with one or several items each, from the templates in `templates/emails/`.

Text and HTML are built from the same sentences.
"""

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache, partial
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

from jinja2 import BaseLoader, ChoiceLoader, FileSystemLoader, StrictUndefined, TemplateError, select_autoescape
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from changeflow.agenda.gates import evidence_sentence
from changeflow.agenda.reasons import REASONS, Reason
from changeflow.delivery.costs import LaterCost, cost_in_words
from changeflow.delivery.invitations import MEETS_AT, CalendarEntry, invitation
from changeflow.delivery.message import Message
from changeflow.errors import InputError
from changeflow.languages.language import Language, language_of
from changeflow.languages.templating import say_in
from changeflow.phrases import shortened
from changeflow.places import templates_dir
from changeflow.roadmap.analysis.assumed import mark_if
from changeflow.values.duration import counted
from changeflow.values.moments import format_hour
from changeflow.values.sentences import sentence
from changeflow.values.words import LANGUAGES

SHOWN_AGAINST = 5
"""How many reasons against to show, few enough to read on a phone: our own choice."""
MOST_OF_A_SUBJECT = 60
"""Characters: what most mail programs show."""
MOST_OF_A_HEADING = 300
"""Characters: a heading has room for the whole title."""
ASSUMED = sentence("provisional")
SECONDS = 2.0
"""Processor time, so that a busy machine does not stop a template. It is more than any template needs, unless it
loops."""
LARGEST = 100_000
Made = TypeVar("Made")


class Templates:
    """Renders messages from the shipped templates and a trust's own, which take precedence and run in a sandbox.

    `emails/REASON.j2` has three macros: `subject(n)`, `say(n)` (one sentence a line; a dash begins a list item) and
    `action(n)`. Its sentences are in the catalogues of `changeflow.languages`. A trust's folder (CHANGEFLOW_TEMPLATES)
    may contain `LANGUAGE/REASON.j2`, which replaces the shipped template in that language. A fault in a trust's own
    template is an `InputError` that names it.
    """

    def __init__(self, own: Path | None = None) -> None:
        if own is not None and not own.is_dir():
            raise InputError(f"CHANGEFLOW_TEMPLATES: {own} is not a folder.")
        self.own = own
        shipped = FileSystemLoader(templates_dir() / "emails")
        loader = ChoiceLoader([FileSystemLoader(own), shipped]) if own else shipped
        self._environments = {str(code): _environment(loader, language_of(code)) for code in LANGUAGES}

    def say(self, reason: str, part: str, values: Mapping[str, Any], language: Language) -> str:
        """Render one macro of a reason in the language."""
        names = [f"{language}/{reason}.j2", f"{reason}.j2"]

        def render() -> str:
            module = self._environments[language.code].select_template(names).module
            return str(getattr(module, part)(dict(values)))

        return self._guarded(f"{names[0]} ({part})", render)

    def render(self, name: str, values: Mapping[str, Any], language: Language) -> str:
        """Render the frame of a message in the language."""
        environment = self._environments[language.code]
        words = environment.select_template([f"{language}/words.j2", "words.j2"])
        return self._guarded(name, lambda: environment.get_template(name).render(**values, words=words.module))

    def _guarded(self, name: str, render: Callable[[], Made]) -> Made:
        if self.own is None:
            return render()
        try:
            return _within(SECONDS, render)
        except (TemplateError, SecurityError, TypeError, ValueError, AttributeError, RecursionError, ArithmeticError,
                LookupError, TimeoutError, MemoryError) as error:  # fmt: skip
            what = str(error) or type(error).__name__
            raise InputError(f"The template {name} cannot be used: {what}. Look in {self.own}.") from None


class _Sandbox(ImmutableSandboxedEnvironment):
    """Blocks attributes that lead out of the sandbox, files that are not templates, and values that fill the memory."""

    intercepted_binops = frozenset({"*", "**", "+"})

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:  # noqa: ANN401
        sizes = [len(v) if isinstance(v, (str, list, tuple)) else 1 for v in (left, right)]
        counts = [v for v in (left, right) if isinstance(v, int)]
        if max(sizes) * max([1, *counts]) > LARGEST or (operator == "**" and max([0, *counts]) > 100):
            raise SecurityError("it makes something too large")
        return super().call_binop(context, operator, left, right)


def _environment(loader: BaseLoader, language: Language) -> _Sandbox:
    environment = _Sandbox(
        loader=loader,
        autoescape=select_autoescape(enabled_extensions=("html.j2",), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    say_in(environment, language)
    environment.filters["counted"] = counted
    return environment


def _within(seconds: float, make: Callable[[], Made]) -> Made:
    """Run a template with a time limit. Jinja compiles it to Python, so a trace function can check the clock."""
    deadline = time.thread_time() + seconds

    def watch(_frame: FrameType, _event: str, _arg: object) -> Callable[..., Any]:
        if time.thread_time() > deadline:
            raise TimeoutError(f"it takes longer than {seconds:g} seconds")
        return watch

    before = sys.gettrace()
    sys.settrace(watch)
    try:
        return make()
    finally:
        sys.settrace(before)


@lru_cache(maxsize=4)
def templates_of(own: Path | None) -> Templates:
    return Templates(own)


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterItem:
    """One request in a letter."""

    reason: Reason
    title: str
    due_on: date
    is_assumed: bool = False
    """Whether its due date depends on assumed days."""
    link: str
    programme: str
    students: str = ""
    """The benefit for students."""
    owner: str = ""
    """The owner's name and role."""
    the_owner: str = ""
    """The owner as named within an English sentence."""
    note: str = ""
    """What the owner should know, and the benefit for the people it is done for."""
    for_manager: bool = False
    is_optional: bool = False
    says: str = ""
    """What the evidence for a decision supports, such as `not yet`; empty where there is none."""
    against: tuple[str, ...] = ()
    """Reasons against, most severe first; `SHOWN_AGAINST` of them are shown."""
    last_day: date | None = None
    """A decision's last responsible day."""
    cost: LaterCost | None = None
    """The dates that a decision after that day would move."""
    calendar: str = ""
    """`invited`, `moved` or `cancelled`, where it is about a date in the recipient's calendar."""
    entry: CalendarEntry | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """Everything that goes to one person at once, most important first."""

    name: str
    is_named: bool = True
    """Whether the name is a person's; otherwise it is a role."""
    address: str
    language: str
    items: tuple[LetterItem, ...]
    office: str
    office_email: str
    today: date
    message_id: str
    at: datetime
    unsubscribe: str | None = None
    may_have_gone: bool = False


def write(letter: Letter, templates: Templates) -> Message:
    """Write one letter, with one action and one link for each item."""
    language = language_of(letter.language)
    items = [_format_item(item, letter, language, templates) for item in letter.items]
    values = {
        "letter": letter,
        "items": items,
        # Each programme's statement appears once.
        "whys": list(dict.fromkeys(item.students for item in letter.items if item.students)),
        "subject": _subject(items, language, templates, MOST_OF_A_SUBJECT),
        "heading": _subject(items, language, templates, MOST_OF_A_HEADING),
        "has_optional": any(item.is_optional for item in letter.items),
        "only_optional": all(item.is_optional for item in letter.items),
    }
    return Message(
        to_name=letter.name,
        to_address=letter.address,
        from_name=letter.office,
        from_address=letter.office_email,
        subject=str(values["subject"]),
        text=templates.render("message.txt.j2", values, language).strip() + "\n",
        html=templates.render("message.html.j2", values, language).strip() + "\n",
        message_id=letter.message_id,
        at=letter.at,
        language=language.code,
        unsubscribe=letter.unsubscribe,
        may_have_gone=letter.may_have_gone,
        invitations=tuple(invitation(item.entry) for item in letter.items if item.entry is not None),
    )


def _format_item(item: LetterItem, letter: Letter, language: Language, templates: Templates) -> dict[str, Any]:
    """Format one item: its subject line, its sentences (a dash begins a list item) and its action."""
    late, last = (letter.today - item.due_on).days, item.last_day or item.due_on
    assumed, title = language.say(ASSUMED), language.say(item.title)

    def short_due_day(*, weekday: bool) -> str:
        short_day = language.short_day(item.due_on, weekday=weekday)
        return f"{short_day}, {assumed}" if item.is_assumed else short_day

    values = {
        "title": title,
        "late": late,
        "day": mark_if(language.day(item.due_on), is_marked=item.is_assumed, word=assumed),
        "short_day": short_due_day(weekday=True),
        "shorter_day": short_due_day(weekday=False),
        # In a list, the title is above the sentences.
        "is_listed": len(letter.items) > 1,
        "for_manager": item.for_manager,
        "owner": item.owner,
        "owner_role": item.owner,  # the name in templates written for 0.1.0
        "the_owner": language.say(item.the_owner),
        "note": item.note,
        "says": item.says,
        "evidence": language.say(evidence_sentence(item.says)) if item.says else "",
        "against": [language.say(text) for text in item.against[:SHOWN_AGAINST]],
        "more": max(0, len(item.against) - SHOWN_AGAINST),
        "office": letter.office,
        "is_gate": item.reason == Reason.GATE,
        "calendar": item.calendar,
        "hour": format_hour(MEETS_AT),
        "last": language.day(last),
        "short_last": language.short_day(last),
        "shorter_last": language.short_day(last, weekday=False),
        "last_is_today": last == letter.today,
        "last_is_past": last < letter.today,
        "is_decision": item.last_day is not None or item.cost is not None or bool(item.says),
        "cost": _format_cost(item.cost, language) if item.cost is not None else None,
        "cost_sentence": cost_in_words(item.cost, language) if item.cost is not None else "",
    }
    name = REASONS[item.reason].template
    lines = templates.say(name, "say", values, language).splitlines()
    return {
        "title": title,
        "subject": partial(_subject_of_item, name, values, language, templates),
        "action": _line(templates.say(name, "action", values, language)),
        "lines": [line.strip() for line in lines if line.strip()],
        "blocks": _blocks(lines),
        # Text that no catalogue has: a screen reader should read it as English.
        "english": [text for text in item.against if language.code_of(text) != language.code],
        "link": item.link,
        "programme": item.programme,
    }


def _format_cost(cost: LaterCost, language: Language) -> dict[str, Any]:
    """Format the parts of a later decision's cost for a trust's own templates."""
    before, after = (language.full_day(day) for day in (cost.before, cost.after))
    first = language.day(cost.from_day)
    return {"from": first, "name": cost.name, "days": cost.days, "before": before, "after": after, "more": cost.more}


def _blocks(lines: Sequence[str]) -> list[str | list[str]]:
    """Group lines into sentences and lists: consecutive lines that begin with a dash form one list."""
    blocks: list[str | list[str]] = []
    for line in filter(None, map(str.strip, lines)):
        point = line.removeprefix("- ")
        if point == line:
            blocks.append(line)
        elif blocks and isinstance(blocks[-1], list):
            blocks[-1].append(point)
        else:
            blocks.append([point])
    return blocks


def _subject(items: Sequence[dict[str, Any]], language: Language, templates: Templates, most: int) -> str:
    """Return the first item's subject, and how many more items there are, within `most` characters."""
    first = items[0]["subject"]
    if len(items) == 1:
        return str(first(most))

    def several(subject: str) -> str:
        return _line(templates.say("words", "several", {"count": len(items), "first": subject}, language))

    # One more character, for the space that an empty subject leaves out.
    return several(first(most - len(several("")) - 1))


def _subject_of_item(name: str, values: Mapping[str, Any], language: Language, templates: Templates, most: int) -> str:
    """Return the subject of one item. One that is too long loses its wave or school, then the weekday too if that is
    enough, or else words from the end of its title."""
    whole, subject = str(values["title"]), ""
    title = _without_place(whole)
    shorter = {**values, "short_day": values["shorter_day"], "short_last": values["shorter_last"]}
    shown = [(whole, values), (title, values), (title, shorter)]
    shown += [(shortened(title, words), values) for words in range(len(title.split()) - 1, 0, -1)]
    for words, known in shown:
        subject = _line(templates.say(name, "subject", {**known, "title": words}, language))
        if len(subject) <= most:
            break
    return subject


def _without_place(title: str) -> str:
    """Take the wave or school out of a task's name.

    >>> _without_place("Payroll, pilot: go/no-go decision"), _without_place("Close the programme")
    ('Payroll: go/no-go decision', 'Close the programme')
    """
    heading, colon, step = title.partition(": ")
    return f"{heading.rpartition(', ')[0] or heading}: {step}" if colon else title


def _line(text: str) -> str:
    return " ".join(text.split())
