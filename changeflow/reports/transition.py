"""The register of posts in words: the outcome of each and the reasons, and how new posts are filled."""

from collections.abc import Iterator

from changeflow.programme.definition import Definition
from changeflow.services.transition import Post, Route, redundancies, summed_up

WORDS = {
    Route.SLOT: "slotted in",
    Route.MATCH: "matched",
    Route.RESKILL: "reskilled",
    Route.REDEPLOY: "redeployed",
    Route.RECRUIT: "open competition",
    Route.REDUNDANCY: "redundancy",
}


def transition_text(definition: Definition) -> Iterator[str]:
    """Yield the register by service: the counts, then each post with its reasons."""
    schools = {s.id: s.name for s in definition.schools}
    for service in definition.services:
        yield service.name
        if not service.posts and not service.new_posts:
            yield "  No posts are listed under `posts` in the service's file."
            continue
        found = summed_up(service.posts, service.new_posts)
        counts = [f"{found.by_route[route]} {WORDS[route]}" for route in Route if found.by_route[route]]
        counts += [f"{found.undecided} open"] if found.undecided else []
        yield f"  {found.posts} posts are affected: {', '.join(counts) or 'none decided'}"
        if found.new_posts:
            share = (
                "" if found.internal_share is None else f"; {found.internal_share:.0%} of the others filled internally"
            )
            yield f"  {found.new_posts} new posts, {found.open_posts} of them still open{share}"
        for post in service.posts:
            yield f"  {post.title}, {schools.get(post.school, post.school)}: {_fate(post)}"
            for route, reason in sorted(post.reasons.items(), key=lambda item: list(Route).index(item[0])):
                yield f"    not {WORDS[route]}: {reason}"
        for school, count in redundancies(service.posts).items():
            yield f"  {count} by redundancy at {schools.get(school, school)}"


def _fate(post: Post) -> str:
    if post.route is None:
        return "open"
    return f"{WORDS[post.route]}{f', as {post.to}' if post.to else ''}"
