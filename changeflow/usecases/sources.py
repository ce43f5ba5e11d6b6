"""The files of a stored version as they are written out: what has changed since is added, and comments are kept."""

import io
import json

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from changeflow.pilots.criteria import ExplainedVariance
from changeflow.programme.definition import Definition, ServiceFile
from changeflow.roadmap.model.pathways import StepFields


def with_waivers(text: str, definition: Definition) -> str:
    """Add the waivers that were given on the command line since the folder was stored; leave the rest as it was."""
    data = _writer().load(text)
    written = len(data.get("waivers") or [])
    new = definition.programme.waivers[written:]
    if not new:
        return text
    plain = [w.model_dump(exclude_none=True) for w in new]
    if not written:
        return f"{text.rstrip()}\n\n{_text_of({'waivers': plain})}"
    data["waivers"].extend(plain)
    return _text_of(data)


def service_of(text: str, definition: Definition) -> ServiceFile | None:
    """Return the service that a file describes; None where it is none of the programme."""
    name = _writer().load(text).get("service")
    return next((s for s in definition.services if s.service == name), None)


def with_explanations(text: str, service: ServiceFile | None, *, in_full: bool) -> str:
    """Leave out explanations of single contracts, or `in_full` write all that are stored; leave the rest as it was.

    Where some are left out, so are the comments of the whole parallel run.
    """
    if service is None or service.parallel_run is None or not service.explains_contracts:
        return text
    data = _writer().load(text)
    wanted = [e for e in service.parallel_run.explanations if in_full or e.key is None]
    written = data["parallel_run"].get("explanations") or []
    known = [ExplainedVariance.model_validate(_plain(item)) for item in written]
    if known == wanted:
        return text
    as_written = [item for item, one in zip(written, known, strict=True) if one in wanted]
    if wanted != [e for e in known if e in wanted]:
        as_written = [e.model_dump(mode="json", exclude_none=True) for e in wanted]
    data["parallel_run"]["explanations"] = as_written
    if not in_full:
        # A comment may name a contract, and ruamel keeps it with the entry before it.
        data.ca.items.pop("parallel_run", None)
        _drop_comments(data["parallel_run"])
    return _text_of(data)


def with_lessons(text: str, service: ServiceFile | None) -> str:
    """Add what accepted lessons changed of a service's tasks since the folder was stored; leave the rest as it was."""
    if service is None:
        return text
    data = _writer().load(text)
    written = data.get("tasks") or {}
    new = {
        name: fields.model_dump(mode="json", exclude_none=True)
        for name, fields in service.tasks.items()
        if name not in written or StepFields.model_validate(_plain(written[name])) != fields
    }
    if not new:
        return text
    if not written:
        data["tasks"] = new
    else:
        written.update(new)
    return _text_of(data)


def _drop_comments(node: object) -> None:
    if isinstance(node, CommentedMap | CommentedSeq):
        node.ca.comment, node.ca.end = None, []
        node.ca.items.clear()
        for inner in node.values() if isinstance(node, CommentedMap) else node:
            _drop_comments(inner)


def _plain(found: object) -> object:
    """Return what a YAML file says, without its comments and quotes."""
    return json.loads(json.dumps(found, default=str))


def _text_of(data: object) -> str:
    out = io.StringIO()
    _writer().dump(data, out)
    return out.getvalue()


def _writer() -> YAML:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 10_000  # lines stay as they were written
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml
