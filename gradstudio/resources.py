"""Finds what ships in resources/: inside the wheel, or beside the package in a checkout."""

from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


@cache
def resource(*parts: str) -> Path:
    """Path of a shipped file or folder, e.g. `resource("icons", "play.svg")`; raises FileNotFoundError."""
    for root in (PACKAGE / "resources", PACKAGE.parent / "resources"):
        path = root.joinpath(*parts)
        if path.exists():
            return path
    raise FileNotFoundError("/".join(("resources", *parts)))
