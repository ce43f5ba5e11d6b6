"""Make ids that read like names."""

import re
import unicodedata


def made_id(name: str, *, most: int = 40) -> str:
    """Make an id of at most `most` characters from a name; empty if it has no letters and digits.

    >>> made_id("St Mary’s Primary School"), made_id("Gŵyr & Llŷn"), made_id("4th wave", most=3)
    ('st-marys-primary-school', 'gwyr-llyn', '4th')
    """
    apart = unicodedata.normalize("NFKD", re.sub(r"[’'`]", "", name))
    plain = "".join(c for c in apart if not unicodedata.combining(c))
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:most].strip("-")
