"""A new database and what stands on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.database import Database
from storage.opening import open_database
from storage.optuna_storage import OptunaStorage, open_optuna_storage
from storage.store import Store, open_store


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/automl.db"


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    database = open_database(url)
    yield database
    database.close()


@pytest.fixture
def optuna_storage(url: str) -> Iterator[OptunaStorage]:
    storage = open_optuna_storage(url)
    yield storage
    storage.close()


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with open_store(url) as store:
        yield store
