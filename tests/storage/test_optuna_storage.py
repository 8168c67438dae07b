"""Optuna's own storage test suite, and after each test the file against Optuna's storage."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.storages import RDBStorage
from optuna.testing.pytest_storages import StorageTestCase

from storage.optuna_storage import OptunaStorage, open_optuna_storage


def plain(value: Any) -> Any:
    """A value that equals itself, NaN included."""
    if isinstance(value, float) and math.isnan(value):
        return "NaN"
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value


def content(storage: optuna.storages.BaseStorage) -> list[Any]:
    """All that a storage holds, as plain values."""
    return [
        (
            plain({k: v for k, v in vars(study).items()}),
            [plain(vars(trial)) for trial in storage.get_all_trials(study._study_id)],
        )
        for study in storage.get_all_studies()
    ]


class TestOptunasOwnSuite(StorageTestCase):
    @pytest.fixture
    def storage(self, tmp_path: Path) -> Iterator[OptunaStorage]:
        url = f"sqlite:///{tmp_path}/automl.db"
        storage = open_optuna_storage(url)
        yield storage
        storage.flush()
        theirs = RDBStorage(url)
        assert content(theirs) == content(storage)
        theirs.engine.dispose()
        storage.close()
        again = open_optuna_storage(url)
        assert content(again) == content(storage)
        again.close()
