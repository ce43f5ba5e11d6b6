"""The stylesheet and the script, as files whose names change with their contents, so that browsers may keep them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from changeflow.places import new_environment

KEPT = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class StaticFile:
    """One file of the site."""

    kind: str
    """`css` or `js`."""
    media_type: str
    parts: Sequence[str]
    """The templates that it is made of."""

    @cached_property
    def text(self) -> str:
        environment = new_environment("style")
        return "\n".join(environment.get_template(part).render() for part in self.parts)

    @cached_property
    def name(self) -> str:
        return f"site-{hashlib.sha256(self.text.encode()).hexdigest()[:16]}.{self.kind}"

    @property
    def path(self) -> str:
        return f"/static/{self.name}"


STYLE = StaticFile(
    "css", "text/css; charset=utf-8", ("style/tokens.css.j2", "style/components.css.j2", "style/pages.css.j2")
)
SCRIPT = StaticFile("js", "text/javascript; charset=utf-8", ("web/site.js",))
FILES = (STYLE, SCRIPT)
