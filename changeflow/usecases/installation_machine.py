"""Checks of the machine: Python and packages, settings, the clock, time zones and free space."""

import platform
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from packaging.requirements import Requirement
from sqlmodel import Session, col, func, select

from changeflow import __version__
from changeflow.phrases import listed, printable
from changeflow.storage.custody import MachineState
from changeflow.storage.database import is_sqlite, read_scope, sqlite_path
from changeflow.storage.tables.audit import AuditRow
from changeflow.usecases.installation import CheckOutcome, Installation, attention, fine
from changeflow.values.duration import counted
from changeflow.values.moments import LONDON, format_day

NEVER_BEFORE = datetime(2026, 11, 1, tzinfo=UTC)
"""This version was not released before then, so an earlier clock is wrong."""
MOST_APART = timedelta(minutes=1)
"""The largest difference between clocks. Signing in with an organisation's account fails beyond it."""
LEAST_FREE = 200_000_000
"""Bytes that should be free at any size of the database: for its log, reports and messages."""
MEGABYTE = 1_000_000


def python_and_packages(_: Installation) -> Iterator[CheckOutcome]:
    """Compare the installed packages with the versions that changeflow needs."""
    wrong = [why for line in requires("changeflow") or () if (why := _mismatch(Requirement(line)))]
    if wrong:
        yield attention(
            f"{counted(len(wrong), 'package')} that changeflow needs: {listed(wrong)}.",
            "Install changeflow again in its environment: pip install -c constraints.txt .",
        )
        return
    yield fine(f"changeflow {__version__} on Python {platform.python_version()}; every package has a version it needs.")


def _mismatch(needed: Requirement) -> str:
    """Return what is wrong with a package; empty if nothing is, or if it is optional."""
    if needed.marker is not None and not needed.marker.evaluate({"extra": ""}):
        return ""
    try:
        found = version(needed.name)
    except PackageNotFoundError:
        return f"{needed.name} is missing"
    is_right = needed.specifier.contains(found, prereleases=True)
    return "" if is_right else f"{needed.name} is {found}, not {needed.specifier}"


def settings_can_be_used(installation: Installation) -> Iterator[CheckOutcome]:
    for fault in installation.faults:
        yield attention(fault, "Correct the setting, and restart changeflow.")
    for name in installation.unknown:
        yield attention(
            f"changeflow does not know the setting {printable(name)}.",
            "Check its spelling in docs/cli.md, or remove it.",
        )
    if not installation.faults and not installation.unknown:
        yield fine("All settings can be used.")


def time_zones(_: Installation) -> Iterator[CheckOutcome]:
    """Check that the time zone data has the hour changes of the United Kingdom."""
    remedy = "Install the package tzdata in changeflow's environment, or your system's own time zone data."
    try:
        zone = ZoneInfo("Europe/London")
    except ZoneInfoNotFoundError:
        yield attention("There is no time zone data for Europe/London.", remedy)
        return
    hours = [datetime(2027, month, 1, 12, tzinfo=zone).utcoffset() for month in (1, 7)]
    if hours != [timedelta(0), timedelta(hours=1)]:
        yield attention("The time zone data for Europe/London is wrong: it has no summer time.", remedy)
        return
    yield fine("Time zone data for Europe/London is installed.")


def the_clock(installation: Installation) -> Iterator[CheckOutcome]:
    """Compare the machine's clock with this version, the audit and, on PostgreSQL, the server's clock."""
    remedy = "Correct the clock, and let the system keep it right (NTP): timedatectl set-ntp true"
    now = installation.clock()
    if now < NEVER_BEFORE:
        yield attention(f"The clock shows {_moment(now)}, which is before this version was made.", remedy)
        return
    with read_scope(installation.db) as session:
        last = session.exec(select(func.max(col(AuditRow.real_at)))).one()
        apart = _from_the_server(session, installation)
    if last is not None and last - now > MOST_APART:
        yield attention(f"The clock shows {_moment(now)}, but the last change was recorded {_moment(last)}.", remedy)
    elif apart > MOST_APART:
        seconds = counted(round(apart.total_seconds()), "second")
        yield attention(f"This machine's clock and the database server's are {seconds} apart.", remedy)
    else:
        yield fine(f"The clock shows {_moment(now)}.")


def _from_the_server(session: Session, installation: Installation) -> timedelta:
    """Return the difference from the database server's clock; none for a file."""
    if is_sqlite(installation.db):
        return timedelta(0)
    theirs: datetime = session.connection().exec_driver_sql("SELECT clock_timestamp()").scalar_one()
    return abs(installation.clock() - theirs)


def _moment(moment: datetime) -> str:
    local = moment.astimezone(LONDON)
    return f"{format_day(local.date())}, {local:%H:%M}"


def free_space(installation: Installation) -> Iterator[CheckOutcome]:
    """Compare the free space with what an erasure needs: a copy beside the database and one in the temporary folder."""
    size = 0
    if is_sqlite(installation.db) and (file := sqlite_path(installation.db)).is_file():
        size, folder = file.stat().st_size, file.resolve().parent
    else:
        folder = MachineState(installation.db).folder
    needed: dict[Path, int] = {}
    for place in (_existing(folder), _existing(Path(tempfile.gettempdir()))):
        same = next((p for p in needed if p.stat().st_dev == place.stat().st_dev), place)
        needed[same] = needed.get(same, LEAST_FREE) + size
    short = {p: free for p in needed if (free := shutil.disk_usage(p).free) < needed[p]}
    for place, free in short.items():
        yield attention(
            f"'{place}' has {free // MEGABYTE} MB free. changeflow may need {needed[place] // MEGABYTE} MB there.",
            "Make room, or move the folder to a larger disk. While a disk is full, changeflow saves nothing.",
        )
    if not short:
        yield fine("There is enough free space beside the database and in the temporary folder.")


def _existing(folder: Path) -> Path:
    """Return a folder, or the nearest one above it that exists."""
    return next(p for p in (folder, *folder.resolve().parents) if p.is_dir())
