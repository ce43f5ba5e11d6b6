"""An attacker of the audit, written from docs/decisions/0012: it can rewrite the database, but not the anchor.

Everything is plain: entries and facts as dictionaries, rows as JSON, the anchor as lines of text. It shares no code
with the product and recomputes each hash that a clever attacker would.
"""

import hashlib
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

GENESIS = "0" * 64
Entry = dict[str, Any]
Fact = dict[str, Any]


@dataclass
class World:
    """The contents of a database and its anchor."""

    entries: list[Entry]
    facts: list[Fact]
    rows: dict[tuple[str, str], str]
    """Canonical JSON by table and key."""
    anchor: list[str]
    is_anchored: bool = field(default=False)
    """Whether only the anchor can reveal the mutation."""

    def copy(self) -> "World":
        own = {id(e): dict(e) for e in self.entries}
        facts = [dict(f, entry=own[id(f["entry"])]) for f in self.facts]
        return World(list(own.values()), facts, dict(self.rows), list(self.anchor))


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def utc(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="microseconds")


def hash_of(e: Entry) -> str:
    old = [e["programme"], e["number"], utc(e["at"]), e["actor"], e["action"], e["subject"], e["previous"]]
    if e["form"] == 1:
        return sha(json.dumps(old))
    new = [utc(e["real_at"]), e["via"], e["account"], e["version"], e["facts"], e["root"]]
    return sha(json.dumps([e["form"], *old, *new]))


def rehash(world: World, *, renumber: bool = True) -> None:
    """Make entries, roots and numbers consistent again, as an attacker who knows the format would."""
    by_entry: dict[int, list[Fact]] = {}
    for fact in world.facts:
        by_entry.setdefault(id(fact["entry"]), []).append(fact)
    last: dict[str, Entry] = {}
    for e in world.entries:
        before = last.get(e["programme"])
        if renumber:
            e["number"] = before["number"] + 1 if before else 1
        own = by_entry.get(id(e), [])
        for position, fact in enumerate(own, start=1):
            fact["programme"], fact["number"], fact["position"] = e["programme"], e["number"], position
        if e["form"] != 1:
            e["facts"] = len(own)
            e["root"] = sha("".join(f"{f['op']} {f['table']} {f['digest']}\n" for f in own))
        e["previous"] = before["hash"] if before else GENESIS
        e["hash"] = hash_of(e)
        last[e["programme"]] = e


def live(world: World) -> list[Fact]:
    return [f for f in world.facts if f["salt"] is not None]


def edit_entry(world: World, chance: random.Random) -> None:
    e = chance.choice(world.entries)
    name = chance.choice(["actor", "action", "subject", "at", "real_at", "via", "account", "version", "facts", "root"])
    e[name] = other(e[name], chance)
    if chance.random() < 0.5:
        e["hash"] = hash_of(e)
        world.is_anchored = e is world.entries[-1]


def delete_entry(world: World, chance: random.Random) -> None:
    at = chance.randrange(len(world.entries))
    gone = world.entries.pop(at)
    if chance.random() < 0.5:
        world.facts = [f for f in world.facts if f["entry"] is not gone]
    if chance.random() < 0.5:
        for e in world.entries[at:]:
            e["number"] -= 1
    world.is_anchored = at == len(world.entries)


def swap_entries(world: World, chance: random.Random) -> None:
    a, b = chance.sample(range(len(world.entries)), 2)
    names = chance.choice(
        [["actor", "action", "subject"], ["at"], ["hash"], ["previous"], ["root", "facts"], ["real_at"]]
    )
    first, second = world.entries[a], world.entries[b]
    if all(first[n] == second[n] for n in names):
        first["actor"] += "x"
    for name in names:
        first[name], second[name] = second[name], first[name]
    if names != ["hash"] and chance.random() < 0.3:
        first["hash"], second["hash"] = hash_of(first), hash_of(second)


def insert_entry(world: World, chance: random.Random) -> None:
    """Insert a forged entry in the middle or at the end, with or without making every hash consistent."""
    at = chance.randrange(len(world.entries) + 1)
    base = world.entries[at - 1] if at else world.entries[0]
    forged = dict(base, actor="chief", action="gate:approve", subject="payroll/go-no-go", facts=0, root=sha(""), form=2)
    forged["real_at"] = forged["real_at"] or forged["at"]
    forged["number"] = base["number"] + 1 if at else 1
    forged["previous"] = base["hash"] if at else GENESIS
    forged["hash"] = hash_of(forged)
    world.entries.insert(at, forged)
    if chance.random() < 0.6 or at == len(world.entries) - 1:
        rehash(world)
        world.is_anchored = True


def truncate(world: World, chance: random.Random) -> None:
    """Remove the last entries, with the rows that they wrote and all traces of them."""
    count = chance.randrange(1, len(world.entries) + 1)
    gone = world.entries[-count:]
    del world.entries[-count:]
    if chance.random() < 0.8:
        numbers = {id(e) for e in gone}
        lost = [f for f in world.facts if id(f["entry"]) in numbers]
        world.facts = [f for f in world.facts if id(f["entry"]) not in numbers]
        for fact in lost:
            if fact["salt"] is not None:
                world.rows.pop((fact["table"], fact["key"]), None)
    world.is_anchored = True


def rewrite(world: World, chance: random.Random) -> None:
    """Change an entry, and make the whole chain consistent again."""
    e = chance.choice(world.entries)
    name = chance.choice(["actor", "action", "subject", "at"])
    e[name] = other(e[name], chance)
    rehash(world)
    world.is_anchored = True


def drop_chain(world: World, chance: random.Random) -> None:
    """Remove a programme's whole chain, and sometimes everything that it wrote."""
    world.entries.clear()
    if chance.random() < 0.7:
        world.facts.clear()
        if chance.random() < 0.7:
            world.rows.clear()
    world.is_anchored = True


def edit_row(world: World, chance: random.Random) -> None:
    """Change one value of one row: a decision's outcome, a score."""
    key = chance.choice(sorted(world.rows))
    world.rows[key] = other_content(world.rows[key], chance)


def edit_wording(world: World, chance: random.Random) -> None:
    """Change the text of a message after it was sent."""
    sent = [key for key in sorted(world.rows) if key[0] == "nudge" and "content" in json.loads(world.rows[key])[1]]
    key = chance.choice(sent)
    table, values = json.loads(world.rows[key])
    values["content"] = other(values["content"], chance)
    world.rows[key] = json.dumps([table, values], ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def edit_row_cleverly(world: World, chance: random.Random) -> None:
    """Change a row, and some or all of what seals it."""
    fact = chance.choice(live(world))
    key = (fact["table"], fact["key"])
    world.rows[key] = other_content(world.rows[key], chance)
    fact["digest"] = sha(f"{fact['salt']}\n{world.rows[key]}")
    patience = chance.random()
    if patience < 0.3:
        return
    own = [f for f in world.facts if f["entry"] is fact["entry"]]
    fact["entry"]["root"] = sha("".join(f"{f['op']} {f['table']} {f['digest']}\n" for f in own))
    if patience < 0.6:
        fact["entry"]["hash"] = hash_of(fact["entry"])
    if patience >= 0.6:
        rehash(world)
    world.is_anchored = patience >= 0.3


def delete_row(world: World, chance: random.Random) -> None:
    fact = chance.choice(live(world))
    del world.rows[fact["table"], fact["key"]]
    patience = chance.random()
    if patience < 0.25:
        world.facts.remove(fact)
    elif patience < 0.5:
        fact["salt"] = fact["key"] = None
    elif patience < 0.75:
        world.facts.remove(fact)
        rehash(world)
        world.is_anchored = True


def insert_row(world: World, chance: random.Random) -> None:
    """Add a row, such as a second approval, with or without a fact that would seal it."""
    table, key = chance.choice(sorted(world.rows))
    new = (table, f"{key}{chance.randrange(10_000)}")
    world.rows[new] = other_content(world.rows[table, key], chance)
    if chance.random() < 0.5:
        salt, entry = chance.randbytes(16).hex(), chance.choice(world.entries)
        own = [f for f in world.facts if f["entry"] is entry]
        world.facts.append({
            "entry": entry, "programme": entry["programme"], "number": entry["number"], "position": len(own) + 1,
            "op": "+", "table": table, "digest": sha(f"{salt}\n{world.rows[new]}"), "key": new[1], "salt": salt,
        })  # fmt: skip


def edit_salt(world: World, chance: random.Random) -> None:
    facts = live(world)
    fact, second = chance.sample(facts, 2)
    kind = chance.randrange(4)
    if kind == 0:
        fact["salt"] = chance.randbytes(16).hex()
    elif kind == 1:
        fact["salt"], second["salt"] = second["salt"], fact["salt"]
    elif kind == 2:
        fact["salt"] = fact["key"] = None
    else:
        fact["key"] = f"{fact['key']}x"


def end_row(world: World, chance: random.Random) -> None:
    """Remove a row and forge an entry to explain it: a retention run that never happened."""
    fact = chance.choice(live(world))
    del world.rows[fact["table"], fact["key"]]
    last = world.entries[-1]
    forged = dict(last, actor="system", action="retention", subject="scores:1", number=last["number"] + 1)
    world.entries.append(forged)
    world.facts.append(dict(fact, entry=forged, op="-", key=None, salt=None))
    fact["salt"] = fact["key"] = None
    rehash(world)
    world.is_anchored = True


def date_back(world: World, chance: random.Random) -> None:
    """Change the real times, with every hash made consistent."""
    e = chance.choice([e for e in world.entries if e["form"] == 2])
    e["real_at"] -= timedelta(days=chance.randrange(1, 400))
    rehash(world)
    world.is_anchored = True


def downgrade(world: World, chance: random.Random) -> None:
    """Change an entry to the form that seals nothing."""
    e = chance.choice([e for e in world.entries if e["form"] == 2])
    e["form"] = chance.choice([1, 3])
    if chance.random() < 0.5:
        e["hash"] = hash_of(e)
    if chance.random() < 0.5:
        rehash(world)
        world.is_anchored = True


KINDS: dict[str, Callable[[World, random.Random], None]] = {
    "edit an entry": edit_entry,
    "delete an entry": delete_entry,
    "swap two entries": swap_entries,
    "insert an entry": insert_entry,
    "truncate the tail": truncate,
    "rewrite the whole chain": rewrite,
    "delete the whole chain": drop_chain,
    "edit a row": edit_row,
    "edit the wording of what was sent": edit_wording,
    "edit a row and what seals it": edit_row_cleverly,
    "delete a row": delete_row,
    "insert a row": insert_row,
    "edit a salt or key": edit_salt,
    "forge the end of a row": end_row,
    "change the real time": date_back,
    "change the form": downgrade,
}


def other(value: Any, chance: random.Random) -> Any:
    """Return another value of the same kind."""
    if isinstance(value, datetime):
        return value + timedelta(seconds=chance.choice([-1, 1]) * chance.randrange(1, 10_000_000))
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + chance.choice([-2, -1, 1, 2])
    if value is None:
        return chance.choice([1, 2, 3])
    text = str(value)
    at = chance.randrange(len(text) + 1)
    return text[:at] + chance.choice("abcdef0123456789") + text[at:]


def other_content(content: str, chance: random.Random) -> str:
    """Change one value of a row's canonical JSON, or leave it out, or add one."""
    table, values = json.loads(content)
    name = chance.choice(sorted(values))
    if chance.random() < 0.1 and name != "id":
        del values[name]
    else:
        values[name] = other(values[name], chance)
    return json.dumps([table, values], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
