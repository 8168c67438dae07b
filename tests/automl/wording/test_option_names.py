"""Options in messages: as they are typed, or as they are written in Python."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner

import automl
import cli
from automl.wording.option_names import named, spoken_as_typed

TABLE = pd.DataFrame(
    {"a": [n % 7 for n in range(40)], "b": [0.5, 1.5] * 20, "kind": ["x", "y", "z", "x"] * 10}
)


@pytest.mark.parametrize(
    ("option", "python", "typed"),
    [
        (("target",), "target=", "--target"),
        (("max_epochs", 5), "max_epochs=5", "--max-epochs 5"),
        (("timeout", 60, "1m"), "timeout=60", "--timeout 1m"),
        (("study", "a b"), "study='a b'", "--study 'a b'"),
        (("new", True), "new=True", "--new"),
        (("portfolio", False), "portfolio=False", "--no-portfolio"),
        (("drop", ["a", "b"]), "drop=['a', 'b']", "--drop 'a' --drop 'b'"),
        (("drop", ["it's"]), 'drop=["it\'s"]', "--drop 'it'\"'\"'s'"),
    ],
)
def test_an_option_is_written_as_its_reader_writes_it(
    option: tuple[Any, ...], python: str, typed: str
) -> None:
    assert named(*option) == python
    with spoken_as_typed():
        assert named(*option) == typed
    assert named(*option) == python


@pytest.mark.parametrize(
    ("options", "python", "typed"),
    [
        ({"target": "c"}, "target= must name a column", "--target must name a column"),
        ({"target": "kind", "drop": ["c"]}, "drop= must name", "--drop must name"),
        ({"target": "kind", "task": "binary"}, "task='multiclass'", "--task multiclass"),
        ({"target": "kind", "folds": 999}, "fewer with folds=", "fewer with --folds"),
        ({"target": "kind", "metric": "rmse"}, "say so with task=", "say so with --task"),
        (
            {"target": "kind", "max_parameters": 1},
            "widen the space with set=",
            "widen the space with --set",
        ),
    ],
)
def test_the_same_mistake_is_told_in_the_words_of_whoever_made_it(
    options: dict[str, Any], python: str, typed: str, tmp_path: Path
) -> None:
    storage = f"sqlite:///{tmp_path}/automl.db"
    with pytest.raises(automl.AutoMLError) as raised:
        automl.search(TABLE, storage=storage, workers=1, **options)
    assert python in str(raised.value)
    assert "--" not in str(raised.value)
    TABLE.to_csv(tmp_path / "table.csv", index=False)
    words = ["search", str(tmp_path / "table.csv"), "--storage", storage, "--workers", "1"]
    for name, value in options.items():
        words += [f"--{name.replace('_', '-')}", *(value if name == "drop" else [str(value)])]
    result = CliRunner().invoke(cli.main, words)
    assert result.exit_code == 1
    assert typed in result.stderr.replace("\n", " ")


def test_a_study_of_other_settings_goes_on_by_a_line_of_python(tmp_path: Path) -> None:
    TABLE.to_csv(tmp_path / "table.csv", index=False)
    storage = f"sqlite:///{tmp_path}/automl.db"
    options: dict[str, Any] = {"target": "kind", "storage": storage, "workers": 1, "n_trials": 1}
    data = str(tmp_path / "table.csv")
    automl.search(data, max_epochs=1, references=False, portfolio=False, **options)
    with pytest.raises(automl.StudyError) as raised:
        automl.search(data, max_epochs=2, references=False, portfolio=False, **options)
    assert "max_epochs is 1 in the study and 2 here (max_epochs=)" in str(raised.value)
    assert "use new=True, or a name of your own: study='NAME'" in str(raised.value)
    assert f"goes on with: automl.resume('table-kind', storage={storage!r})" in str(raised.value)
