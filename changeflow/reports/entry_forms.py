"""Forms of a pilot: the fields that someone fills in, and what they see beside them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from changeflow.phrases import capitalised
from changeflow.pilots.entries import SEVERITIES, FeedbackGiven
from changeflow.pilots.issues import Improvement, Issue, issues, unanswered
from changeflow.programme.assembly.instances import instances_of
from changeflow.programme.definition import ServiceFile
from changeflow.programme.programme import Programme
from changeflow.programme.references import References
from changeflow.values.duration import counted
from changeflow.values.moments import format_day
from changeflow.values.sentences import sentence

Options = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryField:
    """One field of a form."""

    name: str
    label: str
    kind: str = "text"
    """`text`, `area`, `select`, `choice`, `tick`, `day`, or `days` for one on each line."""
    called: str = ""
    """How a message about it begins, such as “The reason”."""
    missing: str = ""
    """The message if it is empty; empty if it is optional."""
    hint: str = ""
    options: Options = ()
    empty: str = sentence("Choose")
    """The first option of a list."""
    none: str = ""
    """What to say if a list that must be chosen from has nothing in it."""
    most: int = 2000
    not_a_number: str = ""
    """What to say if it is no whole number above 0 or, with `is_decimal`, no number; empty if it takes any text."""
    is_decimal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryForm:
    """A form's page."""

    title: str
    intro: str
    facts: Options
    """What is recorded so far, as terms and descriptions."""
    fields: tuple[EntryField, ...]
    save: str
    seen: str = ""


def with_options(fields: tuple[EntryField, ...], options: Mapping[str, Options]) -> tuple[EntryField, ...]:
    """Return fields with the options that a programme gives; a tick without any is left out."""
    found = (replace(field, options=options.get(field.name, field.options)) for field in fields)
    return tuple(field for field in found if field.options or field.kind not in ("tick", "select"))


TEXT = EntryField(
    name="text", label=sentence("What happened?"), kind="area", called="The text", missing="Enter what happened."
)
SEVERITY = EntryField(
    name="severity",
    label=sentence("How severe is it?"),
    kind="choice",
    missing="Choose how severe it is.",
    options=tuple((str(int(level)), capitalised(str(words))) for level, words in SEVERITIES.items()),
)
SCHOOL = EntryField(name="school", label=sentence("At which school?"), kind="select", empty=sentence("All schools"))
OWNER = EntryField(
    name="owner", label=sentence("Who will deal with it?"), kind="select", empty=sentence("No owner yet")
)
YES_NO: Options = (("yes", sentence("Yes")), ("no", sentence("No")))
BLOCKS = EntryField(
    name="blocks",
    label=sentence("Must the next wave wait for it?"),
    kind="choice",
    options=YES_NO,
    missing="Choose yes or no.",
)
REASON = EntryField(
    name="reason", label=sentence("Reason"), kind="area", called="The reason", missing="Enter the reason."
)
ISSUE = (TEXT, SEVERITY, SCHOOL, OWNER, BLOCKS)
ISSUE_UPDATE = (
    EntryField(
        name="words", label=sentence("What was done or found?"), kind="area", called="The text",
        missing="Enter what was done or found.",
    ),
    EntryField(
        name="state", label=sentence("Is it fixed?"), kind="select", empty=sentence("No change"),
        options=(("fixed", sentence("It is fixed")), ("open", sentence("It is open again"))),
    ),
    replace(SEVERITY, kind="select", empty=sentence("No change"), missing=""),
    replace(OWNER, empty=sentence("No change")),
    replace(BLOCKS, kind="select", empty=sentence("No change"), missing=""),
)  # fmt: skip
FEEDBACK = (
    EntryField(
        name="side", label=sentence("Who is this feedback from?"), kind="choice", missing="Choose who says it.",
        options=(("user", sentence("People who use the service")), ("provider", sentence("People who provide it"))),
    ),
    EntryField(
        name="text", label=sentence("What do they say?"), kind="area", called="The feedback",
        missing="Enter what they say.", hint=sentence("Do not name people."),
    ),
    EntryField(
        name="item", label=sentence("Which part of the agreement is it about?"), kind="select",
        empty=sentence("No single part"),
    ),
    SCHOOL,
)  # fmt: skip
IMPROVEMENT = (
    EntryField(
        name="text", label=sentence("What will be improved?"), kind="area", called="The text",
        missing="Enter what will be improved.",
    ),
    replace(OWNER, label=sentence("Who will do it?"), empty=sentence("Choose"), missing="Choose who will do it."),
    EntryField(
        name="due", label=sentence("By which day, if you know?"), kind="day", hint=sentence("For example, 31/3/2027."),
    ),
    EntryField(name="feedback", label=sentence("Feedback that it answers"), kind="tick"),
    EntryField(name="issues", label=sentence("Issues that it deals with"), kind="tick"),
)  # fmt: skip
DONE = (
    EntryField(
        name="did", label=sentence("What did you do?"), kind="area", called="The text", missing="Enter what you did.",
        hint=sentence("Write this for the people who asked for it."),
    ),
)  # fmt: skip
LESSON = (
    EntryField(name="which", label=sentence("Which step should change?"), kind="select", missing="Choose a step."),
    EntryField(
        name="days", label=sentence("How many working days should it take in later waves?"),
        called="The number of days", hint=sentence("A whole number. Leave empty for no change."), most=4,
        not_a_number="Enter the number of days as a whole number, such as 4.",
    ),
    EntryField(
        name="after", label=sentence("Which step should it also wait for?"), kind="select",
        empty=sentence("No further step"),
    ),
    replace(REASON, label=sentence("What has the pilot shown?")),
)  # fmt: skip
ANSWER = (
    EntryField(
        name="answer", label=sentence("Should it become part of the plan?"), kind="choice", missing="Choose yes or no.",
        options=(("accept", sentence("Yes, accept it")), ("decline", sentence("No, decline it"))),
    ),
    REASON,
)  # fmt: skip
MEASURE = (
    EntryField(
        name="value", label=sentence("What was measured?"), called="The value", missing="Enter the measured value.",
        hint=sentence("A number, in the same form as the threshold."), most=20,
        not_a_number="Enter a number, such as 2.5.", is_decimal=True,
    ),
)  # fmt: skip
EVIDENCE = EntryField(
    name="evidence", label=sentence("What is the evidence?"), kind="area", called="The evidence",
    missing="Enter the evidence.",
    hint=sentence("Where others can check it."),
)  # fmt: skip
CONFIRMATION = (
    EVIDENCE,
    EntryField(name="until", label=sentence("Until when does the confirmation apply?"), kind="day",
               hint=sentence("For example, 31/3/2027. Leave empty if it has no end date.")),
)  # fmt: skip
TEST = (
    EntryField(name="result", label=sentence("What was the result?"), kind="choice", missing="Choose the result.",
               options=(("passed", sentence("Passed")), ("failed", sentence("Failed")))),
    EVIDENCE,
)  # fmt: skip
REPETITION = (
    EntryField(name="length", label=sentence("For how long?"), called="The length", missing="Enter how long it takes.",
               hint=sentence("A whole number."), most=3,
               not_a_number="Enter how long it takes as a whole number, such as 2."),
    EntryField(name="unit", label=sentence("In which unit?"), kind="choice", missing="Choose the unit.",
               options=(("pp", sentence("Pay periods")), ("d", sentence("Working days")))),
    replace(REASON, label=sentence("What did the first attempt fail to show?")),
)  # fmt: skip
FILING = (
    EntryField(name="scheme", label=sentence("Which scheme?"), kind="select", missing="Choose the scheme."),
    EntryField(name="period", label=sentence("Which month was paid?"), kind="select", missing="Choose the month."),
    EntryField(name="system", label=sentence("Which system made the filing?"), kind="choice",
               missing="Choose the system.",
               options=(("old", sentence("The old system")), ("new", sentence("The new system")))),
)  # fmt: skip


def school_options(programme: Programme) -> Options:
    return tuple(sorted(((s.id, s.name) for s in programme.definition.schools), key=lambda o: o[1]))


def people_options(programme: Programme) -> Options:
    return tuple(sorted(((p.id, programme.person(p.id)) for p in programme.definition.people), key=lambda o: o[1]))


def item_options(service: ServiceFile) -> Options:
    """Return the items of a service's agreement."""
    agreement = service.agreement
    return tuple((item, item) for item in dict.fromkeys([*agreement.gives, *agreement.gets])) if agreement else ()


def step_options(programme: Programme, service: str) -> Options:
    """Return the steps of a service that are in later waves, in the order of the plan."""
    definition = programme.definition
    # Tasks about people follow from the groups of a wave, so no lesson changes them.
    own = {i.id for i in instances_of(definition, References(definition)).by_id.values() if i.belongs_to == service}
    tasks = (t for t in programme.tasks(service=service) if t.id in own)
    later = [t for t in tasks if t.wave and not programme.is_pilot(t.wave)]
    first = sorted(later, key=lambda t: (programme.days_of(t.id), t.id))
    return tuple({t.step: t.in_parts.alone for t in reversed(first)}.items())[::-1]


def feedback_options(programme: Programme, service: str) -> Options:
    return tuple((str(f.number), _said(f)) for f in unanswered(programme.facts.pilot, service))


def issue_options(programme: Programme, service: str) -> Options:
    return tuple((str(i.number), f"{i.number}: {i.text}") for i in issues(programme.facts.pilot, service) if i.is_open)


def _said(feedback: FeedbackGiven) -> str:
    return f"{feedback.text} ({format_day(feedback.on)})"


def issue_facts(programme: Programme, issue: Issue) -> Options:
    found = [
        (sentence("Issue"), issue.text),
        (sentence("Severity"), capitalised(str(issue.severity.label))),
        (sentence("School"), programme.school_name(issue.school) if issue.school else sentence("All schools")),
        (sentence("Owner"), programme.person(issue.owner) if issue.owner else sentence("No owner")),
        (sentence("Status"), sentence("Open") if issue.is_open else sentence("Fixed")),
        (sentence("Next wave waits"), sentence("Yes") if issue.blocks_next_wave else sentence("No")),
        (sentence("Open for") if issue.is_open else sentence("Was open for"), counted(issue.age(programme.on), "day")),
    ]
    return (
        *found,
        *([(sentence("Last update"), f"{issue.words} ({format_day(issue.changed)})")] if issue.words else []),
    )


def improvement_facts(programme: Programme, item: Improvement) -> Options:
    said = [(sentence("You said"), text) for text in item.said]
    due = [(sentence("Due"), format_day(item.due))] if item.due else []
    done = [(sentence("We did"), f"{item.did} ({format_day(item.done)})")] if item.done else []
    return (*said, (sentence("Improvement"), item.text), (sentence("Owner"), programme.person(item.owner)), *due, *done)
