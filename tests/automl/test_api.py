"""`automl.search` as a notebook calls it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import automl
from automl.errors import ConfigError, DataError, DataWarning, StudyError


def table(n_rows: int = 120) -> pd.DataFrame:
    generator = np.random.default_rng(0)
    x = generator.normal(size=(n_rows, 3))
    labels = np.where(x[:, 0] + x[:, 1] > 0, "yes", "no")
    return pd.DataFrame({"a": x[:, 0], "b": x[:, 1], "c": x[:, 2], "answer": labels})


def quick(storage: str) -> dict[str, object]:
    return {
        "storage": storage,
        "target": "answer",
        "n_trials": 3,
        "max_epochs": 3,
        "folds": 1,
        "workers": 1,
    }


@pytest.fixture
def storage(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/automl.db"


def test_search_of_a_frame_gives_a_scored_and_judged_best_trial(storage: str) -> None:
    result = automl.search(table(), **quick(storage))  # type: ignore[arg-type]
    assert result.study_name == "data-answer"
    assert len(result.trials) == 3
    assert result.evaluation is not None
    assert 0 <= result.evaluation.scores["accuracy"] <= 1
    assert result.evaluation.reference_scores("guessing")["loss"] == pytest.approx(0.693, abs=0.05)
    assert result.diagnoses[0].message


def test_what_is_left_out_of_a_table_is_warned_of_and_stays_with_the_result(storage: str) -> None:
    generator = np.random.default_rng(0)
    told = table(300).assign(
        row_id=range(300),
        comment=[f"parcel came on day {i}" for i in range(300)],
        customer=[f"c{i}" for i in generator.integers(0, 80, 300)],
        fixed="x",
    )
    with pytest.warns(DataWarning) as warned:
        result = automl.search(told, **quick(storage))  # type: ignore[arg-type]
    (said,) = [str(one.message) for one in warned]
    for name in (
        "id-like: row_id",
        "free text: comment",
        "customer: ",
    ):
        assert name in said
    assert "fixed" not in said
    assert len(result.data_notes) == 4 and "data_notes=4" in repr(result)
    html = result._repr_html_()
    assert all(note.partition("'")[0] in html for note in result.data_notes)
    assert automl.load_study(result.study_name, storage).data_notes == result.data_notes
    assert "data_notes" not in repr(automl.search(table(), **{**quick(storage), "study": "b"}))  # type: ignore[arg-type]


def test_the_same_call_again_gives_the_same_result(storage: str) -> None:
    first = automl.search(table(), **quick(storage))  # type: ignore[arg-type]
    second = automl.search(table(), **quick(storage))  # type: ignore[arg-type]
    assert second.trials == first.trials
    assert second.records.evaluations == first.records.evaluations, "test rows are read once"


def test_changed_data_do_not_continue_a_study(storage: str) -> None:
    automl.search(table(), **quick(storage))  # type: ignore[arg-type]
    with pytest.raises(StudyError, match="the data are others"):
        automl.search(table(121), **quick(storage))  # type: ignore[arg-type]


def test_new_makes_another_study_beside_the_first(storage: str) -> None:
    automl.search(table(), **quick(storage))  # type: ignore[arg-type]
    other = automl.search(table(121), new=True, **quick(storage))  # type: ignore[arg-type]
    assert other.study_name == "data-answer-2"
    assert automl.study_names(storage) == ["data-answer", "data-answer-2"]


def test_unknown_option_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean 'max_epochs'"):
        automl.search(table(), target="answer", max_epoch=3)


def test_missing_target_names_the_nearest_column(storage: str) -> None:
    with pytest.raises(DataError, match="answer"):
        automl.search(table(), **{**quick(storage), "target": "answers"})  # type: ignore[arg-type]


def printed_lines(code: str, folder: Path) -> list[str]:
    """What a new interpreter prints that runs the code in the folder."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(automl.__file__).parent.parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    ("source", "message"), [("none.csv", "no 'none.csv'"), ("rows.csv", "did you mean 'answer'")]
)
def test_what_is_mistyped_is_told_before_torch_is_loaded(
    source: str, message: str, tmp_path: Path
) -> None:
    """Importing torch takes a second."""
    table().to_csv(tmp_path / "rows.csv", index=False)
    code = (
        "import sys, automl\n"
        f"try: automl.search({source!r}, target='answers')\n"
        "except automl.DataError as error: print(error)\n"
        "print([name for name in ('torch', 'sklearn') if name in sys.modules])"
    )
    told, loaded = printed_lines(code, tmp_path)
    assert message in told
    assert loaded == "[]"


def test_no_training_waits_for_what_is_needed_later(tmp_path: Path) -> None:
    """scikit-learn grows the trees of references and checks, which trials train beside."""
    rows = table().assign(text=[f"t{n % 3}" for n in range(len(table()))])
    rows.to_csv(tmp_path / "rows.csv", index=False)
    code = (
        "import sys\n"
        "from automl.api import start_search\n"
        "from automl.options.search_options import SearchOptions\n"
        "with start_search('rows.csv', SearchOptions(target='answer', n_trials=2)) as session:\n"
        "    session.call.make_executor().close()\n"
        "    late = ('sklearn', 'scipy.optimize', 'scipy.sparse', 'scipy.stats', 'plotly')\n"
        "    print([name for name in late if name in sys.modules])"
    )
    assert printed_lines(code, tmp_path) == ["[]"]


def test_what_is_dropped_and_found_is_logged(
    storage: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A notebook shows no progress; what the command line says must not be lost there."""
    caplog.set_level("INFO", logger="automl")
    automl.search(table().assign(always="same"), **quick(storage))  # type: ignore[arg-type]
    said = [record.message for record in caplog.records if record.name == "automl"]
    assert said[:3] == [
        *("reading the DataFrame", "loading PyTorch", "looking at the columns"),
    ]
    assert "dropped as constant: always" in said
    assert said.index("judging the study") > said.index("looking at the columns")
    assert any("is the best so far" in message for message in said)


def test_resume_continues_a_study_by_its_name(finished_copy: str) -> None:
    result = automl.resume("iris-species", finished_copy, n_trials=8, workers=1)
    assert len(result.trials) == 8


def test_what_is_fixed_with_a_study_cannot_be_resumed_otherwise(finished_copy: str) -> None:
    with pytest.raises(ConfigError, match="'max_epochs' is fixed when a study is made"):
        automl.resume("iris-species", finished_copy, max_epochs=3)  # type: ignore[call-arg]


def test_study_of_a_frame_cannot_be_resumed_by_its_name(storage: str) -> None:
    automl.search(table(), **quick(storage))  # type: ignore[arg-type]
    with pytest.raises(StudyError, match="DataFrame"):
        automl.resume("data-answer", storage)


def test_numbers_of_numpy_make_the_same_study(storage: str) -> None:
    plain = automl.search(table(), **quick(storage))  # type: ignore[arg-type]
    options: dict[str, Any] = {
        **quick(storage),
        "n_trials": np.int64(3),
        "max_epochs": 3.0,
        "folds": np.float32(1),
        "workers": np.int32(1),
        "target": np.str_("answer"),
        "drop": None,
        "set": np.array([], dtype=str),
        "seed": np.uint8(0),
        "split_seed": np.int64(0),
        "class_weights": np.bool_(False),
        "timeout": np.float32(60),
        "keep_bytes": np.int64(10**7),
    }
    assert automl.search(table(), **options).trials == plain.trials


@pytest.mark.parametrize("options", [{"workers": 0}, {"n_trials": "3"}, {"timeout": "soon"}])
def test_a_study_is_continued_by_the_same_rules(options: dict[str, Any], tmp_path: Path) -> None:
    table().to_csv(tmp_path / "table.csv", index=False)
    storage = f"sqlite:///{tmp_path}/automl.db"
    automl.search(tmp_path / "table.csv", **quick(storage))  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=f"{next(iter(options))} must be a"):
        automl.resume("table-answer", storage, **options)
    assert len(automl.resume("table-answer", storage, n_trials=np.int64(4)).trials) == 4
