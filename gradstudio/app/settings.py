"""Settings: what the window remembers between starts."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QSettings

RECENT = 10


class Settings:
    """Typed access to QSettings; tests point it to a temporary folder through the organisation's path."""

    def __init__(self) -> None:
        self._store = QSettings("GradStudio", "GradStudio")

    def text(self, key: str, default: str = "") -> str:
        """Return a stored word."""
        value = self._store.value(key, default)
        return value if isinstance(value, str) else default

    def flag(self, key: str, default: bool = False) -> bool:
        """Return a stored switch."""
        return self.text(key, str(default)) == "True"

    def set(self, key: str, value: str | bool) -> None:
        """Store a word or a switch."""
        self._store.setValue(key, str(value))

    def state(self, key: str) -> QByteArray:
        """Return a stored state of the window."""
        value = self._store.value(key)
        return value if isinstance(value, QByteArray) else QByteArray()

    def set_state(self, key: str, value: QByteArray) -> None:
        """Store a state of the window."""
        self._store.setValue(key, value)

    def recent(self) -> tuple[str, ...]:
        """Return the files last opened or saved, the newest first."""
        value = self._store.value("recent", [])
        return tuple(str(v) for v in value) if isinstance(value, list) else (value,) if isinstance(value, str) and value else ()

    def add_recent(self, path: str) -> None:
        """Put a file at the head of the recent ones."""
        self._store.setValue("recent", [path, *(p for p in self.recent() if p != path)][:RECENT])
