"""Remove what the files say about a school that leaves the programme."""

from typing import Any

from changeflow.intake.editing.sources import (
    ROLLOUT_FILE,
    Sources,
    data_in,
    found_at,
    with_or_without,
    without,
)
from changeflow.intake.editing.yaml_patch import MISSING
from changeflow.intake.yaml import Path_


def without_mentions(sources: Sources, school: str) -> Sources:
    """Remove a school's calendar, wishes, steps and posts, and take it out of groups and blackouts.

    Its line in schools.csv and its waves stay.
    """
    calendars = [file for file in sources if file.startswith("calendars/")]
    own = {file for file in calendars if data_in(sources, file).get("school") == school}
    sources = _without_wishes({file: text for file, text in sources.items() if file not in own}, school)
    for file in (file for file in calendars if file not in own):
        sources = _without_blackouts(sources, file, school)
    for file in [file for file in sources if file.startswith("services/")]:
        sources = _without_steps(sources, file, school)
    return sources


def _without_wishes(sources: Sources, school: str) -> Sources:
    sources = with_or_without(sources, ROLLOUT_FILE, ("schools", school), None)
    rollout = data_in(sources, ROLLOUT_FILE)
    for group, about in (rollout.get("groups") or {}).items():
        sources = _without_named(sources, ROLLOUT_FILE, ("groups", group), about, school)
    pairs = list(enumerate(rollout.get("apart") or ()))
    for place in [n for n, pair in reversed(pairs) if isinstance(pair, list) and school in pair]:
        sources = without(sources, ROLLOUT_FILE, ("apart", place))
    return sources


def _without_blackouts(sources: Sources, file: str, school: str) -> Sources:
    for place, blackout in reversed(list(enumerate(data_in(sources, file).get("blackouts") or ()))):
        sources = _without_named(sources, file, ("blackouts", place), blackout, school)
    return sources


def _without_named(sources: Sources, file: str, path: Path_, item: Any, school: str) -> Sources:  # noqa: ANN401
    """Remove a school from an item's list of schools; the whole item if it is for this school alone.

    An item without a list would be for all schools.
    """
    schools = item.get("schools") if isinstance(item, dict) else None
    if not isinstance(schools, list) or school not in schools:
        return sources
    return without(sources, file, path if len(schools) == 1 else (*path, "schools", schools.index(school)))


def _without_steps(sources: Sources, file: str, school: str) -> Sources:
    for place, post in reversed(list(enumerate(data_in(sources, file).get("posts") or ()))):
        if isinstance(post, dict) and post.get("school") == school:
            sources = without(sources, file, ("posts", place))
    for step, fields in (data_in(sources, file).get("tasks") or {}).items():
        if str(step).startswith(f"{school}/"):
            sources = without(sources, file, ("tasks", step))
            continue
        for field in ("durations", "redundancies"):
            if found_at(sources, file, ("tasks", step, field, school)) is not MISSING:
                is_last = len(fields[field]) == 1
                sources = without(sources, file, ("tasks", step, field, *(() if is_last else (school,))))
    return sources
