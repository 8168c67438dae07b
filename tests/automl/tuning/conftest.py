"""A small data set and an empty database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from automl.data import LoadedData, SplitOptions, load_dataset
from storage import Store, open_store


@pytest.fixture(scope="session")
def iris() -> LoadedData:
    return load_dataset("sklearn:iris", splits=SplitOptions(folds=1))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path}/automl.db") as store:
        yield store
