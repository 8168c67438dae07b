"""The errors and the one warning that the storage raises on purpose.

    StorageError(RuntimeError)       of `error_root.AutoMLError`, as all that is raised
      ArtifactError                  a file beside the database
      DamagedError                   a row is not as this program wrote it
      NotStoredError(KeyError)       a study or trial that is not there, or not any more
      StudyIsFull                    a study has all the trials it was to have

Messages say the rule, the value, the fix. `explained` turns what SQLAlchemy and SQLite
raise into such a message, so that a full disk reads as a full disk.
"""

from __future__ import annotations

from collections.abc import Mapping

from storage.error_root import AutoMLError


class StorageError(AutoMLError, RuntimeError):
    """The database or an artifact cannot be read or written."""


class ArtifactError(StorageError):
    """A file of the artifact folder cannot be read or written."""


class DamagedError(StorageError):
    """A value in the database is not as this program wrote it.

    Args:
        row: what finds the row in its table: columns and their values; empty if unknown.
        why: what is wrong with it.
    """

    def __init__(self, table: str, column: str, row: Mapping[str, object], why: str) -> None:
        self.table, self.column, self.row, self.why = table, column, row, why
        super().__init__(
            f"A stored value must be as it was written, but {self.place} was damaged or edited: "
            f"{why}. Restore a copy of the database, or do what `automl doctor` says."
        )

    @property
    def place(self) -> str:
        """Column, table and row, as far as they are known."""
        where = " and ".join(f"{name} = {value!r}" for name, value in self.row.items())
        return f"{self.column} in {self.table}" + (f" where {where}" if where else "")


class NotStoredError(StorageError, KeyError):
    """A study or trial is not in the database: it never was, or was deleted.

    A KeyError too, as Optuna expects of its storages.
    """

    def __str__(self) -> str:
        return str(self.args[0])  # a KeyError would show it in quotes


def gone(what: str) -> NotStoredError:
    """Why a study cannot be used any more that was there.

    Args:
        what: which one it is, in words that go on with "was deleted".
    """
    return NotStoredError(
        f"A study must exist to be used, but {what} was deleted, here or by another program. "
        f"A new search makes a new one."
    )


class StudyIsFull(StorageError):
    """A study has all the trials that it was to have: others have asked for the rest."""


class StorageWarning(UserWarning):
    """The storage works, but not in the way that is safest or fastest."""


_CAUSES = (
    (
        "database or disk is full",
        "the disk is full. Free some space; what was stored before is intact",
    ),
    ("readonly", "it is read-only. Make the file and its folder writable, or copy the file"),
    ("attempt to write a readonly", "it is read-only. Make the file and its folder writable"),
    (
        "malformed",
        "the file is damaged. Restore a copy, or save what is readable with "
        "`sqlite3 FILE .recover`",
    ),
    ("not a database", "it is not an SQLite database. Name another file"),
    ("locked", "another process held it for more than a minute. End that process, or try again"),
    ("unable to open", "it cannot be opened. The folder must exist and be writable"),
    ("disk i/o error", "the disk cannot be read or written. Check its space and health"),
)


def explained(url: str, error: BaseException) -> StorageError:
    """The error that a person reads instead of the database driver's."""
    text = str(getattr(error, "orig", None) or error)
    for sign, meaning in _CAUSES:
        if sign in text.lower():
            return StorageError(f"The database {url} cannot be used: {meaning} (SQLite: {text}).")
    return StorageError(f"The database {url} cannot be used: {text}.")
