"""Alembic's entry point; `changeflow.storage.database.upgrade` supplies the connection."""

from alembic import context

from changeflow.storage.tables.every_table import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
