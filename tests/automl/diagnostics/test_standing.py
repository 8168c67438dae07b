"""Better or worse than the best reference: by the pairs of test rows, not by two intervals."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from automl.diagnostics.standing import standing
from storage.records import StudyRecords
from storage.score_records import (
    MAXIMIZED,
    EvaluationRecord,
    PairedDifference,
    ReferenceRecord,
)


def scored(
    records: StudyRecords, *, linear: tuple[float, float], trees: tuple[float, float]
) -> StudyRecords:
    """The best trial with a loss of 0.5 on test rows; each reference's gain and its error."""

    def reference(name: Any, gain: float, error: float) -> ReferenceRecord:
        pair = PairedDifference(gain, error, gain - 2 * error, gain + 2 * error)
        gains = {"loss": pair, "balanced_accuracy": replace(pair, value=-gain, low=-1, high=-0.1)}
        scores = {"loss": 0.5 + gain, "balanced_accuracy": 0.8, "accuracy": 0.8}
        return ReferenceRecord(name, scores, network_gains=gains)

    best = records.best_trial
    assert best is not None
    scores = {"loss": 0.5, "accuracy": 0.9, "balanced_accuracy": 0.7}
    references = (
        reference("guessing", 0.5, 0.01),
        reference("linear_model", *linear),
        reference("boosted_trees", *trees),
    )
    test = EvaluationRecord(best.number, "test", scores, references=references)
    return replace(records, evaluations=(*records.evaluations, test))


@pytest.mark.parametrize(
    ("linear", "trees", "kind", "words", "difference"),
    [
        ((0.3, 0.02), (0.1, 0.02), "better", "Better than boosted trees on ", "lower by 0.1, "),
        ((0.02, 0.02), (0.1, 0.02), "no_better", "No better than the linear", "lower by 0.02, "),
        ((0.3, 0.02), (-0.1, 0.02), "worse", "Worse than boosted trees on ", "higher by 0.1, "),
    ],
)
def test_the_best_reference_is_the_measure(
    study: Any, curve: Any, linear: Any, trees: Any, kind: str, words: str, difference: str
) -> None:
    found = standing(scored(study(curve(1.0, 0.5)), linear=linear, trees=trees))
    assert found.kind == kind
    assert found.sentence.startswith(words)
    assert "loss 0.5000 against" in found.sentence
    assert f"({difference}95 % interval " in found.sentence


def test_with_class_weights_it_is_the_balanced_accuracy(study: Any, curve: Any) -> None:
    """Its loss is not what such a network was trained for."""
    classes = {"task": "binary", "loss": "binary_cross_entropy"}
    records = study(curve(1.0, 0.5), class_weights=True, **classes)
    found = standing(scored(records, linear=(0.3, 0.02), trees=(0.3, 0.02)))
    assert (found.kind, found.score) == ("worse", "balanced_accuracy")
    assert "balanced accuracy 70.0 % against 80.0 %" in found.sentence


def test_without_a_score_nothing_is_claimed(study: Any, curve: Any) -> None:
    assert standing(study(curve(1.0, 0.5))).kind == "unknown"
    assert standing(study()).sentence.startswith("No trial has completed")


def test_references_that_were_not_scored_by_the_metric_are_not_said_to_be_missing(
    study: Any, curve: Any
) -> None:
    """As where a call that says another metric was killed before it had scored the answer."""
    metric = {"task": "binary", "loss": "binary_cross_entropy", "metric": "f1"}
    records = scored(study(curve(1.0, 0.5), **metric), linear=(0.3, 0.02), trees=(0.3, 0.02))
    assert standing(records).sentence == "It has not been compared by F1 yet."
    *known, test = records.evaluations
    bare = replace(records, evaluations=(*known, replace(test, references=())))
    assert standing(bare).sentence.startswith("Nothing was fitted beside the network")


def test_what_had_no_time_is_said(study: Any, curve: Any) -> None:
    records = scored(study(curve(1.0, 0.5)), linear=(0.3, 0.02), trees=(0.1, 0.02))
    *known, test = records.evaluations
    guessing, linear, trees = test.references

    def told(*references: ReferenceRecord) -> str:
        again = (*known, replace(test, references=references))
        return standing(replace(records, evaluations=again)).sentence

    assert told(guessing, linear, trees).endswith(").")
    assert told(guessing, linear, replace(trees, is_final=False)).endswith(
        ". The boosted trees were still getting better when they had grown as far as planned."
    )
    assert told(guessing, linear).endswith(". No boosted trees were there to compare it with.")
    assert told(guessing).endswith(". No model was fitted to compare it with.")


def test_a_few_test_rows_cannot_tell(study: Any, curve: Any) -> None:
    rows = {"n_rows": {"train": 600, "valid": 200, "test": 1}}
    found = standing(scored(study(curve(1.0, 0.5), **rows), linear=(0.3, 0.0), trees=(-0.1, 0.0)))
    assert found.kind == "unknown"
    assert found.sentence == "1 test row is too few to tell whether a reference is better."


def with_accuracies(records: StudyRecords, own: float, other: float, gain: float) -> StudyRecords:
    """Boosted trees are the best reference, and of these accuracies."""
    records = scored(records, linear=(0.3, 0.02), trees=(gain, 0.02))
    *known, test = records.evaluations
    guessing, linear, trees = test.references
    trees = replace(trees, scores={**trees.scores, "accuracy": other})
    scores = {**test.scores, "accuracy": own}
    test = replace(test, scores=scores, references=(guessing, linear, trees))
    return replace(records, evaluations=(*known, test))


@pytest.mark.parametrize(
    ("own", "other", "gain", "end"),
    [
        (0.792, 0.778, -0.1, ", although its accuracy is higher (79.2 % against 77.8 %)."),
        (0.778, 0.792, -0.1, ", accuracy 77.8 % against 79.2 %."),
        (0.778, 0.792, 0.1, ", although its accuracy is lower (77.8 % against 79.2 %)."),
        (0.792, 0.778, 0.1, ", accuracy 79.2 % against 77.8 %."),
        (0.778, 0.792, 0.01, ", although its accuracy is lower (77.8 % against 79.2 %)."),
        (0.79201, 0.79199, -0.1, ", accuracy 79.2 % against 79.2 %."),
    ],
)
def test_the_score_that_decides_comes_first_and_what_disagrees_is_said_to(
    study: Any, curve: Any, own: float, other: float, gain: float, end: str
) -> None:
    classes = {"task": "binary", "loss": "binary_cross_entropy"}
    records = study(curve(1.0, 0.5), **classes)

    sentence = standing(with_accuracies(records, own, other, gain)).sentence

    assert "boosted trees on 200 test rows: loss 0.5000 against" in sentence
    assert sentence.endswith(end)


def test_of_errors_the_lower_one_is_ahead(study: Any, curve: Any) -> None:
    """An RMSE that is lower, of a network whose loss is certainly higher."""
    records = scored(study(curve(1.0, 0.5)), linear=(0.3, 0.02), trees=(-0.1, 0.02))
    *known, test = records.evaluations
    scores = {**test.scores, "rmse": 2.0}
    references = tuple(replace(r, scores={**r.scores, "rmse": 2.1}) for r in test.references)
    test = replace(test, scores=scores, references=references)

    found = standing(replace(records, evaluations=(*known, test)))

    assert found.sentence.endswith(", although its RMSE is lower (2.000 against 2.100).")


def objective(study: Any, curve: Any, n_complete: int, n: int, **changes: Any) -> StudyRecords:
    records = study(
        *(curve(1.0, 0.2 + 0.01 * number) for number in range(n)), task="objective", **changes
    )
    trials = tuple(
        one if one.number < n_complete else replace(one, state="PRUNED") for one in records.trials
    )
    return replace(records, trials=trials)


@pytest.mark.parametrize(
    ("n_complete", "n", "sentence"),
    [
        (3, 3, "Validation loss 0.2000 is the lowest of 3 trials."),
        (1, 1, "Validation loss 0.2000 is the lowest of 1 trial."),
        (
            1,
            4,
            "Validation loss 0.2000 is that of trial 0, the only one of 4 that ran to its end.",
        ),
        (
            2,
            4,
            "Validation loss 0.2000 is the lowest of the 2 trials that ran to their end, of 4.",
        ),
    ],
)
def test_how_many_trials_an_objective_has_and_how_many_ran_to_their_end(
    study: Any, curve: Any, n_complete: int, n: int, sentence: str
) -> None:
    assert standing(objective(study, curve, n_complete, n)).sentence == sentence


def test_what_is_maximized_is_told_in_the_direction_that_people_know(
    study: Any, curve: Any
) -> None:
    records = objective(study, curve, 2, 4, loss=MAXIMIZED)
    trials = tuple(replace(one, value=-0.958 + 0.01 * one.number) for one in records.trials)

    assert standing(replace(records, trials=trials)).sentence == (
        "Value 0.9580 is the highest of the 2 trials that ran to their end, of 4; as a loss, of "
        "which lower is better, it stands below as -0.9580."
    )
