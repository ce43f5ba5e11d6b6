"""Workforce transition: what happens to each post of the old model, and how those of the new model are filled.

Routes are tried in order of preference, with a reason for each one passed over. The register is about posts and must
never use assessments: an import contract keeps them apart.

Collective consultation counts proposals within a window of days at each establishment: the unit that people are
assigned to, here each school. The numbers come from a rulepack. They are for planning only, not legal advice.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from pydantic import Field, model_validator

from changeflow.values.base import Frozen, Id
from changeflow.values.rulepack import RulepackEntry


class Route(StrEnum):
    """What happens to a post's holder, the most preferred route first.

    The order extends that of "Making change stick" (slotting, matching, reskilling people already in the trust).
    """

    SLOT = "slot"
    """The post continues in the new model, much as it was."""
    MATCH = "match"
    """A new post fits the holder's work and skills."""
    RESKILL = "reskill"
    """A new post fits after training."""
    REDEPLOY = "redeploy"
    """The holder gets a post elsewhere in the trust."""
    RECRUIT = "recruit"
    """The holder competes for a post that is open to all."""
    REDUNDANCY = "redundancy"

    @property
    def better(self) -> tuple["Route", ...]:
        """The routes that are preferred to this one."""
        return tuple(Route)[: list(Route).index(self)]


class Post(Frozen):
    """A post of the old model that the change affects. It does not name its holder."""

    id: Id
    school: Id
    title: str = Field(min_length=1)
    fte: float = Field(1.0, gt=0, le=1, description="Full-time equivalent")
    teacher: bool = Field(default=False, description="Teachers leave on set dates")
    route: Route | None = Field(None, description="Leave out while it is undecided")
    to: Id | None = Field(None, description="The new post, where there is one")
    reasons: dict[Route, str] = Field(default_factory=dict, description="Why each preferred route was not taken")
    ends_with: str | None = Field(None, description="The step of kind role_removal; leave out if there is only one")

    @model_validator(mode="after")
    def _reasoned(self) -> "Post":
        missing = [r.value for r in (self.route.better if self.route else ()) if not self.reasons.get(r, "").strip()]
        if missing and self.route is not None:
            raise ValueError(
                f"'{self.id}' has the route {self.route.value}. Say under `reasons` why not {', '.join(missing)}"
            )
        return self


class NewPost(Frozen):
    """A post of the new model."""

    id: Id
    title: str = Field(min_length=1)
    fte: float = Field(1.0, gt=0, le=1)
    filled_by: Route | None = Field(None, description="How it was filled; leave out while it is open")

    @model_validator(mode="after")
    def _filled(self) -> "NewPost":
        if self.filled_by is Route.REDUNDANCY:
            raise ValueError(
                "a new post cannot be filled by redundancy. Write one of slot, match, reskill, redeploy, recruit"
            )
        return self


@dataclass(frozen=True, slots=True)
class Transition:
    """The totals of the register for one service."""

    posts: int
    by_route: Mapping[Route, int]
    undecided: int
    new_posts: int
    open_posts: int
    internal_share: float | None
    """The share of filled full-time equivalents that went to people of the trust; None if no post is filled."""


def summed_up(posts: Iterable[Post], new_posts: Iterable[NewPost]) -> Transition:
    """Total a register; open recruitment is the only route that does not count as internal."""
    old, new = list(posts), list(new_posts)
    filled = [p for p in new if p.filled_by is not None]
    total = sum(p.fte for p in filled)
    internal = sum(p.fte for p in filled if p.filled_by is not Route.RECRUIT)
    counts = Counter(p.route for p in old if p.route is not None)
    return Transition(
        posts=len(old),
        by_route={route: counts.get(route, 0) for route in Route},
        undecided=sum(1 for p in old if p.route is None),
        new_posts=len(new),
        open_posts=len(new) - len(filled),
        internal_share=internal / total if total else None,
    )


def redundancies(posts: Iterable[Post]) -> dict[str, int]:
    """Count the proposed redundancies by school."""
    counts = Counter(p.school for p in posts if p.route is Route.REDUNDANCY)
    return dict(sorted(counts.items()))


Law = Callable[[str, date], RulepackEntry]
"""A function that returns the entry in force on a day, by its key."""


@dataclass(frozen=True, slots=True)
class RedundancyProposal:
    """Proposed redundancies at one establishment; `effect` is the last day of the posts."""

    establishment: str
    posts: int
    effect: date


@dataclass(frozen=True, slots=True)
class Duty:
    """The duty to consult at one establishment."""

    establishment: str
    posts: int
    """The number of posts in the window with the most."""
    first_effect: date
    """The first day in that window on which a post ends."""
    days: int
    """The minimum of calendar days from the start of consultation to that day."""


def minimum_days(posts: int, *, on: date, law: Law, tiers_in: str = "consultation_tiers") -> int:
    """Return the days of consultation for a number of posts at one establishment; 0 if none are required.

    `tiers_in` names the entry that has the tiers of another duty, such as notifying the Secretary of State.
    """
    tiers = law(tiers_in, on).value
    return max((tier["days"] for tier in tiers if posts >= tier["posts"]), default=0)


def fullest_windows(proposals: Iterable[RedundancyProposal], *, law: Law) -> Iterator[Duty]:
    """Yield each establishment's window with the most posts; `days` is 0 where the law requires no consultation."""
    by_place: dict[str, list[RedundancyProposal]] = {}
    for proposal in proposals:
        by_place.setdefault(proposal.establishment, []).append(proposal)
    for place, found in sorted(by_place.items()):
        in_order = sorted(found, key=lambda p: p.effect)
        best: tuple[int, date] | None = None
        for n, first in enumerate(in_order):
            window = timedelta(days=int(law("consultation_window_days", first.effect).value))
            posts = sum(p.posts for p in in_order[n:] if p.effect < first.effect + window)
            if best is None or posts > best[0]:
                best = posts, first.effect
        if best is not None:
            yield Duty(place, best[0], best[1], minimum_days(best[0], on=best[1], law=law))


def next_leaving_date(day: date, dates: Iterable[Mapping[str, int]]) -> date:
    """Return the first leaving date on or after a day; `dates` are months and days from a rulepack.

    >>> next_leaving_date(date(2027, 3, 8), [{"month": 4, "day": 30}, {"month": 12, "day": 31}])
    datetime.date(2027, 4, 30)
    """
    found = [date(year, d["month"], d["day"]) for year in (day.year, day.year + 1) for d in dates]
    return min(d for d in found if d >= day)
