"""Alembic's way in: the connection is given by `changeflow.storage.database.upgrade`."""

from alembic import context

from changeflow.storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
