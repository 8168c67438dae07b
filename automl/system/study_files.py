"""The files of a study: its database with SQLite's logs, and its tables.

Nothing that a person asks for is written over them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from storage.engine import database_path

LOGS = ("-wal", "-shm", "-journal")
"""How the names of SQLite's files beside a database end."""


def study_files(storage: str, *data: Any, table: str = "a table of the study") -> dict[str, str]:
    """The database of a study with its logs, and those of its tables that are files.

    Args:
        table: what the tables are, for messages.

    Returns:
        What each file is, by its path.
    """
    files = {str(source): table for source in data if isinstance(source, (str, Path))}
    database = database_path(storage)
    if database is not None:
        files[str(database)] = "the database"
        kept = database.resolve()  # SQLite writes its logs beside what a link points at
        files |= {f"{kept}{ending}": "a log of the database" for ending in LOGS}
    return files
