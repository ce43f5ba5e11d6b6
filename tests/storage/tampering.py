"""An attacker of an SQLite file who writes values that read back as before, or changes the tables themselves.

Each takes a connection of Python's own driver, and shares no code with the product.
"""

import random
import re
from collections.abc import Callable
from sqlite3 import Connection

NAMES = ("report_view", "progress2", "zz", "note", "staff")


def tables(connection: Connection) -> list[str]:
    query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
    return [name for (name,) in connection.execute(query)]


def made_of(connection: Connection, kind: str) -> list[tuple[str, str, int]]:
    """Return (table, column, a row's number) of values in columns of a type."""
    return [
        (table, column, row)
        for table in tables(connection)
        for _, column, of_kind, *_ in connection.execute(f'PRAGMA table_info("{table}")').fetchall()
        if of_kind == kind
        for (row,) in connection.execute(f'SELECT rowid FROM "{table}" WHERE "{column}" IS NOT NULL').fetchall()
    ]


def any_name(chance: random.Random) -> str:
    return f"{chance.choice(NAMES)}_{chance.randrange(1_000_000)}"


def truth_as_number(connection: Connection, chance: random.Random) -> None:
    """Write another number for true or false: 2 reads as true, 0.0 as false."""
    table, column, row = chance.choice(made_of(connection, "BOOLEAN"))
    [before] = connection.execute(f'SELECT "{column}" FROM "{table}" WHERE rowid = ?', (row,)).fetchone()
    after = chance.choice([2, -1, 7, chance.randrange(2, 10**12), 0.5, "yes"]) if before else chance.choice(["", b""])
    connection.execute(f'UPDATE "{table}" SET "{column}" = ? WHERE rowid = ?', (after, row))


def other_form(connection: Connection, chance: random.Random) -> None:
    """Write the same day or moment in another form."""
    table, column, row = chance.choice([*made_of(connection, "DATE"), *made_of(connection, "DATETIME")])
    [before] = connection.execute(f'SELECT "{column}" FROM "{table}" WHERE rowid = ?', (row,)).fetchone()
    day, _, hour = str(before).partition(" ")
    year, month, of_month = day.split("-")
    forms = [f"{day.replace('-', '')}T{hour or '00'}", f"{year}-{int(month)}-{int(of_month)} {hour}".strip()]
    forms += [f"{day}T{hour}", f"{before}+00:00", f"{day} {hour.partition('.')[0]}"] if hour else [f"{day} ", day[:7]]
    after = chance.choice([form for form in forms if form != before])
    connection.execute(f'UPDATE "{table}" SET "{column}" = ? WHERE rowid = ?', (after, row))


def add_view(connection: Connection, chance: random.Random) -> None:
    connection.execute(f'CREATE VIEW {any_name(chance)} AS SELECT * FROM "{chance.choice(tables(connection))}"')


def add_table(connection: Connection, chance: random.Random) -> None:
    connection.execute(f"CREATE TABLE {any_name(chance)} (id INTEGER PRIMARY KEY, text TEXT)")


def add_trigger(connection: Connection, chance: random.Random) -> None:
    table, when = chance.choice(tables(connection)), chance.choice(["INSERT", "UPDATE", "DELETE"])
    connection.execute(
        f'CREATE TRIGGER {any_name(chance)} AFTER {when} ON "{table}" BEGIN DELETE FROM nudge WHERE 0; END'
    )


def add_column(connection: Connection, chance: random.Random) -> None:
    name = chance.choice([any_name(chance), '"table"', '"a, b"', '"NOT NULL"'])
    kind = chance.choice(["", "TEXT", "INTEGER DEFAULT 0", "TEXT AS (upper('x'))"])
    connection.execute(f'ALTER TABLE "{chance.choice(tables(connection))}" ADD COLUMN {name} {kind}')


def add_index(connection: Connection, chance: random.Random) -> None:
    table = chance.choice(tables(connection))
    [_, column, *_] = chance.choice(connection.execute(f'PRAGMA table_info("{table}")').fetchall())
    connection.execute(f'CREATE INDEX {any_name(chance)} ON "{table}" ("{column}") WHERE "{column}" > 5')


def drop_index(connection: Connection, chance: random.Random) -> None:
    """Drop an index, or create it again without uniqueness."""
    query = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY name"
    name, sql = chance.choice(connection.execute(query).fetchall())
    connection.execute(f'DROP INDEX "{name}"')
    if "UNIQUE" in sql and chance.random() < 0.5:
        connection.execute(sql.replace("UNIQUE ", ""))


def drop_constraint(connection: Connection, chance: random.Random) -> None:
    found = [(t, c) for t in tables(connection) for c in clauses_of(connection, t) if re.search(r"UNIQUE|FOREIGN", c)]
    table, clause = chance.choice(found)
    rebuild(connection, table, [c for c in clauses_of(connection, table) if c != clause])


def change_column(connection: Connection, chance: random.Random) -> None:
    """Let a column be null, have another default, or ignore case in comparisons."""
    table = chance.choice(tables(connection))
    clauses = clauses_of(connection, table)
    place = chance.choice([n for n, c in enumerate(clauses) if " NOT NULL" in c and "DEFAULT" not in c])
    other = chance.choice(["", " NOT NULL DEFAULT 5", " NOT NULL COLLATE NOCASE", " NOT NULL ON CONFLICT IGNORE"])
    clauses[place] = clauses[place].replace(" NOT NULL", other)
    rebuild(connection, table, clauses)


def clauses_of(connection: Connection, table: str) -> list[str]:
    """Return the lines of a table's statement; a column added later is on the same line as the one before it."""
    [sql] = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    body = sql.partition("(")[2].rpartition(")")[0]
    return [clause.strip() for clause in re.split(r",\s*\n", body)]


def rebuild(connection: Connection, table: str, clauses: list[str]) -> None:
    """Create a table again with other clauses and the same rows and indexes."""
    query = "SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL"
    indexes = [sql for (sql,) in connection.execute(query, (table,))]
    names = ", ".join(f'"{name}"' for _, name, *_ in connection.execute(f'PRAGMA table_info("{table}")'))
    connection.execute(f"CREATE TABLE rebuilt ({', '.join(clauses)})")
    connection.execute(f'INSERT INTO rebuilt ({names}) SELECT {names} FROM "{table}"')
    connection.execute(f'DROP TABLE "{table}"')
    connection.execute(f'ALTER TABLE rebuilt RENAME TO "{table}"')
    for sql in indexes:
        connection.execute(sql)


def lose_custody(connection: Connection, chance: random.Random) -> None:
    if chance.random() < 0.5:
        connection.execute("DELETE FROM custody")
        return
    columns = "identity, counter, marker, releases"
    new = chance.randrange(2, 10**9)
    connection.execute(f"INSERT INTO custody (id, {columns}) SELECT {new}, {columns} FROM custody")


KINDS: dict[str, Callable[[Connection, random.Random], None]] = {
    "write another number as a truth": truth_as_number,
    "write a day or a moment in another form": other_form,
    "add a view": add_view,
    "add a table": add_table,
    "add a trigger": add_trigger,
    "add a column": add_column,
    "add an index": add_index,
    "drop an index": drop_index,
    "drop a constraint": drop_constraint,
    "change a column": change_column,
    "remove or double the row of custody": lose_custody,
}
