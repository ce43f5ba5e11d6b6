"""The commands that look ahead: rollout waves, levelled dates, and the odds of dates."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from changeflow.cli import speaking
from changeflow.cli.speaking import At, Db, ProgrammeName, day, note, out, refuse_beside, spoken_errors, supported
from changeflow.errors import CheckFailedError, InputError, UnknownThingError
from changeflow.settings import DEFAULT_DB

LARGEST_SEED = 2**31 - 1


def add_to(app: typer.Typer) -> None:
    app.command()(waves)
    app.command()(level)
    app.command()(simulate)
    app.command()(keep)


def waves(
    context: typer.Context,
    folder: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="A programme folder; left out, the stored programme.")
    ] = None,
    form: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
    page: Annotated[
        Path | None, typer.Option("--out", help="Write a page with the wave board and each team's load.")
    ] = None,
    why: Annotated[str | None, typer.Option(help="school/service: why does it go live when it does?")] = None,
    seconds: Annotated[float, typer.Option(help="How long to search for each plan, at most.")] = 6.0,
    seed: Annotated[
        int,
        typer.Option(min=-LARGEST_SEED, max=LARGEST_SEED, help="Of the search: the same seed finds the same plans."),
    ] = 1,
    db: Db = DEFAULT_DB,
    programme: ProgrammeName = None,
    at: At = None,
) -> None:
    """Plan rollout waves by rollout.yaml: three plans side by side. Where there is none, say why, and exit with 3."""
    import json
    from dataclasses import asdict

    from changeflow.reports import waves as writing
    from changeflow.roadmap.waves.why import why as explain_pair
    from changeflow.usecases import waves as planning

    with spoken_errors():
        if form not in ("text", "json"):
            raise UnknownThingError("format", form, ["text", "json"])
        refuse_beside(context, folder)
        if why is not None:
            speaking.refuse(context, ["form"], "with --why the answer is text. Leave one of them out.")
        on: date | None = day(at) if at or folder is None else None
        found_programme, announced = planning.programme_of(folder, db=db, programme=programme, on=on)
        found = planning.plan_waves(found_programme, seconds=seconds, seed=seed, announced=announced, say=note)
        if not found.offers:
            if found.ran_out:
                raise CheckFailedError("No plan was found in time. Give it more: --seconds 30.")
            lines = writing.conflict_text(found.conflict, found.relaxations, is_minimal=found.is_minimal)
            raise CheckFailedError("\n".join(lines))
        report = writing.waves_report(found_programme.name, found.problem, found.offers)
        if page is not None:
            from changeflow.reports.documents import write_waves
            from changeflow.reports.wave_board import draw

            write_waves(report, [draw(found.problem, offer.plan) for offer in found.offers], page)
            note(f"Wrote {page}")
        if why is not None:
            pair = planning.pair_named(found.problem, why)
            for offer in found.offers:
                out(f"{offer.style.name}:")
                for line in explain_pair(found.problem, offer.plan, pair):
                    out(f"  {line}")
            return
    if form == "json":
        out(json.dumps(asdict(report), indent=1, ensure_ascii=False))
        return
    for line in writing.waves_text(report):
        out(line)


def level(
    context: typer.Context,
    folder: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="A programme folder; left out, the stored programme.")
    ] = None,
    form: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
    page: Annotated[Path | None, typer.Option("--out", help="Write a page with each team's load.")] = None,
    accept: Annotated[
        list[str] | None, typer.Option(metavar="TASK", help="Make a move part of the plan; or: all.")
    ] = None,
    refuse: Annotated[
        list[str] | None, typer.Option(metavar="TASK", help="Leave a task where its links put it, from now on.")
    ] = None,
    pin: Annotated[
        list[str] | None, typer.Option(metavar="TASK=DAY", help="Start a task on a day, come what may.")
    ] = None,
    seconds: Annotated[float, typer.Option(help="How long to search, about.")] = 5.0,
    seed: Annotated[
        int,
        typer.Option(min=-LARGEST_SEED, max=LARGEST_SEED, help="Of the search: the same seed finds the same dates."),
    ] = 1,
    db: Db = DEFAULT_DB,
    programme: ProgrammeName = None,
    at: At = None,
) -> None:
    """Move tasks so that no team is asked for more people than it has. Decisions are written to levelling.yaml."""
    import json
    from dataclasses import asdict

    from changeflow.reports.levelling import level_report, level_text
    from changeflow.usecases.levelling import Decisions, decide, level_plan, read_pins
    from changeflow.usecases.waves import programme_of

    with spoken_errors():
        if form not in ("text", "json"):
            raise UnknownThingError("format", form, ["text", "json"])
        refuse_beside(context, folder)
        decisions = Decisions(accept=tuple(accept or ()), refuse=tuple(refuse or ()), pin=read_pins(pin or ()))
        if decisions and folder is None:
            raise InputError("Decisions are written into a folder: changeflow level DIR --accept TASK.")
        if decisions:
            speaking.refuse(
                context,
                ["form", "page"],
                "with --accept, --refuse or --pin decisions are written. Run it again without.",
            )
        on: date | None = day(at) if at or folder is None else None
        found, _ = programme_of(folder, db=db, programme=programme, on=on)
        levelled = level_plan(found, seconds=seconds, seed=seed)
        if decisions and folder is not None:
            for line in decide(folder, levelled, decisions):
                out(line)
            note(f"Wrote {folder / 'levelling.yaml'}. Next: changeflow level {folder}")
            return
        report = level_report(levelled)
        if page is not None:
            from changeflow.reports.documents import write_levelling

            write_levelling(report, page)
            note(f"Wrote {page}")
    if form == "json":
        out(json.dumps(asdict(report), indent=1, ensure_ascii=False))
        return
    for line in level_text(report):
        out(line)


def simulate(
    context: typer.Context,
    folder: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="A programme folder; left out, the stored programme.")
    ] = None,
    form: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
    page: Annotated[
        Path | None, typer.Option("--out", help="Write a page with S-curves and what drives the end.")
    ] = None,
    iterations: Annotated[int, typer.Option(help="How often the programme is played through.")] = 10_000,
    seed: Annotated[
        int,
        typer.Option(
            min=-LARGEST_SEED,
            max=LARGEST_SEED,
            help="The same seed draws the same numbers, whatever the number of threads.",
        ),
    ] = 1,
    threads: Annotated[int, typer.Option(min=1, max=256, help="How many run beside each other.")] = 2,
    assume: Annotated[
        str | None, typer.Option(metavar="LOW,HIGH", help="Percent of the plan, for work without a range: 80,150.")
    ] = None,
    learn: Annotated[bool, typer.Option(help="Let what finished waves took re-estimate the later ones.")] = True,
    db: Db = DEFAULT_DB,
    programme: ProgrammeName = None,
    at: At = None,
) -> None:
    """Say how sure each milestone's date is (P50, P80, P90), what drives it, and what missing an opening costs."""
    import json
    from dataclasses import asdict

    from changeflow.reports.risk import risk_text
    from changeflow.usecases.risk import simulate_programme
    from changeflow.usecases.waves import programme_of

    with spoken_errors():
        if form not in ("text", "json"):
            raise UnknownThingError("format", form, ["text", "json"])
        refuse_beside(context, folder)
        on: date | None = day(at) if at or folder is None else None
        found, _ = programme_of(folder, db=db, programme=programme, on=on)
        report = simulate_programme(
            found, iterations=iterations, seed=seed, threads=threads, assume=assume, learn=learn
        )
        if page is not None:
            from changeflow.reports.documents import write_risk

            write_risk(report, page)
            note(f"Wrote {page}")
    if form == "json":
        out(json.dumps(asdict(report), indent=1, ensure_ascii=False))
        return
    for line in risk_text(report):
        out(line)


def keep(
    context: typer.Context,
    milestone: Annotated[str, typer.Argument(metavar="MILESTONE", help="The milestone, by its id.")],
    folder: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="A programme folder; left out, the stored programme.")
    ] = None,
    by: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], callback=supported, help="The day to keep; left out, its deadline."),
    ] = None,
    odds: Annotated[int, typer.Option(help="In how many of a hundred cases: 80 for P80.")] = 80,
    form: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
    iterations: Annotated[int, typer.Option(help="How often each set of levers is played through.")] = 2_000,
    seed: Annotated[
        int, typer.Option(min=-LARGEST_SEED, max=LARGEST_SEED, help="The same seed draws the same numbers.")
    ] = 1,
    assume: Annotated[
        str | None, typer.Option(metavar="LOW,HIGH", help="Percent of the plan, for work without a range: 80,150.")
    ] = None,
    db: Db = DEFAULT_DB,
    programme: ProgrammeName = None,
    at: At = None,
) -> None:
    """Ask what would keep a date: the cheapest set of the levers that risk.yaml names. None does: exit 3."""
    import json
    from dataclasses import asdict

    from changeflow.reports.keeping import keep_report, keep_text
    from changeflow.usecases.keeping import what_keeps
    from changeflow.usecases.waves import programme_of

    with spoken_errors():
        if form not in ("text", "json"):
            raise UnknownThingError("format", form, ["text", "json"])
        refuse_beside(context, folder)
        on: date | None = day(at) if at or folder is None else None
        found, _ = programme_of(folder, db=db, programme=programme, on=on)
        asked = what_keeps(
            found,
            milestone,
            by=by.date() if by else None,
            percent=odds,
            iterations=iterations,
            seed=seed,
            assume=assume,
        )
        report = keep_report(
            asked.milestone.name, asked.by, asked.percent, asked.levers, asked.kept, iterations=iterations, seed=seed
        )
    if form == "json":
        out(json.dumps(asdict(report), indent=1, ensure_ascii=False))
    else:
        for line in keep_text(report):
            out(line)
    if not report.is_possible:
        raise typer.Exit(CheckFailedError.exit_code)
