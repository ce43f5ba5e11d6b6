"""The stylesheet, as one file whose name changes with its contents, so that browsers may keep it for ever."""

import hashlib
from dataclasses import dataclass
from functools import cached_property

from changeflow.places import new_environment

PARTS = ("style/tokens.css.j2", "style/components.css.j2", "style/pages.css.j2")
KEPT = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class Stylesheet:
    """The site's stylesheet."""

    @cached_property
    def text(self) -> str:
        environment = new_environment()
        return "\n".join(environment.get_template(part).render() for part in PARTS)

    @cached_property
    def name(self) -> str:
        return f"style-{hashlib.sha256(self.text.encode()).hexdigest()[:16]}.css"

    @property
    def path(self) -> str:
        return f"/static/{self.name}"


STYLE = Stylesheet()
