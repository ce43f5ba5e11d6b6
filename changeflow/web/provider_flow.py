"""One sign-in at a provider, bound to the browser that began it.

The browser keeps a random value in a cookie for ten minutes. The state, the nonce and the PKCE verifier are made from
it with the database's key, so nothing is stored, and no other browser can finish what this one began.
"""

import base64
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from changeflow.usecases.accounts import new_token
from changeflow.web.security import own_path

FLOW = "changeflow-provider"
"""The cookie."""
FLOW_LIFE = timedelta(minutes=10)
_COOKIE = re.compile(r"([A-Za-z0-9_-]{43})\.([A-Za-z0-9_-]*)")
_STATE = re.compile(r"([0-9]{1,12})\.[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class ProviderFlow:
    """A sign-in that has begun."""

    token: str
    next: str
    until: int
    """Seconds since 1970."""
    secret: bytes

    @property
    def cookie(self) -> str:
        return f"{self.token}.{base64.urlsafe_b64encode(self.next.encode()).decode().rstrip('=')}"

    @property
    def state(self) -> str:
        return f"{self.until}.{self._made('state', str(self.until))}"

    @property
    def nonce(self) -> str:
        return self._made("nonce")

    @property
    def verifier(self) -> str:
        """The PKCE verifier: 64 characters (RFC 7636, 4.1)."""
        return self._made("verifier")

    def _made(self, *parts: str) -> str:
        return hmac.new(self.secret, "\0".join(("provider", *parts, self.token)).encode(), hashlib.sha256).hexdigest()


def begin_flow(secret: bytes, next_page: str, *, now: datetime) -> ProviderFlow:
    return ProviderFlow(new_token(), own_path(next_page), int((now + FLOW_LIFE).timestamp()), secret)


def resume_flow(secret: bytes, cookie: str, state: str, *, now: datetime) -> ProviderFlow | None:
    """Return the flow that a browser began; None if the state is not its own, or is too old."""
    own, given = _COOKIE.fullmatch(cookie), _STATE.fullmatch(state)
    if own is None or given is None or now.timestamp() >= int(given[1]):
        return None
    try:
        next_page = base64.urlsafe_b64decode(own[2] + "=" * (-len(own[2]) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    flow = ProviderFlow(own[1], own_path(next_page), int(given[1]), secret)
    return flow if hmac.compare_digest(flow.state, state) else None
