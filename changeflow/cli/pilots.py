"""Commands about pilots and parallel runs: choosing, reconciling, explaining, filing, measuring."""

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from changeflow.cli.context import Context, command, with_default
from changeflow.cli.output import formatted_errors, note, print_lines
from changeflow.cli.reading import reading
from changeflow.values.limits import MOST
from changeflow.values.problem import check_known, pick

if TYPE_CHECKING:
    from changeflow.pilots.criteria import ParallelRunPolicy

pilot = typer.Typer(help="Pilots and parallel runs.", no_args_is_help=True)

Service = Annotated[str, typer.Argument(metavar="SERVICE", help="The service's id.")]
Period = Annotated[str, typer.Argument(metavar="PERIOD", help="The pay month, such as 2027-01.")]


_HEADINGS = (
    'Headings in the files, such as gross="Gross pay",net=Net. '
    "For one file only, put old: or new: before it, such as new:net=Net."
)


def add_to(app: typer.Typer) -> None:
    app.add_typer(pilot, name="pilot")


@command(pilot, "measure", "db", "programme", "actor", "at")
def pilot_measure(
    context: Context,
    service: Annotated[str, typer.Argument(help="The service.")],
    criterion: Annotated[str, typer.Argument(help="The exit criterion's id.")],
    value: Annotated[str, typer.Argument(help="The measured value.")],
) -> None:
    """Record the measured result of a pilot's exit criterion."""
    from changeflow.usecases import pilots

    pilots.measure_criterion(service, criterion, value, context.change)
    note(f"{service}, {criterion}: {value}.")


@pilot.command("choose")
@formatted_errors()
def pilot_choose(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A programme folder.")] = Path(),
    size: Annotated[int, typer.Option(help="How many schools are in the pilot.")] = 3,
) -> None:
    """Propose pilot schools that represent the trust and include one reluctant school. Also list alternatives."""
    from changeflow.reports.pilots import pilot_text
    from changeflow.usecases import pilots

    programme, cohorts = pilots.proposed_pilot(folder, size=size)
    print_lines(pilot_text(programme, cohorts))


@command(pilot, "submitted", "db", "programme", "actor", "at")
def pilot_submitted(
    context: Context,
    service: Annotated[str, typer.Argument(metavar="SERVICE", help="The service's id.")],
    scheme: Annotated[str, typer.Argument(metavar="SCHEME", help="The scheme's reference.")],
    period: Annotated[str, typer.Argument(metavar="PERIOD", help="The pay month, such as 2027-06.")],
    system: Annotated[str, typer.Argument(metavar="SYSTEM", help="The system that filed: old or new.")],
) -> None:
    """Record which system filed a PAYE scheme's return for a pay period. Only one may file, and
    never from a parallel run."""
    from changeflow.programme.facts import Submission
    from changeflow.usecases import filings

    filed = Submission(service=service, scheme=scheme, period=period, system=system)
    is_new = filings.record_submission(filed, context.change)
    note("Recorded." if is_new else "Already recorded; nothing changed.")


@command(pilot, "reconcile", "db", "programme", "actor", "at")
def pilot_reconcile(
    context: Context,
    old: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The old output.")],
    new: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The new output.")],
    key: Annotated[
        str, typer.Option(help="The column, or comma-separated columns, that identify a contract.")
    ] = "contract",
    identity: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="A CSV (old,new) of contract ids that have changed."),
    ] = None,
    preset: Annotated[str | None, typer.Option(help="payroll, suppliers, budgets or assets.")] = None,
    tolerance: Annotated[
        list[str] | None,
        typer.Option(help="element=amount, such as net=0.01; only elements with a tolerance are compared."),
    ] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option(help=_HEADINGS),
    ] = None,
    decimal: Annotated[
        list[str] | None,
        typer.Option(
            help="The decimal separator (. or ,) if the amounts do not make it clear. "
            "For one file only, put old: or new: before it."
        ),
    ] = None,
    service: Annotated[
        str | None, typer.Option(help="Apply this stored service's tolerances, and store the run.")
    ] = None,
    period: Annotated[str, typer.Option(help="The pay month, such as 2027-01.")] = "",
    every: Annotated[
        bool, typer.Option("--all", help="List every difference and contract, not only the first ten.")
    ] = False,
) -> None:
    """Compare a parallel run's old and new output by contract. Without --service, exits with 3 if they do not match."""
    from changeflow.pilots.criteria import with_file_options
    from changeflow.reconciliation.compare import ALL, KEPT, reconcile
    from changeflow.reports.pilots import reconciliation_lines
    from changeflow.usecases import parallel_runs

    kept = ""
    if service is not None:
        _refuse_beside(context, service, period)
        with reading(old, new, identity):
            result, is_new = parallel_runs.reconcile_stored(
                old, new, service=service, period=period, change=context.change, identity=identity, say=note
            )
        kept = "Run saved." if is_new else "This run is already saved."
    else:
        policy = _policy(context, preset, key, tolerance or [])
        policy = with_file_options(policy, columns=columns or [], decimals=decimal or [])
        most = ALL if every else KEPT
        with reading(old, new, identity):
            result = reconcile(old, new, policy, period=period, identity=identity, say=note, most=most)
    summary = result.summary(service=service or "", period=period, on=context.day)
    print_lines(reconciliation_lines(result, summary, is_all=every))
    _end(kept, is_clean=summary.is_clean)


def _policy(context: Context, preset: str | None, key: str, tolerance: list[str]) -> "ParallelRunPolicy":
    """Return the tolerances that options give for a run that is not stored."""
    from changeflow.pilots.criteria import PRESETS, parse_policy

    context.refuse(["db", "programme", "actor", "at"], "without --service nothing is stored.")
    if preset:
        context.refuse(["key", "tolerance"], f"the preset {preset} has its own. Leave one of them out.")
    return pick("preset", preset, PRESETS) if preset else parse_policy(key, tolerance)


def _refuse_beside(context: Context, service: str, period: str) -> None:
    """Refuse options that a stored service's criteria already decide, and a run without its month."""
    from changeflow.errors import InputError

    why = (
        f"the criteria of {service} were fixed before its runs began, under parallel_run in its file. Without "
        "--service, files are compared by others, and nothing is kept."
    )
    context.refuse(["key", "tolerance", "preset", "columns", "decimal"], why)
    if not period:
        raise InputError("Say which month was paid, with --period 2027-01.")


def _end(kept: str, *, is_clean: bool) -> None:
    """Print the verdict of a run; raise an error if it is neither clean nor stored."""
    from changeflow.errors import CheckFailedError

    verdict = "The run is clean." if is_clean else "The run is not clean."
    if not (is_clean or kept):
        raise CheckFailedError(verdict)
    print_lines(["", verdict])
    if kept:
        note(kept)


@command(pilot, "runs", "db", "programme", "actor", "at")
def pilot_runs(
    context: Context,
    service: Service,
    period: Annotated[str | None, typer.Option(help="Show the differences of this period's latest run.")] = None,
    contracts: Annotated[
        bool, typer.Option("--contracts", help="Show contract ids in full; this is recorded in the audit log.")
    ] = False,
    every: Annotated[
        bool, typer.Option("--all", help="List every stored difference, not only the first twenty.")
    ] = False,
) -> None:
    """List a service's stored runs, or one run's differences. Only the last 4 characters of contract ids are shown."""
    from changeflow.reports.pilots import runs_text, variances_text
    from changeflow.usecases import parallel_runs

    if period is None:
        context.refuse(["every"], "it lists the differences of one run. Say which, with --period 2027-01.")
        context.refuse(["contracts"], "it names the contracts of one run. Say which, with --period 2027-01.")
        kept_runs = parallel_runs.kept_runs(service, db=context.db, programme=context.programme, on=context.day)
        lines = list(runs_text(kept_runs, on=context.day))
    else:
        run, kept = parallel_runs.kept_variances(service, period, context.change, in_full=contracts)
        lines = list(variances_text(run, kept, in_full=contracts, is_all=every))
    print_lines(lines)


@command(pilot, "explain", "db", "programme", "actor", "at")
def pilot_explain(
    context: Context,
    service: Service,
    period: Period,
    element: Annotated[str, typer.Argument(help="The element that differs, or `missing` or `extra`.")],
    reason: Annotated[str, typer.Option(help="Why it differs, such as “October back pay”.")],
    contract: Annotated[
        str | None,
        typer.Option(
            help=with_default("The contract concerned", "every contract whose difference is within --between")
        ),
    ] = None,
    between: Annotated[
        str | None, typer.Option(metavar="LOW..HIGH", help="The range of new minus old, such as -12.00..12.00.")
    ] = None,
    evidence: Annotated[
        str, typer.Option(help="The evidence for one contract, such as a letter or a calculation.")
    ] = "",
    until: Annotated[
        str | None,
        typer.Option(metavar="PERIOD", help=with_default("The last month for which it counts", "PERIOD alone")),
    ] = None,
) -> None:
    """Explain a difference. This takes effect the next time the period is reconciled; the stored run is unchanged."""
    from changeflow.usecases import pilot_records

    span = _span(between)
    number = pilot_records.explain(
        service, period, element, context.change, contract=contract, between=span, reason=reason, evidence=evidence,
        until=until,
    )  # fmt: skip
    if number is None:
        note("Already recorded; nothing changed.")
        return
    note(f"Explanation {number} is recorded. Reconcile {period} again to apply it.")


def _span(text: str | None) -> tuple[Decimal, Decimal] | None:
    from changeflow.errors import InputError

    if text is None:
        return None
    low, _, high = text.partition("..")
    try:
        span = Decimal(low), Decimal(high)
        if not all(abs(bound) <= MOST for bound in span):
            raise InvalidOperation
    except InvalidOperation:
        raise InputError(f"'{text}' is not a range of amounts. Write it like -12.00..12.00.") from None
    if span[0] > span[1]:
        raise InputError(f"'{text}' goes down: write the lower amount first.")
    return span


@command(pilot, "rules", "db", "programme", "actor", "at")
def pilot_rules(
    context: Context,
    service: Service,
    accept: Annotated[str | None, typer.Option(metavar="ID", help="Accept this rule for the next period.")] = None,
) -> None:
    """Show rules that earlier explanations suggest for the next run. A rule applies only once a person accepts it."""
    from changeflow.reports.pilots import rules_text
    from changeflow.usecases import pilot_records

    if accept is not None:
        rule = pilot_records.accept_rule(service, accept, context.change)
        note(f"The rule explains {rule.element} in {rule.period}: {rule.reason}.")
    else:
        proposed = pilot_records.rules_for(service, db=context.db, programme=context.programme, on=context.day)
        print_lines(rules_text(proposed))


@command(pilot, "test", "db", "programme", "actor", "at")
def pilot_test(
    context: Context,
    service: Service,
    case: Annotated[str, typer.Argument(metavar="CASE", help="The id of a case in the test pack.")],
    result: Annotated[str, typer.Argument(metavar="RESULT", help="passed or failed.")],
    evidence: Annotated[str, typer.Option(help="The evidence.")],
) -> None:
    """Record the result of a case in the test pack."""
    from changeflow.usecases import pilot_records

    check_known("result", result, ["passed", "failed"])
    number = pilot_records.test_case(service, case, evidence, context.change, passed=result == "passed")
    note(f"{case}: {result}." if number else "Already recorded; nothing changed.")
