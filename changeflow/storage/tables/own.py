"""What most tables begin with: a number that the database gives each row, and the programme that it is of."""

from sqlmodel import Field, SQLModel


class OwnRow(SQLModel):
    """A numbered row of one programme."""

    id: int | None = Field(default=None, primary_key=True)
    programme_id: str = Field(foreign_key="programme.id", index=True)
