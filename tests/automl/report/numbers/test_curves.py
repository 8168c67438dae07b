from dataclasses import replace

import numpy as np
import pytest

from automl.report.numbers.curves import (
    bias_variance_plane,
    data_size_curve,
    learning_curves,
)
from automl.report.numbers.trials import study_table
from storage.records import EpochRecord, ReferenceRecord, RunRecord, StudyRecords


def test_the_best_five_trials_have_curves_of_their_own(table):
    numbers = learning_curves(table)
    assert [curve.number for curve in numbers.best] == [t.number for t in table.ranked[:5]]
    assert len(numbers.best) + len(numbers.others) + numbers.n_omitted == len(table.trials)
    assert numbers.best[0].best_valid == pytest.approx(table.best.value)


def test_curves_are_thinned_but_keep_the_best_epoch(table):
    for curve in learning_curves(table).best:
        assert len(curve.epochs) <= 81
        assert curve.lowest_epoch in curve.epochs


def test_what_is_left_out_is_counted(table):
    numbers = learning_curves(table, n_faint=10)
    assert len(numbers.others) == 10
    assert numbers.n_omitted == len(table.trials) - 5 - 10


def test_the_plane_holds_train_loss_and_gap_at_the_best_epoch(table):
    plane = bias_variance_plane(table)
    at = plane.numbers.tolist().index(table.best.number)
    assert plane.train_loss[at] == pytest.approx(table.best.train_loss)
    assert plane.train_loss[at] + plane.gap[at] == pytest.approx(table.best.value)
    assert plane.best_number == table.best.number
    assert plane.baseline_loss == 2.303


def test_the_planes_baseline_is_of_the_curves_rows(table):
    (test,) = table.records.evaluations
    guessing = ReferenceRecord("guessing", {"loss": 2.25})
    valid = replace(test, split="valid", references=(guessing,))
    both = replace(table.records, evaluations=(valid, test))
    assert bias_variance_plane(study_table(both)).baseline_loss == 2.25


def test_points_can_be_coloured_by_what_varies(table):
    plane = bias_variance_plane(table)
    assert {"outcome", "validation loss", "network parameters", "activation"} <= set(plane.colours)
    assert "scaling" not in plane.colours
    assert all(len(values) == len(plane.gap) for values in plane.colours.values())


def test_diverged_epochs_leave_a_finite_plane(table):
    plane = bias_variance_plane(table)
    assert np.isfinite(plane.gap).all() and np.isfinite(plane.train_loss).all()


def test_data_size_runs_make_a_curve_with_spread(records: StudyRecords):
    runs, epochs = [], {}
    for index, (fraction, loss) in enumerate([(0.5, 0.4), (0.5, 0.6), (1.0, 0.2)]):
        run_id = 5000 + index
        runs.append(RunRecord(run_id, 0, "data_size", index, rows_fraction=fraction))
        epochs[run_id] = (EpochRecord(run_id, 1, 1, 0.1, loss, 0.01, 0.1, 0.1, 0.01, 1.0, 0.1),)
    grown = replace(records, runs=(*records.runs, *runs), epochs={**records.epochs, **epochs})
    curve = data_size_curve(study_table(grown))
    assert curve is not None
    assert curve.rows.tolist() == [539, 1078]
    assert curve.valid.tolist() == pytest.approx([0.5, 0.2])
    assert curve.valid_spread.tolist() == pytest.approx([np.std([0.4, 0.6], ddof=1), 0.0])


def test_without_data_size_runs_there_is_no_curve(table):
    assert data_size_curve(table) is None
