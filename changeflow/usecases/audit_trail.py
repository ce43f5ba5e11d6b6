"""Verify the audit against the rows it sealed, the anchor and noted heads; accept heads by hand."""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from sqlmodel import Session

from changeflow.errors import ChangeflowError, CheckFailedError, InputError, UnknownThingError
from changeflow.programme.names import names_in, person_in_words
from changeflow.storage import anchor, audit, versions
from changeflow.storage.anchor import Head
from changeflow.storage.chain import DATED_APART, ChainVerdict, Entry, Witness
from changeflow.storage.database import read_scope, session_scope
from changeflow.storage.witnesses import AnchorWitness, HeadWitness
from changeflow.usecases.authority import check_actor
from changeflow.values.acting import acting, current
from changeflow.values.problem import check_known

_HEAD = re.compile(r"(\d{1,18}):([0-9a-f]{8,64})")
_SCORES = "assessment"
HASH_SHOWN = 16
"""Characters of a hash that reports show: enough that no one can forge a chain that matches them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The result of a verification, and what it compared with."""

    verdict: ChainVerdict
    anchor: AnchorWitness | None
    strangers: tuple[str, ...] = ()
    """Programmes with no line in the anchor yet."""

    @property
    def is_well(self) -> bool:
        return not self.verdict.faults

    @property
    def rows(self) -> int:
        """The number of unchanged sealed rows, without scores.

        Importing a person's scores again adds a row only if they differ, so a number with scores would confirm or
        refute a guess.
        """
        return sum(count for table, count in self.verdict.sealed.items() if table != _SCORES)


def is_apart(entry: Entry) -> bool:
    """Whether an entry's claimed time is far from the real one."""
    return entry.real_at is not None and abs(entry.real_at - entry.at) >= DATED_APART


def apart_text(entry: Entry) -> str:
    """Describe how far an entry's claimed time is from the real one; empty if it is near."""
    if not is_apart(entry):
        return ""
    days = entry.days_apart
    unit = "day" if abs(days) == 1 else "days"
    return f"back-dated by {days} {unit}" if days > 0 else f"dated {-days} {unit} ahead"


def verify(*, db: str, programme: str | None, anchor_file: Path | None, heads: Sequence[str] = ()) -> Checked:
    """Check every chain, or one, against its sealed rows, the anchor, and heads such as `57:3f2a9c0b11d4e8aa`."""
    seen = AnchorWitness(anchor.read(anchor_file)) if anchor_file is not None else None
    with read_scope(db) as session:
        known = versions.programme_ids(session)
        if programme is not None and programme not in known:
            gone = seen is not None and programme not in seen.strangers([programme])
            if not gone:
                raise UnknownThingError("programme", programme, known)
        witnesses: list[Witness] = [seen] if seen is not None else []
        if heads:
            witnesses.append(_noted(heads, programme, known))
        verdict = audit.examine(session, programme, witnesses=witnesses)
    strangers = tuple(seen.strangers(verdict.heads)) if seen is not None else ()
    return Checked(verdict=verdict, anchor=seen, strangers=strangers)


def show(programme: str | None, *, db: str, last: int | None, only_apart: bool) -> Iterator[Entry]:
    """Yield the last entries of a programme, or of all of them, oldest first."""
    with read_scope(db) as session:
        known = versions.programme_ids(session)
        check_known("programme", programme, known)
        for name in [programme] if programme else known:
            found = [entry for entry in _readable(session, name) if not only_apart or is_apart(entry)]
            yield from found if last is None else found[-last:]


def people(names: Iterable[str], *, db: str) -> dict[tuple[str, str], str]:
    """Return people's names by programme and id; programmes that cannot be read are left out."""
    found = dict[tuple[str, str], str]()
    with read_scope(db) as session:
        for name in names:
            with suppress(ChangeflowError, *audit.UNREADABLE):
                definition = versions.required(session, name).definition
                known = names_in(definition, versions.contacts(session, name).values())
                found |= {(name, p.id): person_in_words(definition, known, p.id) for p in definition.people}
    return found


def _readable(session: Session, name: str) -> list[Entry]:
    try:
        return list(audit.entries_in_full(session, name))
    except audit.UNREADABLE:
        if not audit.has_unreadable(session):
            raise
        raise CheckFailedError(
            f"An entry of {name} has a value that changeflow cannot have written. See which: changeflow audit verify"
        ) from None


def accept(*, db: str, programme: str | None, anchor_file: Path | None, actor: str | None, now: datetime) -> list[Head]:
    """Write the chains' heads to the anchor, accepted by a person; return them.

    Use it to begin an anchor, and after a restore. Raise `CheckFailedError` if a chain has faults.
    """
    if anchor_file is None:
        raise InputError("Name the anchor with --anchor, or set CHANGEFLOW_ANCHOR.")
    checked = verify(db=db, programme=programme, anchor_file=None)
    if not checked.is_well:
        first = checked.verdict.faults[0]
        raise CheckFailedError(f"The audit has faults, so nothing was accepted. The first: {first.what}.")
    with read_scope(db) as session:
        known = [h for name, h in sorted(audit.heads(session).items()) if programme in (None, name)]
        by = {h.programme: check_actor(versions.required(session, h.programme).definition, actor) for h in known}
    accepted = [h._replace(at=current().clock()) for h in known]
    anchor.accept(str(anchor_file), accepted)
    with acting(replace(current(), anchor=str(anchor_file))):
        for head in accepted:
            with session_scope(db) as session:
                name, subject = head.programme, f"entry:{head.last}"
                audit.append(session, name, at=now, actor=by[name], action="anchor:accept", subject=subject)
    return accepted


def heads_in(file: Path) -> dict[str, str]:
    """Return the heads in a copy of an SQLite database, without changing the copy."""
    return {name: head_text(head) for name, head in audit.heads_in(file).items()}


def head_text(head: Head) -> str:
    """Format a head for `--head`."""
    return f"{head.last}:{head.hash[:HASH_SHOWN]}"


def _noted(heads: Sequence[str], programme: str | None, known: Sequence[str]) -> HeadWitness:
    name = programme or (known[0] if len(known) == 1 else None)
    if name is None:
        raise InputError("Name the programme that --head is about, with --programme.")
    noted: dict[tuple[str, int], list[tuple[str, str]]] = {}
    for text in heads:
        match = _HEAD.fullmatch(text.strip().lower())
        if match is None:
            raise InputError(
                f"'{text}' is not the number and hash of an audit entry. "
                "Write NUMBER:HASH as a report shows it, such as 57:3f2a9c0b11d4."
            )
        noted.setdefault((name, int(match[1])), []).append((f"the head {text}", match[2]))
    return HeadWitness(noted)
