"""The first start by importing a plan: upload it, say where its tasks belong, see both sets of dates, store it."""

from collections.abc import Sequence

from fastapi import APIRouter, Request
from starlette.responses import Response

from changeflow.errors import ChangeflowError, CheckFailedError, InputError
from changeflow.intake.first_admin import FirstAdmin
from changeflow.intake.mpp import FOREIGN, can_read_foreign
from changeflow.reports.findings import findings_headline
from changeflow.rules.titles import with_titles
from changeflow.usecases.first_run import FirstProgramme
from changeflow.usecases.plan_columns import COLUMNS_IN_WORDS
from changeflow.usecases.plan_dates import DateCause
from changeflow.usecases.plan_import import BuiltPlan, store_plan
from changeflow.usecases.project_files import TABLES
from changeflow.usecases.term_import import lines_of_terms
from changeflow.values.moments import format_days, local_day
from changeflow.values.moved_dates import later_or_earlier
from changeflow.web.dependencies import READ_METHODS, Site, site_of
from changeflow.web.errors import problem_of
from changeflow.web.forms import FieldError, Form, errors_of
from changeflow.web.pages.setup import at_desk, check_session, desk_form, own_desk_form, shown, stored
from changeflow.web.setup_desk import SetupEntry, admin_in, own_form, to
from changeflow.web.setup_plan import SHOWN_SINGLY, SetupPlan, about_in, choice_of, choices, fields_of
from changeflow.web.uploads import desk_parts

router = APIRouter()
KNOWN = (".xml", *FOREIGN, *TABLES)
MOST_PROBLEMS, MOST_SHOWN, MOST_FINDINGS = 20, 200, 20


@router.api_route("/setup/import", methods=READ_METHODS, name="setup:import")
async def upload_page(request: Request) -> Response:
    site = await at_desk(request)
    plan = site.setup.files.plan
    values = {"entry": SetupEntry({}), "problems": (), "known": plan.name if plan else ""}
    return shown(request, "setup/import", {**values, "reads_foreign": can_read_foreign()})


@router.post("/setup/import", name="setup:upload")
async def upload(request: Request) -> Response:
    site = await check_session(request)
    form, sent = await desk_parts(request)
    try:
        own_form(request, form, base_url=site.base_url, secret=site.secret())
        if sent is None:
            return _refused(request, InputError("Choose a file."))
        if not sent.name.lower().endswith(KNOWN):
            return _refused(
                request, InputError(f"“{sent.name[:60]}” is not a plan. Choose an .xml, .mpp, .xlsx or .csv file.")
            )
        await site.work.write(site.setup.files.keep_plan, sent.name, sent.file)
    finally:
        if sent is not None:
            sent.file.close()
    is_table = _plan(site).is_table
    try:
        await site.work.judge(lambda: _plan(site).columns if is_table else _plan(site).read)
    except ChangeflowError as error:
        await site.work.write(site.setup.files.drop_plan)
        return _refused(request, error)
    return to("/setup/import/columns" if is_table else "/setup/import/about")


def _refused(request: Request, error: ChangeflowError) -> Response:
    """Show the page again with every mistake of the file."""
    found = _problems(error)
    text = "The file cannot be used." if found else problem_of(error)
    values: dict[str, object] = {"entry": SetupEntry({}, text, "plan"), "problems": found[:MOST_PROBLEMS], "known": ""}
    values |= {"more": max(0, len(found) - MOST_PROBLEMS), "reads_foreign": can_read_foreign()}
    return shown(request, "setup/import", values, status=422)


@router.api_route("/setup/import/columns", methods=READ_METHODS, name="setup:columns")
async def columns(request: Request) -> Response:
    return await _columns(request)


async def _columns(request: Request, error: ChangeflowError | None = None) -> Response:
    """Show what each column is read as, with the mistakes of the cells if the plan cannot be read so."""
    site = await at_desk(request)
    if site.setup.files.plan is None or not _plan(site).is_table:
        return to("/setup/import")
    found = _problems(error)
    text = "" if error is None else "Some cells cannot be used." if found else problem_of(error)
    values = {
        "entry": SetupEntry({}, text, "c1"),
        "columns": await site.work.judge(lambda: _plan(site).columns),
        "fields": [("", "Not used"), *COLUMNS_IN_WORDS.items()],
        "problems": found[:MOST_PROBLEMS],
        "more": max(0, len(found) - MOST_PROBLEMS),
        "name": _plan(site).file_name,
    }
    return shown(request, "setup/columns", values, status=422 if error else 200)


@router.post("/setup/import/columns", name="setup:match")
async def match(request: Request) -> Response:
    await desk_form(request, "columns")
    site = site_of(request)
    if site.setup.files.plan is None:
        return to("/setup/import")
    try:
        await site.work.judge(lambda: _plan(site).read)
    except ChangeflowError as error:
        return await _columns(request, error)
    return to("/setup/import/about")


@router.api_route("/setup/import/about", methods=READ_METHODS, name="setup:about")
async def about(request: Request) -> Response:
    return await _about(request)


async def _about(
    request: Request,
    form: Form | None = None,
    error: ChangeflowError | None = None,
    *,
    notes: Sequence[str] = (),
) -> Response:
    site = await at_desk(request)
    if site.setup.files.plan is None:
        return to("/setup/import")
    try:
        plan = await site.work.judge(lambda: _read(_plan(site)))
    except ChangeflowError:
        # Its columns are not chosen yet, or no longer as they were.
        return to("/setup/import/columns")
    known = form.cleaned() if form else plan.draft.get("about") or fields_of(plan.about)
    entry = SetupEntry(known)
    if error is not None:
        entry = SetupEntry(known, problem_of(error), error.field if isinstance(error, FieldError) else "")
    return shown(request, "setup/about", {"entry": entry, "plan": plan, "notes": notes}, status=entry.status)


@router.post("/setup/import/about", name="setup:say_about")
async def say_about(request: Request) -> Response:
    form = await desk_form(request, "about")
    try:
        about_in(form.cleaned())
    except FieldError as error:
        return await _about(request, form, error)
    return to("/setup/import/tasks")


@router.post("/setup/import/terms", name="setup:read_terms")
async def read_terms(request: Request) -> Response:
    """Read the terms of a calendar into the list of terms, where people can correct them."""
    site = await check_session(request)
    form, sent = await desk_parts(request)
    try:
        own_form(request, form, base_url=site.base_url, secret=site.secret())
        content = sent.file.read() if sent is not None else b""
    finally:
        if sent is not None:
            sent.file.close()
    try:
        with errors_of("calendar"):
            lines, notes = lines_of_terms(content, local_day(site.clock()))
    except FieldError as error:
        return await _about(request, form, error)
    known = [line for line in form.get("terms").splitlines() if line.strip()]
    terms = "\n".join(dict.fromkeys([*known, *lines]))
    fields = {name: value for name, value in form.cleaned().items() if name != "form"} | {"terms": terms}
    await site.work.write(site.setup.files.keep, "about", fields)
    return await _about(request, Form(fields), notes=notes)


@router.api_route("/setup/import/tasks", methods=READ_METHODS, name="setup:places")
async def places(request: Request) -> Response:
    site = await at_desk(request)
    if (missing := _missing(site)) is not None:
        return missing
    plan = await site.work.judge(lambda: _read(_plan(site)))
    number = request.query_params.get("group", "")
    is_single = len(plan.read.tasks) <= SHOWN_SINGLY
    groups = [g for g in plan.groups if not number or str(g.number) == number]
    values = {
        "groups": groups,
        "choices": choices(plan.about),
        "places": {uid: choice_of(place) for uid, place in plan.places.items()},
        "is_single": is_single or bool(number),
        "group": number if number.isdecimal() else "",
        "entry": SetupEntry({}),
        "count": len(plan.read.tasks),
    }
    return shown(request, "setup/places", values)


@router.post("/setup/import/tasks", name="setup:place")
async def place(request: Request) -> Response:
    form = await own_desk_form(request)
    site = site_of(request)
    if (missing := _missing(site)) is not None:
        return missing
    chosen = await site.work.judge(lambda: _plan(site).choose(form))
    await site.work.write(site.setup.files.keep, "places", chosen)
    await check_session(request)
    return to("/setup/import/tasks" if form.get("step") == "apply" else "/setup/import/dates")


@router.api_route("/setup/import/dates", methods=READ_METHODS, name="setup:dates")
async def dates(request: Request) -> Response:
    return await _dates(request)


async def _dates(request: Request, error: ChangeflowError | None = None) -> Response:
    site = await at_desk(request)
    if (missing := _missing(site)) is not None:
        return missing
    try:
        built = await site.work.judge(_plan(site).built, local_day(site.clock()))
    except (InputError, CheckFailedError) as refused:
        return _not_built(request, refused)
    entry = SetupEntry({}, problem_of(error) if error else "")
    return shown(request, "setup/dates", {"entry": entry, **_of(built)}, status=entry.status)


def _not_built(request: Request, error: ChangeflowError) -> Response:
    """Say why a plan cannot become a programme as it is."""
    found = [p.text for p in getattr(error, "problems", ())] or [problem_of(error)]
    return shown(request, "setup/not_built", {"entry": SetupEntry({}), "problems": found[:MOST_PROBLEMS]}, status=422)


def _of(built: BuiltPlan) -> dict[str, object]:
    programme = built.judged.programme
    begins = [d for d in built.differences if d.cause is not DateCause.FOLLOWS]
    follow = [d for d in built.differences if d.cause is DateCause.FOLLOWS]
    findings = sorted(built.judged.findings, key=lambda f: f.severity.position)
    return {
        "built": built,
        "programme": programme,
        "begins": begins[:MOST_SHOWN],
        "follow": follow[:MOST_SHOWN],
        "more": len(begins[MOST_SHOWN:]) + len(follow[MOST_SHOWN:]),
        "findings": [(f.title, f.severity, with_titles(f.message)) for f in findings[:MOST_FINDINGS]],
        "headline": findings_headline(findings),
        "more_findings": max(0, len(findings) - MOST_FINDINGS),
        "moved": later_or_earlier,
        "days": format_days,
    }


@router.post("/setup/import/dates", name="setup:store_plan")
async def store(request: Request) -> Response:
    form = await desk_form(request)
    site = site_of(request)
    if site.setup.done is None and (missing := _missing(site)) is not None:
        return missing

    def store(admin: FirstAdmin) -> FirstProgramme:
        built = _plan(site).built(local_day(site.clock()))
        return store_plan(built, admin, db=site.db, now=site.clock())

    async def again(error: ChangeflowError) -> Response:
        return await _dates(request, error)

    return await stored(request, "setup/dates", form, store, again=again)


def _problems(error: ChangeflowError | None) -> list[str]:
    """Return the mistakes of a file, each with its place in it."""
    found = []
    for one in getattr(error, "problems", ()):
        column = f", column {one.column}" if one.column > 1 else ""
        found.append(f"Line {one.line}{column}: {one.text}" if one.line > 1 or column else one.text)
    return found


def _plan(site: Site) -> SetupPlan:
    admin = admin_in(site.setup.files.draft())
    return SetupPlan(site.setup.files, site.setup.plan, email=admin.email if admin else "")


def _read(plan: SetupPlan) -> SetupPlan:
    """Read a plan, so that its parts are at hand."""
    _ = plan.read
    return plan


def _missing(site: Site) -> Response | None:
    """Return where to go if a step before was left out."""
    draft = site.setup.files.draft()
    if admin_in(draft) is None:
        return to("/setup/you")
    if site.setup.files.plan is None:
        return to("/setup/import")
    try:
        about_in(draft.get("about", {}))
    except FieldError:
        return to("/setup/import/about")
    return None
