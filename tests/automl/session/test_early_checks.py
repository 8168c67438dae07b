"""What is mistyped is told before the data are read and before there is a database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import search_spaces
from automl.errors import ConfigError
from automl.options.search_options import SearchOptions
from automl.session.early_checks import check_choices
from search_spaces import SearchSpaceError
from storage import StorageError

SPACE = search_spaces.load("mlp")


def options(tmp_path: Path, **others: Any) -> SearchOptions:
    return SearchOptions(**{"storage": f"sqlite:///{tmp_path}/a.db", **others})


def test_what_is_right_makes_nothing(tmp_path: Path) -> None:
    assert check_choices(options(tmp_path), SPACE) is False
    assert check_choices(options(tmp_path, policy="optuna", sampler="gp"), SPACE) is True
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"sampler": "foo"}, "must be one of tpe, random, qmc, gp, but got 'foo'"),
        ({"pruner": "foo"}, "successive_halving"),
        ({"policy": "foo"}, "must be one of freeze_thaw, optuna, promotion, but got 'foo'"),
        ({"policy": "freeze_thaw", "pruner": "none"}, "leave it out"),
        ({"device": "cuda:9"}, "a device must be there"),
        ({"set": ["learning_rat=1"]}, "learning_rate"),
        ({"set": ["optimizer=adm"]}, "adam"),
        ({"set": ["optimizer"]}, "optimizer"),
    ],
)
def test_names_and_values_that_cannot_be_are_refused(
    wrong: dict[str, Any], told: str, tmp_path: Path
) -> None:
    with pytest.raises((ConfigError, SearchSpaceError), match=told):
        check_choices(options(tmp_path, **wrong), SPACE)
    assert not list(tmp_path.iterdir())


def test_a_database_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "junk.db").write_bytes(b"this is no database" * 100)
    for name, told in (("junk.db", "not an SQLite database"), ("no/a.db", "folder")):
        with pytest.raises(StorageError, match=told):
            check_choices(options(tmp_path, storage=f"sqlite:///{tmp_path}/{name}"), SPACE)
    with pytest.raises(StorageError, match="must be a file"):
        check_choices(options(tmp_path, storage=f"sqlite:///{tmp_path}"), SPACE)
