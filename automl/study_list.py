"""All studies of a database, as they are listed: quickly, and without torch or Optuna."""

from __future__ import annotations

from pathlib import Path

from automl.options.values import DATABASE, DEFAULT_STORAGE
from storage.listed_studies import ListedStudy, listed_study, read_listed

PREFIX = "sqlite:///"


def list_studies(storage: str = DEFAULT_STORAGE) -> tuple[ListedStudy, ...]:
    """The studies of a database that this program made, in the order they were made.

    Raises:
        ConfigError: `storage` is no URL.
        StorageError: there is no such database, or it cannot be read.
    """
    found = listed_at_once(storage)
    if found is not None:
        return found
    url = DATABASE.plain("storage", storage)
    from automl.studies import load_all  # Optuna and SQLAlchemy: a second

    return tuple(map(listed_study, load_all(url)))


def listed_at_once(storage: str) -> tuple[ListedStudy, ...] | None:
    """The same, where it takes no other library: None where it does, or where it would fail.

    Raises:
        ConfigError: `storage` is no URL.
        StorageError: a value in it is damaged.
    """
    url = DATABASE.plain("storage", storage)
    path = url.removeprefix(PREFIX)
    is_file = path != url and not path.startswith("file:") and "?" not in path
    return read_listed(Path(path)) if is_file and Path(path).is_file() else None
