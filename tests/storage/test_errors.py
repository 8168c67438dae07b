from __future__ import annotations

import sqlite3

import pytest

from storage.errors import explained


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("database or disk is full", "Free some space"),
        ("attempt to write a readonly database", "writable"),
        ("database disk image is malformed", "Restore a copy"),
        ("file is not a database", "Name another file"),
        ("database is locked", "End that process"),
        ("unable to open database file", "must exist and be writable"),
        ("disk I/O error", "Check its space"),
        ("something new", "something new"),
    ],
)
def test_error_says_which_database_and_what_helps(text: str, fix: str) -> None:
    message = str(explained("sqlite:///a.db", sqlite3.OperationalError(text)))
    assert "sqlite:///a.db" in message
    assert text in message
    assert fix in message
