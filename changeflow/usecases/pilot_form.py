"""One kind of form of a pilot: who may fill it in, what they see, and what it does."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from changeflow.programme.definition import ServiceFile
from changeflow.programme.mandates import Subject
from changeflow.programme.programme import Programme
from changeflow.programme.recording import service_subject
from changeflow.reports.entry_forms import EntryField, EntryForm
from changeflow.usecases.unit_of_work import Change
from changeflow.usecases.visits import Visit
from changeflow.values.words import Action

Given = Mapping[str, str]
"""What someone has filled in, by field; a tick is under its field's name, a hyphen and its number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PilotForm:
    """One kind of form: who may fill it in, what they see, and what it does."""

    action: Action
    fields: tuple[EntryField, ...]
    page: Callable[[Visit, ServiceFile, str], EntryForm]
    """Builds the page for a service or, for some kinds of form, for one thing of the service."""
    do: Callable[[str, str, Given, date | None, Change], object]
    """Makes the change, from a service, a thing, what was filled in, and the day in it."""
    subject: Callable[[Programme, str, str], Subject]
    thing: Callable[[str, str], str] = lambda _, __: ""
    """The thing whose mark the form carries; empty if the form only adds something."""


def of_service(programme: Programme, service: str, _: str) -> Subject:
    """Return the service that a form is about."""
    return service_subject(programme, service)
