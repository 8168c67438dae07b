"""The one error and the one warning that the storage raises on purpose.

Messages say the rule, the value, the fix. `translated` turns what SQLAlchemy and SQLite
raise into such a message, so that a full disk reads as a full disk.
"""

from __future__ import annotations


class StorageError(RuntimeError):
    """The database or an artifact cannot be read or written."""


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
