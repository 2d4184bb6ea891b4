"""Free text of a document inside code: a comment, and never more than one line of it."""

from __future__ import annotations

import unicodedata

LONGEST = 200


def comment(text: str) -> str:
    """Return a text as a comment on one line; what could end the line or turn its direction is shown as a code point."""
    safe = "".join(c if c == " " or unicodedata.category(c)[0] not in "CZ" else f"\\u{ord(c):04x}" for c in text[:LONGEST])
    return f"# {safe}".rstrip()
