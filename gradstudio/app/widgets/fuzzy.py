"""Ranks what a person may mean by a few typed letters: the palette, the search at the pointer, the command search."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from msgspec import Struct

TYPED, EXACT, PREFIX, WORD, SYNONYM, INSIDE, SCATTERED = range(7)
NO_MATCH = 99


class Entry(Struct, frozen=True):
    """Something that can be found: what it is called, and the other words that people use for it."""

    key: str
    title: str
    synonyms: tuple[str, ...] = ()


def rank(query: str, entries: Iterable[Entry], limit: int = 50, worst: int = SCATTERED) -> list[Entry]:
    """Return the entries that match no worse than `worst`, best first; equal ones in the order given. An empty query matches nothing."""
    typed = query.strip().casefold()
    if not typed:
        return []
    scored = [(score(typed, entry), i, entry) for i, entry in enumerate(entries)]
    return [entry for points, _, entry in sorted(s for s in scored if s[0][0] <= worst)[:limit]]


def score(typed: str, entry: Entry) -> tuple[int, int]:
    """Return (how, length of the title) of a query: the smaller, the better. What is typed to the letter (`sub_`, `-=`) comes first."""
    wanted, title = fold(typed), fold(entry.title)
    how = min((_sign(typed, word) for word in entry.synonyms if not is_word(word)), default=NO_MATCH)
    if wanted:
        named = TYPED if typed == entry.title.casefold() else _match(wanted, title)
        how = min([how, named, *(_synonym(wanted, fold(word)) for word in entry.synonyms if is_word(word))])
    if how == NO_MATCH and " " in wanted:
        everything = " ".join([title, *map(fold, entry.synonyms)]).split()
        if all(any(word.startswith(part) for word in everything) for part in wanted.split()):
            how = INSIDE
    return how, len(title)


@lru_cache(maxsize=1 << 16)
def fold(text: str) -> str:
    """Return text as it is compared: no case, no accents, `_`, `-` and `.` as blanks."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    letters = (" " if c in "_-./" else c for c in plain if not unicodedata.combining(c))
    return " ".join("".join(letters).split())


def is_word(text: str) -> bool:
    """Say whether there is a letter or digit in it; a sign (`-=`) is compared as it is typed."""
    return any(c.isalnum() for c in text)


def _sign(typed: str, sign: str) -> int:
    return PREFIX if sign == typed else SYNONYM if sign.startswith(typed) else NO_MATCH


def _match(wanted: str, title: str) -> int:
    if title == wanted:
        return EXACT
    if title.startswith(wanted):
        return PREFIX
    if any(word.startswith(wanted) for word in title.split()) or title.replace(" ", "").startswith(wanted.replace(" ", "")):
        return WORD
    if wanted in title:
        return INSIDE
    return SCATTERED if len(wanted) > 1 and _subsequence(wanted.replace(" ", ""), title) else NO_MATCH


def _synonym(wanted: str, word: str) -> int:
    if word == wanted:
        return PREFIX
    return SYNONYM if word.startswith(wanted) or any(part.startswith(wanted) for part in word.split()) else NO_MATCH


def _subsequence(wanted: str, title: str) -> bool:
    rest = iter(title)
    return title[:1] == wanted[:1] and all(letter in rest for letter in wanted)
