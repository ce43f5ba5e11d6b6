"""How many requests a link and a client address may make: token buckets in memory, exact when many come at once."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from threading import Lock

LARGEST_HEADERS = 16_384
"""Bytes of a request's line and headers."""
MOST_KEYS = 20_000
"""Buckets that are remembered: the ones used longest ago are dropped first, and start full again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """So many requests at once, and then so many a second."""

    burst: int
    per_second: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the pages accept. Our own choice: a trust may come from one address, and mail scanners open every link."""

    per_address: Rate = Rate(burst=300, per_second=60)
    per_link: Rate = Rate(burst=20, per_second=0.5)
    at_once: int = 100
    """Requests at work or waiting for their turn; more are turned away at once."""
    body_seconds: float = 15
    """How long a form may take to arrive."""
    form_bytes: int = 20_000
    """Two thousand characters of any language, and the rest of the form."""
    form_fields: int = 50
    target_bytes: int = 2_000
    """The path and the query together."""


class Buckets:
    """A bucket for each key: full at first, emptied by requests, refilled with time."""

    def __init__(self, rate: Rate, *, clock: Callable[[], float] = time.monotonic, most: int = MOST_KEYS) -> None:
        self.rate, self.clock, self.most = rate, clock, most
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        """What is left in a bucket, and when that was counted."""
        self._lock = Lock()

    def take(self, key: str) -> int:
        """Take a request out of a bucket. 0: it may go on; otherwise the seconds after which it may be tried again."""
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


def address_key(client: str) -> str:
    """Return the name of an address's bucket: of IPv6 the network of 64 bits, which one household or site has."""
    try:
        address = ip_address(client)
    except ValueError:
        return client
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return f"{IPv6Address(int(address) >> 64 << 64)}/64"
    return str(address)
