"""Studies side by side: one judgement, whoever draws it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from automl.comparison import (
    Comparison,
    Predictions,
    compare_studies,
    difference_words,
    paired_gain,
)
from storage.call_records import PolicyRecord
from storage.records import StudyRecords
from storage.score_records import PairedDifference
from tests.contracts.synthetic_study import synthetic_study

N_ROWS = 300
TRUTH = np.random.default_rng(0).integers(0, 10, N_ROWS)


@pytest.fixture(scope="module")
def records() -> StudyRecords:
    return synthetic_study(30)


def right_in(share: float) -> Predictions:
    """Predictions of ten classes that are right in the first rows, and sure of themselves."""
    predicted = np.where(np.arange(N_ROWS) < share * N_ROWS, TRUTH, (TRUTH + 1) % 10)
    return {"test_targets": TRUTH, "test_predictions": 0.9 * np.eye(10)[predicted] + 0.01}


def of_trial_loss(records: StudyRecords, loss: float, name: str) -> StudyRecords:
    """A study whose best trial has another validation loss, all else alike."""
    best = records.best_trial
    assert best is not None
    trials = tuple(replace(t, value=loss) if t is best else t for t in records.trials)
    settings = replace(records.settings, study_name=name)
    return replace(records, trials=trials, settings=settings)


def compared(*given: tuple[StudyRecords, Predictions | None]) -> Comparison:
    return compare_studies(given)


def test_who_is_better_is_told_row_by_row(records: StudyRecords) -> None:
    good, bad = right_in(0.9), right_in(0.5)
    (sentence,) = compared(
        (of_trial_loss(records, 0.02, "bad"), bad), (of_trial_loss(records, 0.01, "good"), good)
    ).findings
    assert "good (the lower validation loss) and bad differ: good is better" in sentence
    assert "accuracy is 40.0 points higher with good" in sentence


def test_the_lower_validation_loss_can_be_the_worse_network(records: StudyRecords) -> None:
    """A loss of exactly 0 is the lowest, too."""
    (sentence,) = compared(
        (of_trial_loss(records, 0.01, "other"), right_in(0.9)),
        (of_trial_loss(records, 0.0, "lucky"), right_in(0.5)),
    ).findings
    assert "lucky (the lower validation loss) and other differ: other is better" in sentence
    assert "accuracy is 40.0 points lower with lucky" in sentence
    assert "-" not in sentence.partition("accuracy is")[2]


def test_the_same_network_cannot_be_told_from_itself(records: StudyRecords) -> None:
    (sentence,) = compared((records, right_in(0.8)), (records, right_in(0.8))).findings
    assert "cannot be told apart: accuracy is 0.0 points higher" in sentence


def test_a_difference_within_chance_is_none(records: StudyRecords) -> None:
    (sentence,) = compared((records, right_in(0.8)), (records, right_in(0.803))).findings
    assert "cannot be told apart" in sentence


@pytest.mark.parametrize("spoiled", ["rows", "split", "none"])
def test_other_test_rows_are_said_to_be_others(records: StudyRecords, spoiled: str) -> None:
    other, kept = records, right_in(0.5)
    if spoiled == "rows":
        kept = {**kept, "test_targets": TRUTH[::-1]}
    elif spoiled == "split":
        split = {**records.settings.split, "seed": 7}
        other = replace(records, settings=replace(records.settings, split=split))
    given = (other, None if spoiled == "none" else kept)
    (sentence,) = compared((records, right_in(0.9)), given).findings
    assert "were not scored on the same test rows" in sentence


def test_other_validation_rows_do_not_hinder(records: StudyRecords) -> None:
    split = {**records.settings.split, "n_folds": 5}
    other = replace(records, settings=replace(records.settings, split=split))
    (sentence,) = compared((records, right_in(0.9)), (other, right_in(0.5))).findings
    assert "is better" in sentence


def test_studies_of_different_data_are_not_ranked(records: StudyRecords) -> None:
    moved = replace(records, settings=replace(records.settings, data_fingerprint="other"))
    for other in (moved, synthetic_study(6, task="regression")):
        (sentence,) = compared((records, right_in(0.9)), (other, right_in(0.5))).findings
        assert "none is better" in sentence


def test_a_study_without_a_complete_trial_is_named(records: StudyRecords) -> None:
    found = compared((records, right_in(0.9)), (StudyRecords(records.settings), None))
    assert found.findings == (
        "Fewer than two of these studies have a scored network to compare.",
        "digits-target (2) has no complete trial yet.",
    )
    assert found.results["validation loss"][1] == found.results["test score"][1] == "–"
    assert found.results["against references"][1] == "–"


def test_gains_are_those_of_the_scores(records: StudyRecords) -> None:
    found = compared((records, right_in(0.9)), (records, right_in(0.5)))
    gain = paired_gain(*found.studies, "accuracy")
    assert gain is not None and gain.value == pytest.approx(0.4)
    assert 0.3 < gain.low < gain.value < gain.high < 0.5


@pytest.mark.parametrize(
    ("metric", "gain", "words"),
    [
        ("rmse", 0.28, "0.28 lower with a"),
        ("rmse", -0.28, "0.28 higher with a"),
        ("accuracy", 0.28, "28.0 points higher with a"),
        ("accuracy", -0.28, "28.0 points lower with a"),
    ],
)
def test_the_sign_of_a_difference_is_in_its_word(metric: str, gain: float, words: str) -> None:
    said = difference_words(metric, PairedDifference(gain, 0.1, gain - 0.18, gain + 0.18), "a")
    assert said.startswith(words)
    ends = "10.0 points to 46.0 points" if metric == "accuracy" else "0.1 to 0.46"
    assert said.endswith(f"(95 % interval of the paired difference {ends})")


def test_results_of_each_study_stand_in_its_column(records: StudyRecords) -> None:
    rows = compared((records, None), (synthetic_study(40, seed=5, name="other"), None)).results
    assert rows["verdict"] == ("High variance", "High variance")
    assert [words.split(" ")[0] for words in rows["trials"]] == ["30", "40"]
    assert rows["against references"][0].endswith("boosted trees")
    assert all(len(words) == 2 for words in rows.values())


def test_best_configurations_are_told_where_they_differ(records: StudyRecords) -> None:
    other = synthetic_study(40, seed=5, name="other")
    found = compared((records, None), (other, None))
    first, second = (study.best_trial for study in (records, other))
    assert first is not None and second is not None
    differing = {
        name
        for name in {**first.params, **second.params}
        if first.params.get(name) != second.params.get(name)
    }
    assert set(found.configurations) == differing
    assert "scaling " in found.alike and "scaling" not in found.configurations


def test_settings_that_differ_are_told_in_the_words_of_the_options(records: StudyRecords) -> None:
    split = {**records.settings.split, "group": None, "time": None, "n_folds": 4}
    settings = replace(records.settings, split=split, max_epochs=20)
    other = replace(records, settings=settings, policies=(PolicyRecord(0, "random", "none"),))
    rows = compared((records, None), (other, None)).settings
    assert set(rows) == {"--folds", "--max-epochs", "--sampler", "--pruner"}
    assert rows["--max-epochs"][1] == "20" and rows["--sampler"][1] == "random"


def test_studies_of_one_name_are_told_apart(records: StudyRecords) -> None:
    found = compared((records, None), (records, None))
    assert found.names == ["digits-target", "digits-target (2)"]
