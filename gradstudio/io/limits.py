"""How large a file may be. What a document itself may hold is in document/limits.py."""

from __future__ import annotations

DOCUMENT_BYTES = 64 << 20
DOCUMENT_BYTES_MOST = 512 << 20  # what `--max-bytes` may ask for
JSON_DEPTH = 64
JSON_CONTAINERS = 1_500_000  # objects and lists: 200,000 nodes have 1.2 million, in under 1 GB
NUMBER_CHARACTERS = 40
STRING_CHARACTERS = 1_000_000  # but for base64, which the limit on elements bounds


def size(count: int) -> str:
    """Return a number of bytes as people write it: `3.1 MB`."""
    if count < 1000:
        return f"{count} bytes"
    for unit, scale in (("kB", 1e3), ("MB", 1e6)):
        if count < 1000 * scale:
            return f"{count / scale:.1f} {unit}"
    return f"{count / 1e9:.1f} GB"
