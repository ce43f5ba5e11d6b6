"""Column types that behave the same in every database, and the first columns that most tables share."""

from datetime import UTC, datetime

from sqlalchemy import DateTime, Dialect
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment in UTC. Naive moments are refused, because SQLite would store them silently."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment must be aware")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class StoredRow(SQLModel):
    """A row of a table. Pydantic never validates rows, so it makes no validators for them."""

    model_config = {"defer_build": True}


class OwnRow(StoredRow):
    """A numbered row of one programme."""

    id: int | None = Field(default=None, primary_key=True)
    programme_id: str = Field(foreign_key="programme.id", index=True)
