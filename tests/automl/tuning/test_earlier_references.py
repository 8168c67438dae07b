"""What an earlier look's references are worth beside the same answer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from automl.tuning.earlier_references import Deciding
from storage.score_records import (
    AnswerMember,
    AnswerRecord,
    EvaluationRecord,
    PairedDifference,
    ReferenceRecord,
)

GAIN = PairedDifference(0.1, 0.02, 0.06, 0.14)
SCORES = {"loss": 0.4, "accuracy": 0.8, "balanced_accuracy": 0.7, "roc_auc": 0.75}
GAINS = dict.fromkeys(SCORES, GAIN)
INTERVALS = dict.fromkeys(SCORES, (0.1, 0.9))
TREES = ReferenceRecord("boosted_trees", SCORES, INTERVALS, GAINS, GAINS, is_final=False)
GUESSING = ReferenceRecord("guessing", SCORES)
EARLIER = EvaluationRecord(3, "test", SCORES, references=(GUESSING, TREES))
ANSWER = AnswerRecord("single", (AnswerMember(1, 1.0),), 0)


def by_thresholds(metric: str) -> EvaluationRecord:
    trees = replace(TREES, metric=metric, threshold=0.3)
    return replace(EARLIER, references=(replace(GUESSING, metric=metric, threshold=0.5), trees))


@pytest.mark.parametrize(
    ("metric", "threshold", "earlier", "holds", "names"),
    [
        (None, None, EARLIER, True, {"guessing", "boosted_trees"}),
        ("log_loss", None, EARLIER, True, {"guessing", "boosted_trees"}),
        ("roc_auc", None, EARLIER, True, set()),  # of another metric, but all of it is true
        ("f1", None, EARLIER, False, set()),  # which the network's scores lack
        ("accuracy", 0.3, by_thresholds("accuracy"), True, {"guessing", "boosted_trees"}),
        ("accuracy", 0.3, by_thresholds("balanced_accuracy"), False, set()),
        ("accuracy", None, by_thresholds("accuracy"), False, set()),
        ("log_loss", None, by_thresholds("accuracy"), False, set()),
        ("accuracy", 0.3, EARLIER, False, set()),
    ],
)
def test_an_earlier_look_holds_while_its_references_decide_as_they_would_now(
    metric: str | None,
    threshold: float | None,
    earlier: EvaluationRecord,
    holds: bool,
    names: set[str],
) -> None:
    deciding = Deciding.beside(replace(ANSWER, threshold=threshold), metric)
    assert (deciding.holds(earlier), deciding.names(earlier)) == (holds, names)


def test_references_that_are_missing_now_stay_without_what_they_would_decide_otherwise() -> None:
    now = EvaluationRecord(4, "test", SCORES, references=(replace(GUESSING, metric="log_loss"),))
    deciding = Deciding.beside(ANSWER, "log_loss")
    kept = deciding.with_earlier(now, by_thresholds("accuracy"))
    guessing, trees = kept.references
    assert guessing == now.references[0] and kept.answer_id == 4
    for values in (trees.scores, trees.intervals, trees.network_gains, trees.guessing_gains):
        assert values.keys() == {"loss", "roc_auc"}
    assert (trees.is_final, trees.metric) == (False, "accuracy")
    assert deciding.holds(kept) and deciding.names(kept) == {"guessing"}
    assert deciding.with_earlier(now, EARLIER).references[1] == TREES
    assert deciding.with_earlier(now, None) == now


def test_what_the_network_was_not_scored_by_now_is_no_score_of_them() -> None:
    """F1 is counted only where it is the metric."""
    f1 = {**SCORES, "f1": 0.5}
    trees = replace(TREES, scores=f1, network_gains=dict.fromkeys(f1, GAIN), metric="f1")
    now = replace(EARLIER, references=(GUESSING,))
    kept = Deciding.beside(ANSWER, None).with_earlier(now, replace(EARLIER, references=(trees,)))
    assert kept.references[1].network_gains.keys() == SCORES.keys()
