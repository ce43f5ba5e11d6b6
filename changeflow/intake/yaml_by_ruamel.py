"""Compose YAML text with ruamel.yaml, which knows YAML 1.2 and says where a mistake is."""

from typing import Any

import ruamel.yaml
from ruamel.yaml.composer import MaxDepthExceededError
from ruamel.yaml.error import YAMLError

from changeflow.intake.yaml_nodes import (
    MAX_DEPTH,
    MAX_NODES,
    TOO_MANY,
    Composed,
    Node,
    SyntaxMistakeError,
    TooBigError,
    TooDeepError,
)


def compose_by_ruamel(text: str) -> Composed:
    """Compose a document; see `yaml.compose`."""
    reader = ruamel.yaml.YAML(typ="safe", pure=True)
    reader.Composer, reader.max_depth = _Composer, MAX_DEPTH

    def construct(node: Node) -> object:
        try:
            return reader.constructor.construct_object(node)
        except YAMLError as error:
            raise ValueError(str(error)) from error

    try:
        return reader.compose(text), construct
    except YAMLError as error:
        raise _mistake(error) from error


def _mistake(error: YAMLError) -> SyntaxMistakeError:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    what = str(getattr(error, "problem", None) or error).split("\n")[0]
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    kind = TooDeepError if isinstance(error, MaxDepthExceededError) else SyntaxMistakeError
    return kind(what, line=line, column=column)


class _Composer(ruamel.yaml.composer.Composer):
    """ruamel.yaml's composer, which counts what it makes, so that a file cannot fill the memory."""

    def __init__(self, *args: Any, **named: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **named)
        self.made = 0
        # An anchor given twice names the later place; no warning is needed.
        self.warn_double_anchors = False

    def compose_node(self, parent: Any, index: Any) -> Any:  # noqa: ANN401
        self.made += 1
        if self.made > MAX_NODES:
            raise TooBigError(*TOO_MANY)
        return super().compose_node(parent, index)
