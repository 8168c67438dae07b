"""Which trials can be promoted, and what a promotion says. Training: test_investigation.py."""

from __future__ import annotations

import pytest

from automl.errors import StudyError
from automl.result import SearchResult
from automl.tuning.promotion import Promotion, check_promotable


def test_pruned_trials_can_be_promoted(finished: SearchResult) -> None:
    for trial in finished.trials:
        if trial.outcome == "pruned":
            assert check_promotable(finished.records, trial.number) == trial


def test_complete_trials_had_their_budget(finished: SearchResult) -> None:
    with pytest.raises(StudyError, match="only a pruned trial"):
        check_promotable(finished.records, finished.best.number)


@pytest.mark.parametrize(
    ("value", "best", "would_be"),
    [(0.1, 0.2, True), (0.2, 0.2, False), (None, 0.2, False), (0.1, None, True)],
)
def test_promotion_knows_whether_pruning_cost_the_best_trial(
    value: float | None, best: float | None, would_be: bool
) -> None:
    assert Promotion(1, 3, 0.5, 50, 41, value, best).would_be_best is would_be
