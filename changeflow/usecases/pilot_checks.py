"""Forms before a go-live: the checklist, the test pack, repeating a step, and which system filed a month."""

from collections.abc import Mapping
from datetime import date

from changeflow.agenda import pilot_entries
from changeflow.agenda.criteria import to_confirm
from changeflow.errors import InputError, UnknownThingError
from changeflow.pilots import entries
from changeflow.pilots.marks import case_thing, sign_off_thing
from changeflow.programme.definition import ServiceFile
from changeflow.programme.facts import Submission
from changeflow.programme.mandates import Subject
from changeflow.programme.programme import Programme
from changeflow.programme.recording import service_named, service_subject
from changeflow.reports import entry_forms
from changeflow.reports.entry_forms import EntryForm, with_options
from changeflow.reports.ledger_pages import months_until
from changeflow.usecases import filings, pilot_records
from changeflow.usecases.pilot_form import Given, PilotForm, of_service
from changeflow.usecases.unit_of_work import Change
from changeflow.usecases.visits import Visit
from changeflow.values.moments import format_day
from changeflow.values.sentences import sentence
from changeflow.values.words import Action


def _confirm_page(visit: Visit, service: ServiceFile, key: str) -> EntryForm:
    item, gate = _checklist(key)
    task = pilot_entries.go_live_gate(visit.programme, gate)
    asked = next(v for v in to_confirm(visit.programme, task) if v.item.id == item)
    before = asked.confirmed
    facts = [(sentence("Item"), asked.item.what), (sentence("Decision"), task.name)]
    facts += [(sentence("Owner"), visit.programme.person(asked.owner))] if asked.owner else []
    words = f"{before.evidence} ({format_day(before.on)})" if before else sentence("Not yet")
    facts.append((sentence("Confirmed"), words))
    return EntryForm(
        title=sentence("%(service)s: confirm an item of the checklist", service=service.name), intro="",
        facts=tuple(facts),
        fields=entry_forms.CONFIRMATION, save=sentence("Save the confirmation"),
    )  # fmt: skip


def _confirm(_: str, key: str, given: Given, until: date | None, change: Change) -> object:
    item, gate = _checklist(key)
    try:
        return pilot_records.confirm(gate, item, given["evidence"], until, change)
    except UnknownThingError:
        raise
    except InputError as error:
        if "--until" not in str(error):
            raise
        raise InputError("Enter the last day on which the confirmation applies.") from None


def _checklist(key: str) -> tuple[str, str]:
    """Return the checklist item and the gate that a key names."""
    item, _, gate = key.partition("/")
    return item, gate


def _confirm_subject(programme: Programme, service: str, key: str) -> Subject:
    item, gate = _checklist(key)
    if pilot_entries.go_live_gate(programme, gate).service != service:
        raise UnknownThingError("gate", gate)
    return pilot_entries.confirmation_subject(programme, gate, item)


def _test_page(visit: Visit, service: ServiceFile, key: str) -> EntryForm:
    case = next(c for c in service.assurance.cases if c.id == key)
    tested = [e for e in visit.programme.facts.pilot if isinstance(e, entries.CaseTested)]
    last = next((e for e in reversed(tested) if (e.service, e.case) == (service.service, key)), None)
    words: str = sentence("Not yet")
    if last:
        words = f"{'passed' if last.passed else 'failed'} on {format_day(last.on)}: {last.evidence}"
    return EntryForm(
        title=sentence("%(service)s: record a test", service=service.name), intro="",
        facts=((sentence("Test case"), case.what), (sentence("Last result"), words)),
        fields=entry_forms.TEST, save=sentence("Save the result"),
    )  # fmt: skip


def _test(service: str, key: str, given: Given, _: date | None, change: Change) -> object:
    return pilot_records.test_case(service, key, given["evidence"], change, passed=given["result"] == "passed")


def _test_subject(programme: Programme, service: str, key: str) -> Subject:
    if key not in [c.id for c in service_named(programme, service).assurance.cases]:
        raise UnknownThingError("test case", key)
    return service_subject(programme, service)


def _repeat_page(visit: Visit, service: ServiceFile, key: str) -> EntryForm:
    return EntryForm(
        title=sentence("%(service)s: repeat a step", service=service.name),
        intro=sentence(
            "The step is repeated before everything that depends on it. You will first see which dates move."
        ),
        facts=((sentence("Step"), visit.programme.roadmap.tasks[key].name),),
        fields=entry_forms.REPETITION,
        save=sentence("Repeat it"),
    )


def _repeat(_: str, key: str, given: Given, __: date | None, change: Change) -> object:
    return pilot_records.repeat(key, f"{int(given['length'])}{given['unit']}", given["reason"], change)


def _repeat_subject(programme: Programme, service: str, key: str) -> Subject:
    subject = pilot_entries.repetition_subject(programme, key)
    if subject.service != service:
        raise UnknownThingError("step", key)
    return subject


def _filing_page(visit: Visit, service: ServiceFile, _: str) -> EntryForm:
    schemes = service.parallel_run.schemes if service.parallel_run else ()
    options = {"scheme": tuple((s.id, s.id) for s in schemes), "period": months_until(visit.today)}
    return EntryForm(
        title=sentence("%(service)s: record a filing", service=service.name),
        intro=sentence(
            "For each scheme and month, only one system may make the filing (to HMRC or a pension scheme). The "
            "output of a parallel run is never filed."
        ),
        facts=(),
        fields=with_options(entry_forms.FILING, options),
        save=sentence("Save the filing"),
    )


def _file(service: str, _: str, given: Given, __: date | None, change: Change) -> object:
    filed = Submission(service=service, scheme=given["scheme"], period=given["period"], system=given["system"])
    return filings.record_submission(filed, change)


CHECKS: Mapping[str, PilotForm] = {
    "checklist/{item}/{gate:path}": PilotForm(
        action=Action.CONFIRM,
        fields=entry_forms.CONFIRMATION,
        page=_confirm_page,
        do=_confirm,
        subject=_confirm_subject,
        thing=lambda _, key: sign_off_thing(_checklist(key)[1]),
    ),
    "tests/{case}": PilotForm(
        action=Action.RECORD_TEST,
        fields=entry_forms.TEST,
        page=_test_page,
        do=_test,
        subject=_test_subject,
        thing=case_thing,
    ),
    "repeat/{run:path}": PilotForm(
        action=Action.REPEAT_PILOT,
        fields=entry_forms.REPETITION,
        page=_repeat_page,
        do=_repeat,
        subject=_repeat_subject,
        thing=lambda _, key: key,
    ),
    "filings/new": PilotForm(
        action=Action.RECORD_FILING, fields=entry_forms.FILING, page=_filing_page, do=_file, subject=of_service
    ),
}
"""Each form by its path below the pilot's page."""
