"""The commands that look ahead: rollout waves, levelled dates, and the odds of dates."""

from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from changeflow.cli.context import (
    Context,
    Form,
    StoredOrFolder,
    day_option,
    number_option,
    renamed,
    shared,
    with_default,
)
from changeflow.cli.output import confirm, note, out, print_as, print_json, print_lines
from changeflow.errors import NOT_SAVED, CheckFailedError, InputError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from changeflow.programme.programme import Programme
    from changeflow.roadmap.waves.problem import WavePlan
    from changeflow.usecases.waves import Waves

LARGEST_SEED = 2**31 - 1


def seed_option(text: str) -> Any:  # noqa: ANN401  (what Typer makes of an option)
    return number_option(text, least=-LARGEST_SEED, most=LARGEST_SEED)


Assume = Annotated[
    str | None,
    typer.Option(
        metavar="LOW,HIGH",
        help="Range for tasks that have none, as percentages of the planned duration, such as 80,150.",
    ),
]


def add_to(app: typer.Typer) -> None:
    app.command()(waves)
    app.command()(level)
    app.command()(simulate)
    app.command()(recover)
    app.command("keep", hidden=True)(renamed(recover))


@shared("db", "programme", "at")
def waves(
    context: Context,
    folder: StoredOrFolder = None,
    form: Form = "text",
    page: Annotated[
        Path | None,
        typer.Option("--out", help="Write the comparison of the plans and each team's workload: .html, .pdf or .json."),
    ] = None,
    why: Annotated[str | None, typer.Option(help="Explain one go-live date. Give it as school/service.")] = None,
    seconds: Annotated[
        float, typer.Option(help="Roughly how many seconds to search for each plan; a busy machine takes longer.")
    ] = 6.0,
    seed: Annotated[int, seed_option("Random seed for the search; the same seed gives the same plans.")] = 1,
    use: Annotated[
        str | None,
        typer.Option(
            metavar="PLAN",
            help="Write this plan into programme.yaml: earliest, steadiest, fewest-changes or compromise.",
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="With --use: do not ask for confirmation.")] = False,
) -> None:
    """Plan rollout waves from rollout.yaml: three plans side by side. If no plan is possible, say why and exit with
    3."""
    from changeflow.reports.waves import waves_report
    from changeflow.reports.waves_text import waves_text
    from changeflow.roadmap.waves.plans import CALMEST
    from changeflow.usecases.waves import compare_with_plan, plan_waves

    context.refuse_beside(folder)
    if why is not None:
        context.refuse(["form"], "with --why the answer is text. Leave one of them out.")
    use = CALMEST.key if use == "steadiest" else use  # The key of that plan is older.
    if use is not None:
        context.refuse(["form", "page", "why"], "with --use a plan is written. Run it again without.")
        if folder is None:
            raise InputError("A plan is written into a folder: changeflow waves DIR --use earliest.")
    programme = _programme(context, folder)
    found = plan_waves(programme, seconds=seconds, seed=seed, wanted=use, explained=why, say=note)
    if not found.offers:
        _fail(found, form)
    if use is not None and folder is not None:
        _use(found, folder, use, db=context.db, yes=yes)
        return
    beside = compare_with_plan(found, folder)
    report = waves_report(programme.name, found.problem, found.offers, in_force=beside.in_force, effects=beside.effects)
    if page is not None:
        from changeflow.reports.wave_pictures import draw

        plans = [beside.in_force] if report.in_force else []
        plans += [offer.plan for offer in found.offers]
        _write_page(report, page, pictures=[draw(found.problem, plan) for plan in plans])
    if why is not None:
        _explain(found, beside.in_force, why)
        return
    print_as(form, report, waves_text)


def _fail(found: "Waves", form: str) -> NoReturn:
    """Say why there is no plan, and what would be enough; for JSON, print the requests as well."""
    from changeflow.reports.waves_text import conflict_text

    if found.ran_out:
        raise CheckFailedError("No plan was found in time. Give it more: --seconds 30.")
    if form == "json" and found.report is not None:
        print_json(found.report)
    lines = conflict_text(found.conflict, found.relaxations, is_minimal=found.is_minimal)
    raise CheckFailedError("\n".join(lines))


def _explain(found: "Waves", current: "WavePlan", why: str) -> None:
    """Explain a school's go-live date, once for all proposals that agree."""
    from changeflow.phrases import listed
    from changeflow.usecases.waves import explain_date, pair_named

    for names, lines in explain_date(found, current, pair_named(found.problem, why)):
        out(f"{listed(names)}:")
        print_lines(f"  {line}" for line in lines)
    out("The reasons assume that all other dates of the proposal stay as they are.")


def _use(found: "Waves", folder: Path, key: str, *, db: str, yes: bool) -> None:
    """Show what a plan would change in the folder and what would follow, ask, and write it."""
    from changeflow.reports.waves_text import effect_text
    from changeflow.usecases.wave_edits import check_history, rewritten, write
    from changeflow.usecases.waves import compare_with_plan, shown_name
    from changeflow.values.problem import pick

    offer = pick("plan", shown_name(key), {shown_name(o.style.key): o for o in found.offers})
    changed = rewritten(folder, found.programme, found.problem, offer.plan)
    check_history(changed, db=db)
    print_lines(changed.lines)
    print_lines(effect_text(compare_with_plan(found, folder).effects[offer.style.key]))
    names = ", ".join(changed.files)
    if not (yes or confirm(f"Write {names}?")):
        note(NOT_SAVED)
        return
    write(folder, changed)
    note(f"Wrote {names}. Next: changeflow plan {folder}")


@shared("db", "programme", "at")
def level(
    context: Context,
    folder: StoredOrFolder = None,
    form: Form = "text",
    page: Annotated[
        Path | None, typer.Option("--out", help="Write the dates and each team's workload: .html, .pdf or .json.")
    ] = None,
    accept: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TASK", help="Accept the move of this task as part of the plan; `all` accepts every move."
        ),
    ] = None,
    refuse: Annotated[
        list[str] | None,
        typer.Option(metavar="TASK", help="Reject the move of this task, so that it stays where its links put it."),
    ] = None,
    pin: Annotated[list[str] | None, typer.Option(metavar="TASK=DAY", help="Start a task on a fixed day.")] = None,
    seconds: Annotated[float, typer.Option(help="Roughly how many seconds to search.")] = 5.0,
    seed: Annotated[int, seed_option("Random seed for the search; the same seed gives the same dates.")] = 1,
) -> None:
    """Move tasks so that every team has enough people. Your decisions are written to levelling.yaml."""
    from changeflow.reports.levelling import level_report, level_text
    from changeflow.usecases.levelling import Decisions, decide, level_plan, read_pins

    context.refuse_beside(folder)
    decisions = Decisions(accept=tuple(accept or ()), refuse=tuple(refuse or ()), pin=read_pins(pin or ()))
    if decisions and folder is None:
        raise InputError("Decisions are written into a folder: changeflow level DIR --accept TASK.")
    if decisions:
        why = "with --accept, --refuse or --pin decisions are written. Run it again without."
        context.refuse(["form", "page"], why)
    programme = _programme(context, folder)
    levelled = level_plan(programme, seconds=seconds, seed=seed)
    if decisions and folder is not None:
        print_lines(decide(folder, levelled, decisions))
        note(f"Wrote {folder / 'levelling.yaml'}. Next: changeflow level {folder}")
        return
    report = level_report(levelled)
    if page is not None:
        _write_page(report, page)
    print_as(form, report, level_text)


@shared("db", "programme", "at")
def simulate(
    context: Context,
    folder: StoredOrFolder = None,
    form: Form = "text",
    page: Annotated[
        Path | None,
        typer.Option("--out", help="Write the S-curves and the tasks that drive the end: .html, .pdf or .json."),
    ] = None,
    iterations: Annotated[int, typer.Option(help="How many times to simulate the programme.")] = 10_000,
    seed: Annotated[
        int, seed_option("Random seed; the same seed gives the same numbers, whatever the number of threads.")
    ] = 1,
    threads: Annotated[int, number_option("How many threads to run in parallel.", least=1, most=256)] = 2,
    assume: Assume = None,
    learn: Annotated[bool, typer.Option(help="Re-estimate later waves from how long finished ones took.")] = True,
) -> None:
    """Show how certain each milestone's date is (P50, P80, P90), what drives it, and the cost of a missed start
    window."""
    from changeflow.reports.risk import risk_text
    from changeflow.usecases.risk import simulate_programme, simulate_stored

    context.refuse_beside(folder)
    if folder is None:
        simulated = partial(simulate_stored, context.programme, db=context.db, now=context.now)
    else:
        simulated = partial(simulate_programme, _programme(context, folder))
    report = simulated(iterations=iterations, seed=seed, threads=threads, assume=assume, learn=learn)
    if page is not None:
        _write_page(report, page)
    print_as(form, report, risk_text)


@shared("db", "programme", "at")
def recover(
    context: Context,
    milestone: Annotated[str, typer.Argument(metavar="MILESTONE", help="The milestone's id.")],
    folder: StoredOrFolder = None,
    by: Annotated[
        datetime | None, day_option(text=with_default("The date to meet", "the milestone's deadline"))
    ] = None,
    odds: Annotated[int, typer.Option(help="The likelihood required, as a percentage: 80 for P80.")] = 80,
    form: Form = "text",
    iterations: Annotated[int, typer.Option(help="How many times to simulate each set of options.")] = 2_000,
    seed: Annotated[int, seed_option("Random seed; the same seed gives the same numbers.")] = 1,
    assume: Assume = None,
) -> None:
    """Find the cheapest recovery options in risk.yaml that meet a date. Exits with 3 if no combination is enough."""
    from changeflow.reports.recovery import recovery_report, recovery_text
    from changeflow.usecases.recovery import find_recovery

    context.refuse_beside(folder)
    programme = _programme(context, folder)
    asked = find_recovery(
        programme,
        milestone,
        by=by.date() if by else None,
        percent=odds,
        iterations=iterations,
        seed=seed,
        assume=assume,
    )
    report = recovery_report(asked)
    print_as(form, report, recovery_text)
    if not report.is_possible:
        raise typer.Exit(CheckFailedError.exit_code)


def _write_page(report: "DataclassInstance", page: Path, **pictures: object) -> None:
    from changeflow.reports.documents import write_report

    write_report(report, page, **pictures)
    note(f"Wrote {page}")


def _programme(context: Context, folder: Path | None) -> "Programme":
    """Return a folder's programme, or the stored one."""
    from changeflow.usecases.waves import programme_of

    on = context.day if folder is None else context.given_day
    return programme_of(folder, db=context.db, programme=context.programme, on=on)
