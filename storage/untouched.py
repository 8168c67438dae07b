"""Reading a database of other people without changing it: a copy of it is opened.

`open_store` adds tables of this program where there are none, and a log beside the file. That is
right for a search, and not for somebody who wants to look. So an SQLite file without our tables is
copied, as it is at one moment, to a temporary folder, which is removed afterwards; one with them
is opened where it is.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from storage.engine import BUSY_SECONDS, database_path
from storage.errors import StorageError, explained
from storage.store import Store, open_store
from storage.tables import SETTINGS


@contextmanager
def open_untouched(url: str) -> Iterator[Store]:
    """Open a database that exists, for reading; messages name it by its own URL.

    Raises:
        StorageError: it cannot be read, or is none.
    """
    path = database_path(url)
    if path is None or not is_foreign_database(url):
        with closing(open_store(url)) as store:
            yield store
        return
    with copied(path, url) as copy, closing(_opened(copy, url)) as store:
        yield store


@contextmanager
def copied(path: Path, url: str) -> Iterator[Path]:
    """A copy of an SQLite file, as it is at one moment, for as long as the block lasts.

    Raises:
        StorageError: it cannot be read, or is none.
    """
    with tempfile.TemporaryDirectory(prefix="automl-") as folder:
        copy = Path(folder) / "copy.db"
        _copy(path, copy, url)
        yield copy


def _opened(copy: Path, url: str) -> Store:
    """A store of the copy, under the URL of the original."""
    url_of_copy = f"sqlite:///{copy}"
    try:
        store = open_store(url_of_copy)
    except StorageError as error:
        raise StorageError(str(error).replace(url_of_copy, url)) from error
    store.url = url
    return store


def is_foreign_database(url: str) -> bool:
    """Whether a database is an SQLite file in which this program has never written.

    Raises:
        StorageError: it cannot be read.
    """
    path = database_path(url)
    if path is None or not path.is_file() or not path.stat().st_size:
        return False
    try:
        with closing(_connected(path)) as raw:
            query = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?"
            return not raw.execute(query, (SETTINGS.name,)).fetchone()[0]
    except sqlite3.Error as error:
        raise explained(url, error) from error


def _connected(path: Path) -> sqlite3.Connection:
    """A connection that cannot write.

    In a folder for reading only SQLite cannot make the files beside one with a write-ahead log:
    then it is read as it is, if no such log holds a part of it.
    """
    uri = f"file:{quote(str(path.absolute()))}"
    raw = sqlite3.connect(f"{uri}?mode=ro", uri=True, timeout=BUSY_SECONDS)
    try:
        raw.execute("SELECT count(*) FROM sqlite_master")
    except sqlite3.OperationalError:
        raw.close()
        log = path.with_name(f"{path.name}-wal")
        if log.exists() and log.stat().st_size:
            raise
        return sqlite3.connect(f"{uri}?mode=ro&immutable=1", uri=True)
    return raw


def _copy(path: Path, copy: Path, url: str) -> None:
    try:
        with closing(_connected(path)) as raw, closing(sqlite3.connect(copy)) as target:
            raw.backup(target)
    except sqlite3.Error as error:
        raise explained(url, error) from error
