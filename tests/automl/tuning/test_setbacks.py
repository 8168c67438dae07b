"""What counts against a trial whose process died."""

from __future__ import annotations

from automl.tuning.setbacks import LOST_ATTEMPTS_LIMIT, Setbacks, setbacks_of
from storage.records import EpochRecord, RunRecord


def stored(*attempts: tuple[str, int]) -> Setbacks:
    """By how each attempt ended, and how many epochs it had."""
    runs = [
        RunRecord(n, 0, "search", seed=7, attempt=n, state="failed", cause=cause)
        for n, (cause, _) in enumerate(attempts, start=1)
    ]
    epochs = {
        run.run_id: [EpochRecord(run.run_id, n, n, *(0.5,) * 8) for n in range(1, n_epochs + 1)]
        for run, (_, n_epochs) in zip(runs, attempts, strict=True)
    }
    return setbacks_of(runs, epochs)


def test_deaths_without_an_epoch_in_between_add_up() -> None:
    assert stored(("lost", 3)).n_lost == 1
    assert stored(("lost", 3), ("lost", 3)).n_lost == 2
    assert stored(("lost", 0), ("lost", 0), ("lost", 0)).n_lost == 3
    assert stored(("lost", 3), ("lost", 1)).n_lost == 2  # it has not come to where it was


def test_a_new_epoch_lets_earlier_deaths_be_forgotten() -> None:
    killed_often = [("lost", n_epochs) for n_epochs in range(1, 20)]
    assert stored(*killed_often).n_lost == 1 < LOST_ATTEMPTS_LIMIT
    assert stored(("lost", 2), ("lost", 2), ("interrupted", 5)).n_lost == 0
    assert stored(("lost", 2), ("interrupted", 5), ("lost", 4)).n_lost == 1


def test_folds_of_one_attempt_die_once() -> None:
    runs = [
        RunRecord(fold, 0, "search", seed=7, fold=fold, state="failed", cause="lost")
        for fold in range(3)
    ]
    assert setbacks_of(runs, {}).n_lost == 1
