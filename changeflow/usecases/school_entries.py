"""What people of one school say about a pilot at their school: issues and feedback, without what others say.

The forms do what those of the pilot's page do, for one school; the project team decides who deals with an issue.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from changeflow.pilots import entries
from changeflow.pilots.entries import FeedbackGiven, IssueSeverity
from changeflow.pilots.issues import issues
from changeflow.reports import entry_forms
from changeflow.reports.entry_forms import EntryField, EntryForm
from changeflow.usecases import pilot_records
from changeflow.usecases.own_school import own_school
from changeflow.usecases.pilot_form import Given
from changeflow.usecases.schools import permit_school
from changeflow.usecases.unit_of_work import Change
from changeflow.usecases.visits import Visit
from changeflow.values.sentences import sentence
from changeflow.values.words import Action

SERVICE = EntryField(
    name="service",
    label=sentence("Which service is it about?"),
    kind="select",
    missing="Choose the service it is about.",
    empty=sentence("Choose"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SchoolFormKind:
    """One of the two forms."""

    action: Action
    title: str
    intro: str
    fields: tuple[EntryField, ...]
    save: str


KINDS: Mapping[str, SchoolFormKind] = {
    "issues": SchoolFormKind(
        action=Action.RAISE_ISSUE,
        title=sentence("Raise an issue"),
        intro=sentence(
            "Tell us about something that has gone wrong at your school. The project team will read it and decide who "
            "should deal with it."
        ),
        fields=(SERVICE, entry_forms.TEXT, entry_forms.SEVERITY),
        save=sentence("Save the issue"),
    ),
    "feedback": SchoolFormKind(
        action=Action.GIVE_FEEDBACK,
        title=sentence("Give feedback"),
        intro=sentence(
            "Tell us what people at your school think of the service. The project team will use it to improve the "
            "service."
        ),
        fields=(SERVICE, *(f for f in entry_forms.FEEDBACK if f.name in ("side", "text"))),
        save=sentence("Save the feedback"),
    ),
}
"""The forms, by their path below the school's page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SchoolEntry:
    """An issue or feedback of a school."""

    service: str
    text: str
    said: str
    """Its kind and the day, such as `Issue, 3 Mar 2027`."""
    state: str = ""
    words: str = ""
    """What was done or found."""


def permit_entry(visit: Visit, school: str, kind: str) -> None:
    """Raise unless the person may see the school, and may say something about a pilot."""
    permit_school(visit, school)
    visit.permit(KINDS[kind].action)


def services_at(visit: Visit, school: str) -> tuple[tuple[str, str], ...]:
    """Return the services that the plan changes at a school."""
    return tuple(
        (s.service, s.name) for s in visit.programme.services if school in visit.programme.schools_of(s.service)
    )


def entry_page(visit: Visit, school: str, kind: str) -> EntryForm:
    """Return the page of a form."""
    permit_entry(visit, school, kind)
    found = KINDS[kind]
    fields = entry_forms.with_options(found.fields, {"service": services_at(visit, school)})
    return EntryForm(title=found.title, intro=found.intro, facts=(), fields=fields, save=found.save)


def add_entry(school: str, kind: str, given: Given, change: Change) -> int | None:
    """Record an issue or feedback of a school."""
    service, text = given["service"], given["text"]
    if kind == "issues":
        issue = pilot_records.entry_of(
            entries.IssueRaised, on=change.on, by="", service=service, text=text, school=school,
            severity=IssueSeverity(int(given["severity"])),
        )  # fmt: skip
        return pilot_records.raise_issue(issue, change)
    feedback = pilot_records.entry_of(
        FeedbackGiven, on=change.on, by="", service=service, side=given["side"], text=text, school=school
    )
    return pilot_records.give_feedback(feedback, change)


def school_entries(visit: Visit, school: str) -> tuple[SchoolEntry, ...]:
    """Return the issues and the feedback of one school, open issues first; the caller checks who may see it."""
    found = visit.view("school entries", lambda: tuple(_entries(visit, school)), school)
    own = own_school(visit)
    if own is None:
        return found
    mine = (e for e in found if not own.is_named(e.text))
    return tuple(replace(e, words="") if own.is_named(e.words) else e for e in mine)


def _entries(visit: Visit, school: str) -> Iterator[SchoolEntry]:
    programme = visit.programme
    names = {s.service: s.name for s in programme.services}
    for issue in issues(programme.facts.pilot):
        if issue.school == school:
            yield SchoolEntry(
                service=names.get(issue.service, issue.service),
                text=issue.text,
                said=sentence("Issue, %(day)s", day=issue.raised),
                state=sentence("Open") if issue.is_open else sentence("Fixed on %(day)s", day=issue.changed),
                words=issue.words,
            )
    for entry in reversed(programme.facts.pilot):
        if isinstance(entry, FeedbackGiven) and entry.school == school:
            yield SchoolEntry(
                service=names.get(entry.service, entry.service),
                text=entry.text,
                said=sentence("Feedback, %(day)s", day=entry.on),
            )
