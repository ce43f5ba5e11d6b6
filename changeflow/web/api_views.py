"""Models of what pages show, for the API: made from the pages' own views, so that page and API say the same."""

import ast
import inspect
import textwrap
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import lru_cache
from itertools import pairwise
from types import GenericAlias, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from pydantic import BeforeValidator, ConfigDict, Field, create_model

from changeflow.reports.wave_boards import WaveBoard
from changeflow.values.deferred import Deferred
from changeflow.web.api_models import ApiModel

PICTURES = frozenset({"flow", "pictures", "shade"})
"""Fields of views that only serve to draw them."""


class ViewModel(ApiModel):
    """Part of a response that a page shows as well, in the page's words."""

    model_config = ConfigDict(extra="ignore", from_attributes=True)


@lru_cache
def model_of(view: type) -> type[ViewModel]:
    """Return the model of a view: its fields without those for pictures, with the descriptions of the view."""
    if not is_dataclass(view):
        raise TypeError(f"{view.__name__} is not a view")
    hints, described = get_type_hints(view), _descriptions(view)
    made: dict[str, Any] = {
        field.name: (_modelled(hints[field.name]), Field(description=described.get(field.name)))
        for field in fields(view)
        if field.name not in PICTURES
    }
    return create_model(view.__name__, __base__=ViewModel, __doc__=view.__doc__, __module__=view.__module__, **made)


def list_of(view: type) -> Any:  # noqa: ANN401  (a type)
    """Return the type of a list of a view's models."""
    return GenericAlias(list, model_of(view))


def _modelled(hint: Any) -> Any:  # noqa: ANN401  (a type)
    """Return a type with the model of each view in it."""
    if is_dataclass(hint) and isinstance(hint, type):
        return model_of(hint)
    inner = tuple(_modelled(arg) for arg in get_args(hint))
    match get_origin(hint):
        case None:
            return hint
        case origin if origin in (Union, UnionType):
            return Union[inner]  # noqa: UP007  (its parts are known only now)
        case origin if origin is Deferred:
            return Annotated[inner[0], BeforeValidator(_asked)]
        case origin:
            return GenericAlias(origin, inner)


def _asked(value: Any) -> Any:  # noqa: ANN401
    return value.get() if isinstance(value, Deferred) else value


def _descriptions(view: type) -> Mapping[str, str]:
    """Return the docstrings below the fields of a view."""
    [made] = ast.parse(textwrap.dedent(inspect.getsource(view))).body
    body = made.body if isinstance(made, ast.ClassDef) else []
    found = {}
    for field, text in pairwise(body):
        if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
            found[ast.unparse(field.target)] = inspect.cleandoc(str(text.value.value))
    return found


class WavesAnswer(ViewModel):
    board: model_of(WaveBoard) | None = Field(description="The plan in force; null if no school goes live in a wave.")  # type: ignore[valid-type]
