"""Commands for the database itself: db upgrade, sandbox, backup, restore, review, release, join, retention."""

from pathlib import Path
from typing import Annotated

import typer

from changeflow.cli.context import Context, command
from changeflow.cli.output import note, out

db_app = typer.Typer(help="Maintain the database.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    app.add_typer(db_app, name="db")


@command(db_app, "upgrade", "db")
def db_upgrade(context: Context) -> None:
    """Upgrade the database to this version of changeflow."""
    from changeflow.usecases.upkeep import upgrade_database

    note(f"The database is at version {upgrade_database(context.db)}.")


@command(db_app, "sandbox", "db", "at")
def db_sandbox(context: Context) -> None:
    """Make an empty database a sandbox, which sends no messages to people."""
    from changeflow.usecases.accounts import make_sandbox

    make_sandbox(db=context.db, now=context.now)
    note("This database is a sandbox: try anything. It sends no messages to people.")


@command(db_app, "new-key", "db", "yes", "at")
def db_new_key(
    context: Context,
    yes: Annotated[bool, typer.Option("--yes", help="Confirm that the old key is lost for good.")] = False,
) -> None:
    """Create a new key file to replace a lost one. People erased under the old key can no longer be recognised."""
    from changeflow.errors import InputError
    from changeflow.usecases.upkeep import start_new_key

    if not yes:
        raise InputError(
            "With a new key, people erased before are no longer recognised, and we cannot know who switched "
            "optional messages off: they go to no one until people switch them on again. Look "
            "for the old key file first. If it is lost for good, add --yes. No changes saved."
        )
    made = start_new_key(context.db, now=context.now)
    note(f"Made a new key: {made.file}. Keep a copy apart from the backups.")
    if made.kept is not None:
        note(f"The previous file is now {made.kept}.")
    note("Everyone must sign in again. Invite people again who sign in with a link, and make new tokens for programs.")
    if made.switched_off:
        note(f"Optional messages are switched off for {made.switched_off} people until they switch them on.")
    if made.tombstones:
        note("People erased before are no longer recognised: check people.csv before the next apply.")


@command(db_app, "backup", "db")
def db_backup(context: Context, file: Annotated[Path, typer.Argument(help="Where to write the copy.")]) -> None:
    """Copy an SQLite database while it is in use (PostgreSQL: use pg_dump)."""
    from changeflow.storage.backup import backup
    from changeflow.usecases.audit_trail import heads_in

    backup(context.db, file, at=context.now)
    heads = heads_in(file)
    note(f"Wrote {file}")
    for programme, head in heads.items():
        note(f"Audit head of {programme}: {head}")


@command(db_app, "restore", "db", "yes", "at")
def db_restore(
    context: Context,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A copy that `db backup` made.")],
    yes: Annotated[bool, typer.Option("--yes", help="Overwrite an existing database.")] = False,
) -> None:
    """Restore a backup over an SQLite database that no process has open. The old one is kept beside it."""
    from changeflow.usecases import restoration

    done = restoration.restore(file, db=context.db, now=context.now, replace=yes)
    note(f"Restored {file}, with everything up to {restoration.since(done.copied_at)}.")
    if done.kept is not None:
        note(f"The previous database is now {done.kept}.")
    if done.upgraded_from is not None:
        note(f"The copy was of version {done.upgraded_from} and has been upgraded.")
    if done.erased:
        note(f"{done.erased} people who were erased since have been erased again.")
    note("It sends nothing yet. See what may have been sent since: changeflow db review")


@command(db_app, "review", "db", "at")
def db_review(context: Context) -> None:
    """After a restore, list the messages that may have been sent since the backup was made."""
    from changeflow.usecases import restoration

    found = restoration.review(db=context.db, now=context.now)
    if found is None:
        note("This database does not need to be released.")
        return
    for repeat in found.repeats:
        out(repeat.line())
    note(found.message)
    count = len(found.repeats)
    note(
        f"The copy has everything up to {restoration.since(found.copied_at)}; what was recorded later is gone, and "
        f"links sent later do not work. {count} {'message' if count == 1 else 'messages'} may already have been sent. "
        "Once released, they are sent marked as possible repeats, or wait for a person if the channel "
        "cannot mark them. "
        "To release: changeflow db release --as PERSON"
    )


@command(db_app, "release", "db", "actor", "at")
def db_release(context: Context) -> None:
    """Let a restored database send messages again, once you have checked the list from `db review`."""
    from changeflow.usecases import restoration

    count = restoration.release(db=context.db, actor=context.actor, now=context.now)
    note(f"Released. {count} {'message is' if count == 1 else 'messages are'} marked as possible repeats.")


@command(db_app, "join", "db", "actor", "at")
def db_join(context: Context) -> None:
    """Let a new machine send messages from a shared database, and create its state folder."""
    from changeflow.usecases import restoration

    is_new = restoration.join(db=context.db, actor=context.actor, now=context.now)
    note("This machine has joined." if is_new else "This machine has already joined.")


@command(db_app, "retention", "db", "at")
def db_retention(context: Context) -> None:
    """Delete personal data whose retention period, set in the privacy rulepack, has ended."""
    from changeflow.usecases import retention

    for removed in retention.retain(db=context.db, now=context.now):
        row = removed.row()
        out(f"{row.pop('programme')}: " + ", ".join(f"{count} {what}" for what, count in row.items()) + " removed.")
