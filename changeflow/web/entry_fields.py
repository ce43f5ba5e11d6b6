"""Read the fields of a form that is described by `EntryField`s."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation

from changeflow.reports.entry_forms import EntryField
from changeflow.values.limits import number_in
from changeflow.web.forms import FieldError, Form, day_field, day_in, errors_of, line_in

LONGEST_ID = 200


def given_in(form: Form, fields: tuple[EntryField, ...]) -> tuple[Mapping[str, str], date | None]:
    """Read fields, with days in ISO format, and the last day; raise a `FieldError` for the first that is wrong."""
    given, day = dict[str, str](), None
    for field in fields:
        if field.kind == "tick":
            given |= {name: value for name, value in form.fields.items() if name.startswith(f"{field.name}-")}
            continue
        value = _value(form, field)
        if field.missing and not value:
            raise FieldError(field.name, field.missing)
        if field.kind == "day":
            day = day_field(form, field.name)
            value = day.isoformat() if day else ""
        elif field.kind == "days":
            value = " ".join(one.isoformat() for one in _days(form, field.name))
        given[field.name] = value
    return given, day


def _value(form: Form, field: EntryField) -> str:
    """Read one field: a text, a choice, or a number where the form asks for one."""
    if field.kind in ("select", "choice"):
        value = line_in(form, field.name, most=LONGEST_ID * 10, called=field.label)
        known = {option for option, _ in field.options}
        return value if not known or value in known else ""
    value = line_in(form, field.name, most=field.most, called=field.called or field.label)
    if value and field.not_a_number and not (_is_decimal(value) if field.is_decimal else _is_whole(value)):
        raise FieldError(field.name, field.not_a_number)
    return value


def _days(form: Form, name: str) -> list[date]:
    """Read days, one on each line."""
    with errors_of(name):
        return [day for line in form.get(name).splitlines() if (day := day_in(line.strip())) is not None]


def _is_whole(text: str) -> bool:
    return number_in(text) > 0


def _is_decimal(text: str) -> bool:
    try:
        return Decimal(text).is_finite()
    except InvalidOperation:
        return False
