"""Words for people about files: names shortened in the middle, hostile text made harmless."""

from __future__ import annotations

import unicodedata
from pathlib import Path

SHOWN = 60  # characters of any text from outside


def harmless(text: str, most: int = SHOWN) -> str:
    """Return text on one line, cut to `most` characters, with control and direction characters written as `⟨U+202E⟩`."""
    cut = text if len(text) <= most else f"{text[: most // 2]}…{text[-(most // 2 - 1) :]}"
    return "".join(f"⟨U+{ord(c):04X}⟩" if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") else c for c in cut)


def quoted(path: Path) -> str:
    """Return the name of a file in quotes, as messages show it."""
    return f"“{harmless(path.name or str(path))}”"
