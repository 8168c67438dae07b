"""Whatever the project raises on purpose is caught by one name, whichever package raises it."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path

import pytest

import automl
import search_spaces
from automl.errors import DataError
from search_spaces import SearchSpaceError
from storage import StorageError
from storage.error_root import AutoMLError


def test_errors_of_all_three_packages_are_of_one_root() -> None:
    assert automl.AutoMLError is AutoMLError
    for module in ("automl.errors", "search_spaces.errors", "storage.errors"):
        for name, error in inspect.getmembers(importlib.import_module(module), inspect.isclass):
            if issubclass(error, Exception) and not issubclass(error, Warning):
                assert issubclass(error, AutoMLError), name
    assert issubclass(SearchSpaceError, ValueError)
    assert issubclass(StorageError, RuntimeError)
    assert issubclass(DataError, ValueError)


def test_a_mistake_in_a_space_and_a_database_that_is_not_there_are_caught(tmp_path: Path) -> None:
    with pytest.raises(AutoMLError, match="activation must be"):
        search_spaces.load("mlp").narrow(["activation=sigmoidd"])
    with pytest.raises(AutoMLError):
        automl.search("sklearn:iris", set={"activation": "sigmoidd"})
    with pytest.raises(AutoMLError):
        automl.load_study("x", f"sqlite:///{tmp_path}/none.db")
