"""Hosts that mean this machine, and database addresses as they may be shown: without a password."""

import re
from urllib.parse import unquote

THIS_MACHINE = ("127.0.0.1", "::1", "localhost")
"""Hosts that mean this machine."""
HIDDEN = "***"
"""Shown in place of a password."""
_SHORTEST_PIECE = 4
PASSWORD_FIELD = re.compile(r"(\b(?:ssl)?pass(?:word|wd|phrase)?\s*=\s*)('(?:[^'\\]|\\.)*'?|[^&;\s]*)", re.IGNORECASE)
_HOST = r"(?:\[[0-9A-Fa-f:.]+\]|[\w.-]*)(?::[0-9]{1,5}(?=[/,?]|$))?"
_PLACE = re.compile(rf"{_HOST}(?:,{_HOST})*(?:/[\w.-]*)?(?:\?[^=&;?:@]+=[^&;?]*(?:[&;][^=&;?:@]+=[^&;?]*)*)?")
"""Hosts with their ports, a database's name and options."""
_FILE = re.compile("[^:;@%]*")
_USER = re.compile(r"[\w.+-]*")
_ACCOUNT = re.compile(r"([\w.+-]*:)(.*)", re.DOTALL)
_WORD = re.compile(r"(?:postgres\w*:?/{1,3}|/)?[\w.+-]*[:%]?")
_NOTHING_BUT_A_PORT = re.compile(r"[^/?]*:[^/?]*(?:\?.*)?")
"""A host with a port and no database after it, which may just as well be a user with a password."""
_OPTION = re.compile(r"([?&;])([^=&;?]*)=([^&;]*)")
_PLAIN_VALUE = re.compile(r"[\w./,-]*|%2F[\w./%-]*|[0-9A-Fa-f:.,]*")
_SHOWN_OPTIONS = ("host", "hostaddr", "port", "user", "dbname")


def shown(url: str) -> str:
    """Return a database address as it may be shown: without its password, and without what could be one.

    It also hides the password of a mistyped address: one with "@" or "/" in the password, without "@", or without a
    scheme; and the values of all options except those that say where the database is.

    >>> shown("postgresql://anna:s@cret@db.example.org/change")
    'postgresql://anna:***@db.example.org/change'
    >>> shown("postgresql://db.example.org/change?user=anna&password=secret")
    'postgresql://db.example.org/change?user=anna&password=***'
    >>> shown("postgresql://anna:secret")
    'postgresql://anna:***'
    """
    url = PASSWORD_FIELD.sub(rf"\g<1>{HIDDEN}", url)
    head, user, password, place = _parts(url)
    place = place if head.startswith("sqlite") else _OPTION.sub(_shown_option, place)
    return f"{head}{place}" if password is None else f"{head}{user}{HIDDEN}{place}"


def _shown_option(found: re.Match[str]) -> str:
    is_shown = unquote(found[2]).lower() in _SHOWN_OPTIONS and _PLAIN_VALUE.fullmatch(found[3])
    return found[0] if is_shown else f"{found[1]}{found[2]}={HIDDEN}"


def without_password(text: str, url: str) -> str:
    """Return a driver's message about an address, without the password or any part of it."""
    text = text.replace(url, shown(url))
    secrets = [found[2].strip("'") for found in PASSWORD_FIELD.finditer(url)]
    secrets += [f[3] for f in _OPTION.finditer(url) if len(f[3]) >= _SHORTEST_PIECE and _shown_option(f) != f[0]]
    secrets.append(_parts(url)[2] or "")
    for secret in filter(None, secrets):
        # A driver that meets "@" or "/" in a password takes the rest of it for the host's name, and quotes that.
        cuts = [n + 1 for n, character in enumerate(secret) if character in "@:/?#;%"]
        rests = [secret, unquote(secret), *(secret[n:] for n in cuts)]
        long = [piece for piece in re.split(r"[@:/?#;%]", secret) if len(piece) >= _SHORTEST_PIECE]
        for piece in sorted([*(f"{rest}@" for rest in rests), secret, unquote(secret), *long], key=len, reverse=True):
            text = text.replace(piece, f"{HIDDEN}@" if piece.endswith("@") else HIDDEN)
    return text


def is_plain(url: str) -> bool:
    """Return whether an address is well formed, so that only its password field can contain a password."""
    return _parts(url)[2] in (None, url.rpartition("@")[0].partition("://")[2].partition(":")[2])


def _parts(url: str) -> tuple[str, str, str | None, str]:
    """Return an address's scheme, user, password and the rest, however badly it is written. Without a password, the
    third is None.

    The user includes the colon after it, and the rest includes the "@" before it. Whatever does not look like a user, a
    host, a port, a database's name or an option is taken for the password.
    """
    if url.startswith("sqlite:///"):
        return "sqlite:///", "", None, url.removeprefix("sqlite:///")
    scheme, mark, rest = url.partition("://")
    head, rest = (scheme + mark, rest) if mark else ("", url)
    account, at, place = rest.rpartition("@")
    if not at and (_PLACE if mark else _FILE).fullmatch(rest) and not _NOTHING_BUT_A_PORT.fullmatch(rest):
        return head, "", None, rest
    if at and "=" not in account.partition("?")[2] and _PLACE.fullmatch(place):
        if _USER.fullmatch(account):
            return head, "", None, rest
        if (named := _ACCOUNT.fullmatch(account)) is not None:
            return head, named[1], named[2], at + place
        if "@" not in account:
            user = _leading(_USER, account)
            return head, user, account[len(user) :], at + place
    # There is no "@", or it is in an option, or no place follows it: anything after the first word may be a password.
    user = _leading(_WORD, rest)
    return head, user, rest[len(user) :], ""


def _leading(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.match(text)
    return found[0] if found else ""
