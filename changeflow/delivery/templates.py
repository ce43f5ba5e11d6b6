"""The messages' templates: those that ship, and a trust's own, which win and run in a sandbox.

`emails/LANGUAGE/REASON.j2` has three macros: `subject(n)`, `say(n)` (sentences, a line each; a dash begins a point of a
list) and `action(n)`. A trust's folder (CHANGEFLOW_TEMPLATES) has the same layout, and as much of it as it likes.
"""

import sys
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

from jinja2 import BaseLoader, ChoiceLoader, FileSystemLoader, StrictUndefined, TemplateError, select_autoescape
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from changeflow.errors import InputError
from changeflow.places import templates_dir

LANGUAGES = ("en", "cy")
SECONDS = 2.0
"""Of the processor's time, so that a busy machine stops no template: more than any needs. One that loops is stopped."""
LARGEST = 100_000
Made = TypeVar("Made")


class Templates:
    """Renders messages. What a trust's own template does wrong is an `InputError` that names it."""

    def __init__(self, own: Path | None = None) -> None:
        if own is not None and not own.is_dir():
            raise InputError(f"CHANGEFLOW_TEMPLATES: {own} is no folder.")
        self.own = own
        shipped = FileSystemLoader(templates_dir() / "emails")
        self._environment = _environment(ChoiceLoader([FileSystemLoader(own), shipped]) if own else shipped)

    def say(self, reason: str, part: str, values: Mapping[str, Any], language: str) -> str:
        """Render one macro of a reason, in the language if it has templates for it, else in English."""
        names = [f"{language}/{reason}.j2", f"en/{reason}.j2"]

        def render() -> str:
            module = self._environment.select_template(names).module
            return str(getattr(module, part)(dict(values)))

        return self._guarded(f"{names[0]} ({part})", render)

    def render(self, name: str, values: Mapping[str, Any]) -> str:
        words = self._environment.select_template([f"{values['language']}/words.j2", "en/words.j2"])
        return self._guarded(name, lambda: self._environment.get_template(name).render(**values, words=words.module))

    def _guarded(self, name: str, render: Callable[[], Made]) -> Made:
        if self.own is None:
            return render()
        try:
            return _within(SECONDS, render)
        except (TemplateError, SecurityError, TypeError, ValueError, AttributeError, RecursionError, ArithmeticError,
                LookupError, TimeoutError, MemoryError) as error:  # fmt: skip
            what = str(error) or type(error).__name__
            raise InputError(f"The template {name} cannot be used: {what}. Look in {self.own}.") from None


class _Sandbox(ImmutableSandboxedEnvironment):
    """No attribute that leads out, no file but templates, and nothing of a size that fills the memory."""

    intercepted_binops = frozenset({"*", "**", "+"})

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:  # noqa: ANN401
        sizes = [len(v) if isinstance(v, (str, list, tuple)) else 1 for v in (left, right)]
        counts = [v for v in (left, right) if isinstance(v, int)]
        if max(sizes) * max([1, *counts]) > LARGEST or (operator == "**" and max([0, *counts]) > 100):
            raise SecurityError("it makes something too large")
        return super().call_binop(context, operator, left, right)


def _environment(loader: BaseLoader) -> ImmutableSandboxedEnvironment:
    return _Sandbox(
        loader=loader,
        autoescape=select_autoescape(enabled_extensions=("html.j2",), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _within(seconds: float, make: Callable[[], Made]) -> Made:
    """Run a template with an eye on the clock: it is compiled to Python, so each of its lines can be watched."""
    deadline = time.thread_time() + seconds

    def watch(_frame: FrameType, _event: str, _arg: object) -> Callable[..., Any]:
        if time.thread_time() > deadline:
            raise TimeoutError(f"it takes longer than {seconds:g} seconds")
        return watch

    before = sys.gettrace()
    sys.settrace(watch)
    try:
        return make()
    finally:
        sys.settrace(before)


@lru_cache(maxsize=4)
def templates_of(own: Path | None) -> Templates:
    return Templates(own)
