"""What was read of a database, as long as nobody can have changed it."""

from __future__ import annotations

from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Remembered(Generic[Key, Value]):
    """Values by key, each as it is in the file while `Database.changes` is the same number.

    Whoever changes a value itself forgets it.
    """

    def __init__(self) -> None:
        self._values: dict[Key, Value] = {}
        self._changes = -1

    def get(self, key: Key, changes: int) -> Value | None:
        """The value of a key; None where it is to be read."""
        if changes != self._changes:
            self._values.clear()
            self._changes = changes
        return self._values.get(key)

    def keep(self, key: Key, value: Value) -> None:
        """Keep what was read since `get` was asked for it."""
        self._values[key] = value

    def forget(self) -> None:
        """Know nothing any more."""
        self._values.clear()
