"""Workforce transition: what becomes of each post of the old model, and who fills those of the new one.

Routes are tried in their order of preference, and each that is passed over has its reason. The register is about
posts. Nothing that anybody has said in an assessment may come near it: a contract of the layers keeps them apart.

Collective consultation counts proposals per establishment within a window of days: a unit that people are assigned to,
each school by itself. The numbers come from a rulepack. Planning minimum, not legal advice.
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
    """What becomes of a post's holder, the most preferred first.

    The order is that of "Making change stick" (slotting, matching, reskilling people already in the trust), continued.
    """

    SLOT = "slot"
    """The post goes on in the new model, much as it was."""
    MATCH = "match"
    """A new post fits what the holder does and can."""
    RESKILL = "reskill"
    """A new post fits after training."""
    REDEPLOY = "redeploy"
    """A post elsewhere in the trust."""
    RECRUIT = "recruit"
    """They compete for a post that is open to all."""
    REDUNDANCY = "redundancy"

    @property
    def better(self) -> tuple["Route", ...]:
        """The routes that are preferred to this one."""
        return tuple(Route)[: list(Route).index(self)]


class Post(Frozen):
    """A post of the old model that the change affects. Posts, not persons: nobody is named."""

    id: Id
    school: Id
    title: str = Field(min_length=1)
    fte: float = Field(1.0, gt=0, le=1, description="Full-time equivalent")
    teacher: bool = Field(default=False, description="Teachers leave on set dates")
    route: Route | None = Field(None, description="Left out as long as it is open")
    to: Id | None = Field(None, description="The new post, where there is one")
    reasons: dict[Route, str] = Field(default_factory=dict, description="Why each better route is not taken")
    ends_with: str | None = Field(None, description="The step of kind role_removal; left out where there is one only")

    @model_validator(mode="after")
    def _reasoned(self) -> "Post":
        missing = [r.value for r in (self.route.better if self.route else ()) if not self.reasons.get(r, "").strip()]
        if missing and self.route is not None:
            raise ValueError(
                f"'{self.id}' goes to {self.route.value}. Say under `reasons` why not {', '.join(missing)}"
            )
        return self


class NewPost(Frozen):
    """A post of the new model."""

    id: Id
    title: str = Field(min_length=1)
    fte: float = Field(1.0, gt=0, le=1)
    filled_by: Route | None = Field(None, description="How it was filled; left out as long as it is open")

    @model_validator(mode="after")
    def _filled(self) -> "NewPost":
        if self.filled_by is Route.REDUNDANCY:
            raise ValueError(
                "a new post is not filled by redundancy. Write one of slot, match, reskill, redeploy, recruit"
            )
        return self


@dataclass(frozen=True, slots=True)
class Transition:
    """What the register comes to for one service."""

    posts: int
    by_route: Mapping[Route, int]
    undecided: int
    new_posts: int
    open_posts: int
    internal_share: float | None
    """Of the full-time equivalents that are filled, the share filled by people of the trust; None: none is yet."""


def summed_up(posts: Iterable[Post], new_posts: Iterable[NewPost]) -> Transition:
    """Count a register; recruiting in the open is the one route that does not count as internal."""
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
    """Count the posts that would end by redundancy, by school."""
    counts = Counter(p.school for p in posts if p.route is Route.REDUNDANCY)
    return dict(sorted(counts.items()))


Law = Callable[[str, date], RulepackEntry]
"""Gives an entry in force on a day, by its key."""


@dataclass(frozen=True, slots=True)
class RedundancyProposal:
    """Roles that are proposed to end by redundancy at one establishment; `effect` is their last day."""

    establishment: str
    posts: int
    effect: date


@dataclass(frozen=True, slots=True)
class Duty:
    """What the law asks for at one establishment."""

    establishment: str
    posts: int
    """In the window that holds the most."""
    first_effect: date
    """The first day in that window on which a role ends."""
    days: int
    """Calendar days from the start of consultation to the first role's end, at least."""


def minimum_days(posts: int, *, on: date, law: Law, tiers_in: str = "consultation_tiers") -> int:
    """Return the days of consultation for so many posts at one establishment; 0 where none is asked for.

    `tiers_in` names the entry that has the tiers of another duty, such as notifying the Secretary of State.
    """
    tiers = law(tiers_in, on).value
    return max((tier["days"] for tier in tiers if posts >= tier["posts"]), default=0)


def fullest_windows(proposals: Iterable[RedundancyProposal], *, law: Law) -> Iterator[Duty]:
    """Yield each establishment's window with the most posts, whether the law asks for consultation (`days`) or not."""
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
    """Return the first leaving date on or after a day; `dates` are months and days as a rulepack gives them.

    >>> next_leaving_date(date(2027, 3, 8), [{"month": 4, "day": 30}, {"month": 12, "day": 31}])
    datetime.date(2027, 4, 30)
    """
    found = [date(year, d["month"], d["day"]) for year in (day.year, day.year + 1) for d in dates]
    return min(d for d in found if d >= day)
