import math
from dataclasses import replace

import pytest

from automl.report.numbers.study import study_table
from automl.report.numbers.trials import best_epoch, mean_curve, sample_trials, thin
from storage.records import EpochRecord, StudyRecords
from tests.contracts.synthetic_study import synthetic_study


def epoch(run_id: int, number: int, valid: float, standard_error: float = 0.1) -> EpochRecord:
    return EpochRecord(
        run_id, number, number, valid / 2, valid, standard_error, 0.1, 0.2, 0.01, 1.0, 0.5
    )


def test_folds_become_one_curve_over_the_epochs_that_all_reached():
    first = [epoch(1, 1, 1.0), epoch(1, 2, 0.6), epoch(1, 3, 0.1)]
    second = [epoch(2, 1, 3.0), epoch(2, 2, 1.0)]
    curve = mean_curve([first, second])
    assert curve.epochs.tolist() == [1, 2]
    assert curve.valid.tolist() == [2.0, 0.8]
    assert curve.train.tolist() == [1.0, 0.4]
    assert curve.standard_error[0] == pytest.approx(0.1 / math.sqrt(2))


def test_a_trial_is_judged_by_each_folds_own_best_epoch():
    """As the terminal and the verdict do: those are the weights that are kept."""
    first = [epoch(1, 1, 1.0), epoch(1, 2, 0.6), epoch(1, 3, 0.2), epoch(1, 4, math.nan)]
    second = [epoch(2, 1, 1.0), epoch(2, 2, 3.0)]
    best = best_epoch([first, second])
    assert best is not None
    assert (best.train, best.valid) == (pytest.approx(0.3), pytest.approx(0.6))
    assert best.standard_error == pytest.approx(0.1 / math.sqrt(2))
    assert best_epoch([(), ()]) is None


def test_the_values_of_folds_agree_with_those_of_the_study():
    table = study_table(synthetic_study(6, n_folds=3))
    for trial in table.ranked:
        assert trial.train_loss + trial.gap == pytest.approx(trial.value)


def test_the_best_epoch_is_a_finite_one():
    curve = mean_curve([[epoch(1, 1, math.nan), epoch(1, 2, 0.5), epoch(1, 3, math.inf)]])
    assert curve.best == 1
    assert mean_curve([[epoch(1, 1, math.nan), epoch(1, 2, math.inf)]]).best == 0
    assert mean_curve([[epoch(1, n, loss) for n, loss in enumerate([2, 1, 3, 1, 2])]]).best == 3


def test_a_trial_without_epochs_has_no_best_epoch(records: StudyRecords):
    bare = study_table(replace(records, epochs={}))
    assert bare.trials[0].best is None
    assert bare.trials[0].effort.best_epochs == ()
    assert math.isnan(bare.trials[0].gap)
    assert bare.best is not None  # its value is Optuna's, whatever we have stored


def test_only_the_last_attempt_of_a_trial_counts(records: StudyRecords):
    lost = replace(records.runs[0], run_id=999, attempt=2)
    epochs = {**records.epochs, 999: (epoch(999, 1, 7.0),)}
    again = study_table(replace(records, runs=(*records.runs, lost), epochs=epochs))
    assert again.trials[0].curve.valid.tolist() == [7.0]


def test_runs_of_other_purposes_do_not_touch_a_trial(records: StudyRecords):
    confirm = replace(records.runs[0], run_id=999, purpose="confirm")
    epochs = {**records.epochs, 999: (epoch(999, 1, 7.0),)}
    table = study_table(replace(records, runs=(*records.runs, confirm), epochs=epochs))
    assert 7.0 not in table.trials[0].curve.valid


def test_thinning_keeps_first_and_last():
    kept = thin(1000, 80)
    assert len(kept) == 80 and kept[0] == 0 and kept[-1] == 999
    assert thin(5, 80).tolist() == [0, 1, 2, 3, 4]


def test_a_sample_keeps_the_best_trials_and_the_order(table):
    sample = sample_trials(table.trials, 20)
    numbers = [trial.number for trial in sample]
    assert len(sample) == 20
    assert numbers == sorted(numbers)
    assert {trial.number for trial in table.ranked[:4]} <= set(numbers)
    assert sample_trials(table.trials, 100) == table.trials


def test_a_thinned_curve_keeps_its_lowest_point():
    losses = [1.0] * 60 + [0.1] + [0.9] * 39
    curve = mean_curve([[epoch(1, number, loss) for number, loss in enumerate(losses, 1)]])
    thinned = curve.thinned(5)
    assert len(thinned) == 6 and thinned.valid[thinned.best] == 0.1
    assert thinned.epochs[thinned.best] == 61
