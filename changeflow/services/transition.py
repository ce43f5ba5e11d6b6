"""Workforce transition: what becomes of each post of the old model, and who fills those of the new one.

Routes are tried in their order of preference, and each that is passed over has its reason. The register is about
posts. Nothing that anybody has said in an assessment may come near it: a contract of the layers keeps them apart.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from pydantic import Field, model_validator

from changeflow.values.base import Frozen, Id


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
