"""Studies side by side, as they are printed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import automl
from automl.comparison_summary import (
    difference_words,
    findings,
    paired_gain,
    print_comparison,
)
from automl.result import SearchResult
from storage.records import PairedDifference
from tests.contracts.synthetic_study import synthetic_study


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> list[SearchResult]:
    """Two studies of iris, of which the second can learn nothing in one epoch."""
    storage = f"sqlite:///{tmp_path_factory.mktemp('pair')}/automl.db"

    def search(study: str, *changes: str, max_epochs: int) -> SearchResult:
        return automl.search(
            "sklearn:iris",
            study=study,
            storage=storage,
            set=["batch_size=16", "optimizer=adam", *changes],
            max_epochs=max_epochs,
            n_trials=2,
            folds=1,
            workers=1,
        )

    return [
        search("good", "learning_rate=0.01", max_epochs=20),
        search("bad", "learning_rate=1e-5", max_epochs=1),
    ]


def test_who_is_better_is_told_row_by_row_where_rows_are_the_same(
    pair: list[SearchResult],
) -> None:
    good, bad = pair
    gain = paired_gain(good, bad, "accuracy")
    assert gain is not None
    assert gain.value == pytest.approx(
        good.evaluation.scores["accuracy"] - bad.evaluation.scores["accuracy"]  # type: ignore[union-attr]
    )
    assert gain.is_better
    (sentence,) = findings([bad, good])
    assert sentence.startswith(
        "On the same 30 test rows good (the lower validation loss) and bad differ: good is better"
    )
    assert "points higher with the first (95 % interval of the paired difference" in sentence


def test_the_same_network_cannot_be_told_from_itself(pair: list[SearchResult]) -> None:
    good, _ = pair
    (sentence,) = findings([good, good])
    assert "cannot be told apart: accuracy is 0.0 points higher" in sentence


@pytest.mark.parametrize(
    ("metric", "gain", "words"),
    [
        (
            "rmse",
            0.28,
            "0.2800 lower with the first",
        ),
        (
            "rmse",
            -0.28,
            "0.2800 higher with the first",
        ),
        ("accuracy", 0.28, "28.0 points higher with the first"),
        ("accuracy", -0.28, "28.0 points lower with the first"),
    ],
)
def test_the_sign_of_a_difference_is_in_its_word(metric: str, gain: float, words: str) -> None:
    said = difference_words(metric, PairedDifference(gain, 0.1, gain - 0.18, gain + 0.18))
    assert said.startswith(words)
    assert "-" not in said
    ends = "10.0 points to 46.0 points" if metric == "accuracy" else "0.1000 to 0.4600"
    assert said.endswith(f"(95 % interval of the paired difference {ends})")


def test_other_test_rows_are_said_to_be_others(pair: list[SearchResult], tmp_path: Path) -> None:
    other = automl.search(
        "sklearn:iris",
        study="other rows",
        storage=f"sqlite:///{tmp_path}/automl.db",
        set=["batch_size=16"],
        split_seed=7,
        max_epochs=1,
        n_trials=2,
        folds=1,
        workers=1,
    )
    (sentence,) = findings([pair[0], other])
    assert "were not scored on the same test rows" in sentence


def test_studies_of_different_data_are_not_ranked(pair: list[SearchResult]) -> None:
    other = SearchResult(synthetic_study(6), "")
    (sentence,) = findings([pair[0], other])
    assert "none is better" in sentence


def test_results_verdicts_and_what_differs_stand_side_by_side(
    pair: list[SearchResult], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    print_comparison(pair)
    printed = capsys.readouterr().out
    rows = {tuple(line.split()) for line in printed.splitlines()}
    assert ("--max-epochs", "20", "1") in rows
    assert ("learning_rate", "fixed", "at", "0.01", "fixed", "at", "1e-05") in rows
    assert ("learning_rate", "0.01", "1e-05") in rows
    for text in ("against references", "verdict", "test score", "trials"):
        assert text in printed
    for text in ("None", "--seed", "batch_size  "):
        assert text not in printed
    assert max(map(len, printed.splitlines())) <= 80


def test_a_study_without_a_complete_trial_can_be_compared(
    capsys: pytest.CaptureFixture[str],
) -> None:
    records = synthetic_study(6)
    empty = replace(records, trials=(), evaluations=(), diagnoses=())
    print_comparison([SearchResult(records, ""), SearchResult(empty, "")])
    assert "Fewer than two of these studies have a scored network" in capsys.readouterr().out
