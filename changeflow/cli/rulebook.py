"""Commands about the rulebook and what follows from it, and about roles: rules, delegation, conflicts, roles."""

from pathlib import Path
from typing import Annotated

import typer

from changeflow.cli.context import Context, Folder, command, form_option, shared
from changeflow.cli.output import formatted_errors, out, print_lines
from changeflow.errors import InputError, UnknownThingError

rules = typer.Typer(help="The rules of good practice, and the source of each.", invoke_without_command=True)


def add_to(app: typer.Typer) -> None:
    app.add_typer(rules, name="rules")
    app.command()(delegation)
    app.command()(consultation)
    app.command()(transition)
    app.command()(conflicts)
    app.command()(roles)


@rules.callback()
def rulebook(context: typer.Context) -> None:
    """The rules of good practice, and the source of each."""
    if context.invoked_subcommand is None:
        rules_list("text")


@rules.command("list")
@formatted_errors()
def rules_list(
    form: Annotated[
        str, form_option("text", "markdown", text="text, or markdown (the contents of docs/rules.md).")
    ] = "text",
) -> None:
    """List every rule: code, severity, title."""
    from changeflow.intake.rulepacks import shipped_rulepacks
    from changeflow.reports.rulebook import rules_list, rules_page

    lines = rules_list() if form == "text" else [rules_page(shipped_rulepacks()).rstrip("\n")]
    print_lines(lines)


@rules.command("show")
@formatted_errors()
def rules_show(rule: Annotated[str, typer.Argument(help="A rule's code, such as R02.")]) -> None:
    """Explain a rule: what it requires, an example, who may waive it, the remedy and the source."""
    from changeflow.reports.rulebook import DISCLAIMER, rule_text
    from changeflow.rules.catalogue import RULES

    found = RULES.get(rule.upper())
    if found is None:
        raise UnknownThingError("rule", rule, RULES)
    print_lines(rule_text(found))
    if "Rulepack" in found.source:
        out()
        out(DISCLAIMER)


@command(rules, "recheck", "db", "at")
def rules_recheck(
    context: Context,
    packs: Annotated[
        Path, typer.Option("--packs", metavar="DIR", help="A folder of rulepacks to apply over the built-in ones.")
    ],
) -> None:
    """Show which stored programmes a different set of rulepacks would affect, and how. Nothing is saved."""
    from changeflow.usecases.rulebook import recheck
    from changeflow.values.duration import counted
    from changeflow.values.moved_dates import later_or_earlier

    checked = recheck(packs, db=context.db, on=context.day)
    for one in checked:
        moved = f", and it ends {later_or_earlier(one.days)}" if one.days else ""
        came = counted(len(one.found), "new finding")
        state = f"{came}, {len(one.gone)} no longer found{moved}" if one.is_affected else "not affected"
        out(f"{one.programme}: {state}")
        for text in one.found:
            out(f"  + {text}")
        for text in one.gone:
            out(f"  - {text}")


@formatted_errors()
def delegation(folder: Folder) -> None:
    """Show what the schemes of delegation change: who gains or loses which right, and when."""
    from changeflow.reports.rulebook import delegation_text
    from changeflow.usecases.plan import plan_folder

    programme = plan_folder(folder).programme
    print_lines(delegation_text(programme))


@formatted_errors()
def consultation(folder: Folder) -> None:
    """Show where collective consultation is due, and the earliest dates for notice and for the first role to end."""
    from changeflow.reports.rulebook import consultation_text
    from changeflow.usecases.plan import plan_folder

    print_lines(list(consultation_text(plan_folder(folder).programme)))


@formatted_errors()
def transition(folder: Folder) -> None:
    """Show the register of posts: what happens to each and why, and how many new posts are filled internally."""
    from changeflow.intake.folder import read_folder
    from changeflow.reports.transition import transition_text

    print_lines(list(transition_text(read_folder(folder).definition)))


@shared("at")
def conflicts(context: Context, folder: Folder) -> None:
    """Show which deadlines, set dates and rules contradict each other, and the effect of dropping each."""
    from changeflow.reports.rulebook import conflicts_text
    from changeflow.roadmap.analysis.conflicts import find_conflicts
    from changeflow.usecases.plan import plan_folder

    roadmap = plan_folder(folder, on=context.given_day).programme.roadmap
    print_lines(conflicts_text(roadmap, list(find_conflicts(roadmap))))


@formatted_errors()
def roles(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="A programme folder, to list who holds which role in it.")
    ] = None,
    form: Annotated[
        str, form_option("text", "markdown", text="text, or markdown (the contents of docs/roles.md).")
    ] = "text",
) -> None:
    """List who may do what; given a programme folder, also who holds which role."""
    from changeflow.intake.folder import read_folder
    from changeflow.reports.roles import holders_text, roles_list, roles_page

    if folder is not None and form == "markdown":
        raise InputError("The page is about every programme. Leave out the folder, or --format markdown.")
    if folder is not None:
        lines = list(holders_text(read_folder(folder).definition))
    elif form == "markdown":
        lines = [roles_page().rstrip("\n")]
    else:
        lines = list(roles_list())
    print_lines(lines)
