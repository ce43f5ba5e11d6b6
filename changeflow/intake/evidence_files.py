"""Files of evidence: which kinds are taken, and whether a file is what its name says."""

import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO

from changeflow.errors import InputError
from changeflow.intake.sheets import OF_A_ZIP

MOST_BYTES = 10_000_000
"""The largest file: 10 MB, our own choice."""
LONGEST_NAME = 150


def _is_office(folder: str) -> Callable[[bytes], bool]:
    def check(content: bytes) -> bool:
        names = _names_in(content)
        return "[Content_Types].xml" in names and any(n.startswith(folder) for n in names) and not _has_macros(names)

    return check


def _is_open_document(content: bytes) -> bool:
    names = _names_in(content)
    return {"mimetype", "content.xml"} <= names and not any(n.startswith(("Basic/", "Scripts/")) for n in names)


def _names_in(content: bytes) -> set[str]:
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            return set(archive.namelist())
    except OF_A_ZIP:
        return set()


def _has_macros(names: set[str]) -> bool:
    return any(n.lower().endswith("vbaproject.bin") for n in names)


def _is_text(content: bytes) -> bool:
    return b"\0" not in content


@dataclass(frozen=True, slots=True)
class EvidenceKind:
    """A kind of file that can be evidence."""

    media: str
    is_one: Callable[[bytes], bool]
    """Returns whether some content is of this kind."""


KINDS: Mapping[str, EvidenceKind] = {
    "pdf": EvidenceKind("application/pdf", lambda c: c[:1024].lstrip().startswith(b"%PDF-")),
    "docx": EvidenceKind(
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document", _is_office("word/")
    ),
    "xlsx": EvidenceKind("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", _is_office("xl/")),
    "pptx": EvidenceKind(
        "application/vnd.openxmlformats-officedocument.presentationml.presentation", _is_office("ppt/")
    ),
    "odt": EvidenceKind("application/vnd.oasis.opendocument.text", _is_open_document),
    "ods": EvidenceKind("application/vnd.oasis.opendocument.spreadsheet", _is_open_document),
    "png": EvidenceKind("image/png", lambda c: c.startswith(b"\x89PNG\r\n\x1a\n")),
    "jpg": EvidenceKind("image/jpeg", lambda c: c.startswith(b"\xff\xd8\xff")),
    "jpeg": EvidenceKind("image/jpeg", lambda c: c.startswith(b"\xff\xd8\xff")),
    "csv": EvidenceKind("text/csv", _is_text),
    "txt": EvidenceKind("text/plain", _is_text),
}
"""The kinds, by the ending of a file's name. Files with macros are not among them."""
ENDINGS = ", ".join(sorted(KINDS))


def check_evidence_file(name: str, content: bytes) -> str:
    """Return the media type of a file; raise `InputError` if it is not of a known kind, empty or too large."""
    if not content:
        raise InputError(f"“{name}” is empty. Choose another file.")
    if len(content) > MOST_BYTES:
        raise InputError(f"“{name}” has {len(content) / 1_000_000:.1f} MB. A file may have at most 10 MB.")
    if len(name) > LONGEST_NAME:
        raise InputError(f"The file's name has {len(name)} characters. Shorten it to {LONGEST_NAME}.")
    kind = KINDS.get(name.rpartition(".")[2].lower())
    if kind is None:
        raise InputError(f"“{name}” is not a kind of file that can be evidence. Use one of these: {ENDINGS}.")
    if not kind.is_one(content):
        raise InputError(
            f"“{name}” is not what its name says, or it contains macros. Save it again in the program that made it."
        )
    return kind.media
