"""Forms that were sent after a session had ended: kept for an hour, for the same person in the same browser.

They are kept in memory alone, so that nothing that someone typed is stored or copied without being saved. A server that
restarts forgets them.
"""

import secrets
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

KEPT_FOR = timedelta(hours=1)
MOST_OF_ONE, MOST_FORMS = 5, 500
"""The most forms of one person, and of everyone together."""
MOST_CHARACTERS = 20_000_000
"""The most characters of all forms together: about fifty of the longest, or thousands of the usual ones."""
KEPT = "kept"
"""The field by which a form that is sent again names what was kept."""
LABELS: Mapping[str, str] = {
    "reason": "Reason",
    "cause": "Why the dates move",
    "dissent": "Dissenting view",
    "text": "What you wrote",
    "rows": "The rows that you pasted",
    "why": "Reason",
    "how": "How it was announced",
    "title": "Title",
    "link": "Link",
    "name": "Name",
    "email": "Email address",
    "day": "Day",
    "until": "Until",
    "left": "Working days left",
}
"""The fields that the page shows, by name. Choices are sent again too, but not listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptForm:
    """A form that was not saved."""

    id: str
    programme: str
    path: str
    """Where it was sent to."""
    page: str
    """The page that it was on; empty if the browser did not say."""
    fields: Mapping[str, str]
    had_files: bool
    """Whether files came with it, which are not kept."""
    until: datetime

    @property
    def shown(self) -> list[tuple[str, str]]:
        """What someone typed into it, with labels."""
        return [(LABELS[name], value) for name, value in self.fields.items() if name in LABELS and value.strip()]

    @property
    def size(self) -> int:
        return sum(len(name) + len(value) for name, value in self.fields.items())


Owner = tuple[str, str]
"""Whose a form is: a browser, by its token, and the person whose session it was."""


@dataclass(slots=True)
class KeptForms:
    """The forms that this process keeps."""

    _kept: OrderedDict[str, tuple[Owner, KeptForm]] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def keep(
        self,
        owner: Owner,
        programme: str,
        *,
        path: str,
        page: str,
        fields: Mapping[str, str],
        had_files: bool,
        now: datetime,
    ) -> None:
        """Keep a form instead of an earlier one to the same path; the oldest make room if there are too many."""
        form = KeptForm(
            id=secrets.token_urlsafe(16),
            programme=programme,
            path=path,
            page=page,
            fields=fields,
            had_files=had_files,
            until=now + KEPT_FOR,
        )
        with self._lock:
            self._forget(now)
            own = [key for key, (whose, _) in self._kept.items() if whose == owner]
            same = [key for key in own if self._kept[key][1].path == path]
            others = [key for key in own if key not in same]
            for key in [*same, *others[: max(0, len(others) + 1 - MOST_OF_ONE)]]:
                del self._kept[key]
            self._kept[form.id] = (owner, form)
            while len(self._kept) > MOST_FORMS or sum(f.size for _, f in self._kept.values()) > MOST_CHARACTERS:
                self._kept.popitem(last=False)

    def of(self, owner: Owner, programme: str, *, now: datetime) -> list[KeptForm]:
        """Return a person's forms in a programme, the latest first."""
        with self._lock:
            self._forget(now)
            return [f for whose, f in reversed(self._kept.values()) if whose == owner and f.programme == programme]

    def drop(self, id_: str, browser: str) -> None:
        """Forget a form that its browser has sent again."""
        with self._lock:
            if id_ in self._kept and self._kept[id_][0][0] == browser:
                del self._kept[id_]

    def _forget(self, now: datetime) -> None:
        for key in [key for key, (_, form) in self._kept.items() if form.until <= now]:
            del self._kept[key]
