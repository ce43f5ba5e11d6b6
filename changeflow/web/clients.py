"""Clients: their address, how often they may send requests, and whether they may see what only operators may see."""

import hmac
import math
import re
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from threading import Lock

from starlette.requests import Request

from changeflow.addresses import THIS_MACHINE
from changeflow.errors import InputError

Network = IPv4Network | IPv6Network
FORWARDED = frozenset({"forwarded", "via", "x-real-ip", "x-client-ip", "x-cluster-client-ip", "true-client-ip"})
"""Headers that proxies add to a request that they forward, besides those with the prefixes below."""
FORWARDED_PREFIXES = ("x-forwarded", "x-original", "cf-")
LARGEST_HEADERS = 16_384
"""The largest size in bytes of a request's line and headers."""
_WEEK = re.compile(
    r"/p/[^/]+/(?:week(?:/paste)?|people/assessments|people/training/.+|selected-tasks/[a-z]+|settings/terms/review)"
)
"""Pages with a row for each of many tasks, people or terms."""
_LEDGERS = re.compile(r"/p/[^/]+/pilots/[^/]+/compare")
"""Pages that take both outputs of a parallel run."""
_TERMS = re.compile(r"/p/[^/]+/settings/terms")
"""The page that takes a calendar with term dates."""
_EVIDENCE = re.compile(r"/p/[^/]+/evidence/.+")
"""Pages that take a file of evidence."""
_SETUP_TABLES = re.compile(r"/setup/import/(?:tasks|about|columns)")
"""Pages of an imported plan with a row for each task."""
_SETUP_TERMS = "/setup/import/terms"
"""The page of an imported plan that takes a calendar with term dates."""
_SETUP_PLAN = "/setup/import"
"""The page that takes a plan from another program."""
MOST_KEYS = 20_000
"""How many buckets to keep in memory; the least recently used are dropped first, and start full again."""


def networks(text: str) -> tuple[Network, ...]:
    """Read addresses and networks, separated by commas; raise an `InputError` that names any that is neither."""
    found = []
    for part in filter(None, (p.strip() for p in text.split(","))):
        try:
            found.append(ip_network(part, strict=False))
        except ValueError:
            raise InputError(
                f"CHANGEFLOW_PROXIES has '{part}', which is not an address or network. Write 127.0.0.1 or 10.0.0.0/8."
            ) from None
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clients:
    """Tells clients apart. A header that anyone can write is trusted only from a proxy that is named here."""

    proxies: Sequence[Network] = ()
    token: str | None = None
    """The token that operators send to see the numbers."""

    def address(self, request: Request) -> str:
        """Return the client's address: the last in X-Forwarded-For that is not our proxy, or else the peer's own."""
        peer = request.client.host if request.client else "unknown"
        if not self._is_proxy(peer):
            return peer
        # Each proxy adds on the right; a client may have written anything further left.
        hops = [h.strip() for h in ",".join(request.headers.getlist("x-forwarded-for")).split(",") if h.strip()]
        for hop in reversed(hops):
            if _address(hop) is None:
                return peer
            if not self._is_proxy(hop):
                return hop
        return peer

    def may_watch(self, request: Request) -> bool:
        """Return whether a client may see the numbers: it has the token, or connects from this machine directly."""
        return self._has_token(request) or is_local(request)

    def _has_token(self, request: Request) -> bool:
        kind, _, given = request.headers.get("authorization", "").partition(" ")
        if self.token is None or kind.lower() != "bearer":
            return False
        return hmac.compare_digest(given.strip().encode("utf-8", "replace"), self.token.encode())

    def _is_proxy(self, host: str) -> bool:
        address = _address(host)
        return address is not None and any(address in network for network in self.proxies)


def is_local(request: Request) -> bool:
    """Return whether a request comes from this machine itself.

    Behind a proxy on this machine, everyone appears to connect from here. So a request that was forwarded, or that was
    sent to a name other than this machine's own, is not local, whatever else it says.
    """
    peer = _address(request.client.host) if request.client else None
    was_passed_on = any(name in FORWARDED or name.startswith(FORWARDED_PREFIXES) for name in request.headers)
    if peer is None or not peer.is_loopback or was_passed_on:
        return False
    host = request.headers.get("host", "localhost")
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    return name.lower() in THIS_MACHINE


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text.strip("[]"))
    except ValueError:
        return None
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """How many requests are allowed at once, and then per second."""

    burst: int
    per_second: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """How many requests are allowed in any stretch of this many seconds."""

    most: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the pages accept. Our own choice: a whole trust may share one address, and mail scanners open every link."""

    per_address: Rate = Rate(burst=300, per_second=60)
    per_link: Rate = Rate(burst=20, per_second=0.5)
    per_asker: Quota = Quota(most=20, seconds=3600)
    """Requests of one client for sign-in links: twenty in any hour."""
    at_once: int = 100
    """Requests that are being answered or wait for their turn; more are refused immediately."""
    body_seconds: float = 15
    """How long a form may take to arrive."""
    form_bytes: int = 20_000
    """Two thousand characters of any language, and the rest of the form."""
    form_fields: int = 50
    week_bytes: int = 400_000
    """The form of this week, or what someone pastes from a spreadsheet: a thousand rows."""
    week_fields: int = 4_000
    target_bytes: int = 2_000
    """The path and the query together."""

    evidence_bytes: int = 10_000_000
    """The largest file of evidence."""
    upload_seconds: float = 120
    """How long a form with files may take to arrive."""

    terms_bytes: int = 5_500_000
    """A calendar of 5 MB, our own choice, and the rest of its form."""

    plan_bytes: int = 50_000_000
    """The largest plan from another program: about ten thousand tasks of Microsoft Project."""

    ledgers_bytes: int = 1_020_000_000
    """Both outputs of a parallel run, and a list of changed ids. An output of a million contracts is a tenth of it."""
    ledgers_seconds: float = 1_800

    def of_form(self, path: str) -> "FormLimits":
        """Return the limits of a form that is sent to a path."""
        if _WEEK.fullmatch(path):
            return FormLimits(self.week_bytes, self.week_fields, self.body_seconds, FormKind.TABLE)
        if _SETUP_TABLES.fullmatch(path):
            return FormLimits(self.week_bytes, self.week_fields, self.body_seconds, FormKind.TABLE)
        if _TERMS.fullmatch(path) or path == _SETUP_TERMS:
            most, longest = self.terms_bytes, self.week_bytes
            return FormLimits(most, self.form_fields, self.upload_seconds, FormKind.FILE, field_bytes=longest)
        if path == _SETUP_PLAN:
            most = self.plan_bytes + self.form_bytes
            return FormLimits(most, self.form_fields, self.upload_seconds, FormKind.FILE)
        if _EVIDENCE.fullmatch(path):
            most = self.evidence_bytes + self.form_bytes
            return FormLimits(most, self.form_fields, self.upload_seconds, FormKind.FILE)
        if _LEDGERS.fullmatch(path):
            return FormLimits(self.ledgers_bytes, self.form_fields, self.ledgers_seconds, FormKind.FILE)
        return FormLimits(self.form_bytes, self.form_fields, self.body_seconds)


class FormKind(StrEnum):
    """What a form contains, for the message if it is too large."""

    FIELDS = "fields"
    TABLE = "table"
    """A row for each of many tasks."""
    FILE = "file"


@dataclass(frozen=True, slots=True)
class FormLimits:
    """What one form may have."""

    bytes: int
    fields: int
    seconds: float
    """How long it may take to arrive."""
    kind: FormKind = FormKind.FIELDS
    field_bytes: int = 20_000
    """The longest text field of a form with files."""


class Buckets:
    """A bucket for each key: full at first, emptied by requests, refilled with time."""

    def __init__(self, rate: Rate, *, clock: Callable[[], float] = time.monotonic, most: int = MOST_KEYS) -> None:
        self.rate, self.clock, self.most = rate, clock, most
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        """What is left in each bucket, and when that was counted."""
        self._lock = Lock()

    def take(self, key: str) -> int:
        """Take a request out of a bucket; return 0 if it may go on, otherwise the seconds to wait before a retry."""
        with self._lock:
            now = self.clock()
            left, at = self._buckets.pop(key, (float(self.rate.burst), now))
            left = min(float(self.rate.burst), left + (now - at) * self.rate.per_second)
            wait = 0 if left >= 1 else max(1, math.ceil((1 - left) / self.rate.per_second))
            self._buckets[key] = (left if wait else left - 1, now)
            while len(self._buckets) > self.most:
                self._buckets.popitem(last=False)
            return wait

    def __len__(self) -> int:
        return len(self._buckets)


class Windows:
    """The latest requests of each key, which are never more than a quota in any stretch of its length."""

    def __init__(self, quota: Quota, *, clock: Callable[[], float] = time.monotonic, most: int = MOST_KEYS) -> None:
        self.quota, self.clock, self.most = quota, clock, most
        self._taken: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = Lock()

    def take(self, key: str) -> int:
        """Count a request; return 0 if it may go on, otherwise the seconds to wait before a retry."""
        with self._lock:
            now = self.clock()
            taken = self._taken.pop(key, deque())
            while taken and taken[0] <= now - self.quota.seconds:
                taken.popleft()
            wait = 0 if len(taken) < self.quota.most else max(1, math.ceil(taken[0] + self.quota.seconds - now))
            if not wait:
                taken.append(now)
            self._taken[key] = taken
            while len(self._taken) > self.most:
                self._taken.popitem(last=False)
            return wait


def address_key(client: str) -> str:
    """Return the key of an address's bucket: for IPv6 the /64 network, which one household or site has."""
    try:
        address = ip_address(client)
    except ValueError:
        return client
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return f"{IPv6Address(int(address) >> 64 << 64)}/64"
    return str(address)
