"""Weekly: write the report to the senior responsible owner of every programme."""

from datetime import UTC, datetime
from pathlib import Path

from prefect import flow
from prefect.artifacts import create_markdown_artifact

from changeflow.settings import as_flow, begin
from changeflow.usecases import issued_reports
from changeflow.values.moments import local_day


@flow(name="weekly-sro-report")
@as_flow
def weekly_sro_report(now: datetime | None = None) -> list[Path]:
    """Write each programme's report for the day of `now` (by default, today); a second run overwrites the same file."""
    chosen = begin()
    moment = now or datetime.now(UTC)
    written = issued_reports.write_all(db=chosen.db, now=moment, today=local_day(moment), folder=chosen.reports)
    create_markdown_artifact("\n".join(f"- {path}" for path in written) or "No programme.", key="sro-reports")
    return written
