from __future__ import annotations

from storage.earlier_records import EarlierStudy, EarlierTrial


def test_failed_trials_and_those_without_an_epoch_are_not_among_the_best() -> None:
    trials = (
        EarlierTrial(0, {}, (0.9, 0.3), "pruned"),
        EarlierTrial(1, {}, (0.9, 0.4, 0.5), "complete"),
        EarlierTrial(2, {}, (0.1,), "failed"),
        EarlierTrial(3, {}, (), "running"),
        EarlierTrial(4, {}, (0.2,), "running"),
    )
    best = EarlierStudy("before", 3, trials).best_first
    assert [trial.number for trial in best] == [1, 0, 4]
