"""How many people each team has on a day, in tenths of a person."""

from collections.abc import Mapping
from datetime import timedelta

from changeflow.roadmap.waves.request import WaveTeam
from changeflow.values.moments import DAY, day_of, minute_of

TENTHS = 10
"""Of one person; a team's days a week are fifths of one."""


class Capacity:
    """What teams have, day by day. Days are counted from 1970-01-01."""

    def __init__(self, teams: Mapping[str, WaveTeam]) -> None:
        self.known = dict(teams)
        self.teams = tuple(sorted(teams))
        self.names = {key: team.name or key.replace("-", " ") for key, team in teams.items()}
        self._cache: dict[tuple[str, int], int] = {}

    def on(self, team: str, day: int) -> int:
        """Return a team's tenths of a person on a day."""
        key = (team, day)
        if key not in self._cache:
            self._cache[key] = round(self.known[team].left_on(day_of(day * DAY)) * TENTHS / 5)
        return self._cache[key]

    def changes(self, team: str) -> list[int]:
        """Return the midnights at which a team may have more or fewer people, in civil minutes."""
        away = self.known[team].away
        return [minute_of(day) for a in away for day in (a.first_day, a.last_day + timedelta(days=1))]

    def most(self, team: str) -> int:
        """Return a team's tenths of a person on a day on which nobody is away."""
        return round((self.known[team].days_per_week - self.known[team].backfill) * TENTHS / 5)
