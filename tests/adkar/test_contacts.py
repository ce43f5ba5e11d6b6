"""How people are reached: what a name and an address may not hold."""

import pytest
from pydantic import ValidationError

from changeflow.adkar.people import Contact


@pytest.mark.parametrize("field", ["name", "email"])
@pytest.mark.parametrize("code", [*range(32), 127])
def test_a_control_character_is_refused(field: str, code: int):
    """They would end a line of an email's head: 0 to 31, and 127."""
    given = {"person": "lead", "name": "Director", field: f"lead{chr(code)}@example.org"}
    with pytest.raises(ValidationError, match="control character"):
        Contact(**given)


def test_letters_of_any_language_are_taken():
    assert Contact(person="lead", name="Siân Ó Néill – 李", email="a~b@example.org").name == "Siân Ó Néill – 李"
