"""Commands about the rulebook and what follows from it: rules list, show and recheck, delegation, conflicts."""

from pathlib import Path
from typing import Annotated

import typer

from changeflow.cli.speaking import At, Db, Folder, day, out, spoken_errors
from changeflow.errors import UnknownThingError
from changeflow.settings import DEFAULT_DB

rules = typer.Typer(help="The rules of the field, and where each comes from.", invoke_without_command=True)


def add_to(app: typer.Typer) -> None:
    app.add_typer(rules, name="rules")
    app.command()(delegation)
    app.command()(consultation)
    app.command()(transition)
    app.command()(conflicts)


@rules.callback()
def rulebook(context: typer.Context) -> None:
    """The rules of the field, and where each comes from."""
    if context.invoked_subcommand is None:
        rules_list("text")


@rules.command("list")
def rules_list(
    form: Annotated[str, typer.Option("--format", help="text or markdown: the whole handbook.")] = "text",
) -> None:
    """List every rule: code, severity, title."""
    from changeflow.intake.rulepacks import shipped_rulepacks
    from changeflow.reports import rulebook as writing

    with spoken_errors():
        if form not in ("text", "markdown"):
            raise UnknownThingError("format", form, ["text", "markdown"])
        lines = writing.rules_list() if form == "text" else [writing.rules_page(shipped_rulepacks()).rstrip("\n")]
        for line in lines:
            out(line)


@rules.command("show")
def rules_show(rule: Annotated[str, typer.Argument(help="A rule's code, such as R02.")]) -> None:
    """Explain a rule: what it asks for, an example, who may lift it, the remedy and the source."""
    from changeflow.reports.rulebook import DISCLAIMER, rule_text
    from changeflow.rules.catalogue import RULES

    with spoken_errors():
        found = RULES.get(rule.upper())
        if found is None:
            raise UnknownThingError("rule", rule, RULES)
        for line in rule_text(found):
            out(line)
        if "Rulepack" in found.source:
            out()
            out(DISCLAIMER)


@rules.command("recheck")
def rules_recheck(
    packs: Annotated[Path, typer.Option("--packs", metavar="DIR", help="A folder of rulepacks to put on top.")],
    db: Db = DEFAULT_DB,
    at: At = None,
) -> None:
    """Say which stored programmes other rulepacks would affect, and how; nothing is written."""
    from changeflow.usecases.rulebook import recheck

    with spoken_errors():
        checked = recheck(packs, db=db, on=day(at))
    for one in checked:
        moved = f", its end moves {one.days:+d} days" if one.days else ""
        state = f"{len(one.found)} findings come, {len(one.gone)} go{moved}" if one.is_affected else "not affected"
        out(f"{one.programme}: {state}")
        for text in one.found:
            out(f"  + {text}")
        for text in one.gone:
            out(f"  - {text}")


def delegation(folder: Folder) -> None:
    """Show what the schemes of delegation change: who gains and who loses which right, and from when."""
    from changeflow.reports.rulebook import delegation_text
    from changeflow.usecases.plan import plan_folder

    with spoken_errors():
        programme = plan_folder(folder).programme
    for line in delegation_text(programme):
        out(line)


def consultation(folder: Folder) -> None:
    """Show where collective consultation is due, and the earliest days of notice and of the first role's end."""
    from changeflow.reports.consultation import consultation_text
    from changeflow.usecases.plan import plan_folder

    with spoken_errors():
        lines = list(consultation_text(plan_folder(folder).programme))
    for line in lines:
        out(line)


def transition(folder: Folder) -> None:
    """Show the register of posts: what becomes of each and why, and how many new posts are filled from inside."""
    from changeflow.intake.folder import read_folder
    from changeflow.reports.transition import transition_text

    with spoken_errors():
        lines = list(transition_text(read_folder(folder).definition))
    for line in lines:
        out(line)


def conflicts(folder: Folder, at: At = None) -> None:
    """Say which deadlines, set dates and rules cannot all hold, and what giving one of them up would do."""
    from changeflow.reports.conflicts import conflicts_text
    from changeflow.roadmap.conflicts import find_conflicts
    from changeflow.usecases.plan import plan_folder

    with spoken_errors():
        roadmap = plan_folder(folder, on=day(at) if at else None).programme.roadmap
    for line in conflicts_text(roadmap, list(find_conflicts(roadmap))):
        out(line)
