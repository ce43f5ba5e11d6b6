"""Compiled templates, kept from one process to the next: compiling those of a report takes a fifth of its time."""

from contextlib import suppress

from jinja2 import BytecodeCache, FileSystemBytecodeCache
from jinja2.bccache import Bucket


class TemplateCache(FileSystemBytecodeCache):
    """A cache in this account's own folder below the temporary one; a full disk only means compiling again."""

    def dump_bytecode(self, bucket: Bucket) -> None:
        with suppress(OSError):
            super().dump_bytecode(bucket)

    def load_bytecode(self, bucket: Bucket) -> None:
        with suppress(OSError):
            super().load_bytecode(bucket)


def template_cache(purpose: str) -> BytecodeCache | None:
    """Return the cache of an environment, or None if there is no folder that no other account can write to.

    An entry counts only if its template has not changed since. Environments that compile differently need a purpose
    of their own.
    """
    try:
        return TemplateCache(pattern=f"changeflow-{purpose}-%s.cache")
    except (OSError, RuntimeError):
        return None
