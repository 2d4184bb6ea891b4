"""Formats of the file: what this program reads, and the way from an older one to the newest."""

from __future__ import annotations

from gradstudio.io.json_text import Fault

FORMAT = 1


def migrated(value: object) -> dict[str, object]:
    """Return the tree of a document in the newest format. Raises Fault for what is no document, or a newer one."""
    if not isinstance(value, dict):
        raise Fault("this is no GradStudio document", "GS-F105")
    found = value.get("format")
    if type(found) is not int or found < 1:
        raise Fault("this is no GradStudio document: it has no format number", "GS-F105", ("format",) if "format" in value else ())
    if found > FORMAT:
        raise Fault(f"it was made by GradStudio format {found}; this program reads up to {FORMAT}", "GS-F103", ("format",))
    return value
