from dataclasses import replace

import numpy as np
import pytest

from automl.report.figures.curves import (
    drawing,
    figure,
    learning_curves,
    panels,
    small_drawing,
    words,
)
from automl.report.numbers.study import study_table
from storage.records import StudyRecords
from tests.contracts.synthetic_study import synthetic_study


def test_the_best_five_trials_have_curves_of_their_own(table):
    numbers = learning_curves(table)
    assert [trial.number for trial in numbers.best] == [t.number for t in table.ranked[:5]]
    assert len(numbers.best) + len(numbers.others) + numbers.n_omitted == len(table.trials)


def test_curves_are_thinned_but_keep_the_best_epoch():
    long = study_table(synthetic_study(4, n_epochs=300))
    for trial in learning_curves(long).best:
        assert len(trial.curve) <= 81
        assert trial.curve.valid[trial.curve.best] == pytest.approx(trial.value)


def test_what_is_left_out_is_counted(table):
    numbers = learning_curves(table, n_faint=10)
    assert len(numbers.others) == 10
    assert numbers.n_omitted == len(table.trials) - 5 - 10


def test_the_best_trial_stands_before_all_others(table):
    made = figure(table)
    assert [trace.name for trace in made.data] == [
        "other trials",
        "pruned",
        "train",
        "validation",
        f"best epoch ({table.best.effort.best_in_words})",
    ]
    assert made.data[3].fill == "tonexty"  # the gap is shaded
    assert len(made.data[1].x) == sum(t.outcome == "pruned" for t in table.trials)


def test_other_curves_are_one_trace_with_gaps(table):
    numbers = learning_curves(table)
    faint = drawing(numbers).data[0]
    assert np.isnan(faint.y).sum() == len(numbers.others) + len(numbers.best) - 1


def test_where_paused_curves_rest_is_marked(paused_records: StudyRecords):
    names = [trace.name for trace in figure(study_table(paused_records)).data]
    assert "paused" in names and "pruned" not in names


def test_a_small_multiple_shows_one_trial(table):
    made = small_drawing(table.ranked[1], "cross_entropy")
    assert [trace.name for trace in made.data][:2] == ["train", "validation"]
    assert len(made.data) == 3 and made.layout.showlegend is not False
    assert made.layout.yaxis.title.text == "cross-entropy"


def test_the_best_curve_stands_on_the_first_screens_and_the_next_ones_further_down(table):
    parts = [panel.place.part for panel in panels(table)]
    assert parts == ["importance"] + ["curves"] * 4


def test_the_best_epoch_is_told(table):
    said = words(learning_curves(table))
    assert f"Trial {table.best.number}" in said
    assert f"at epoch {table.best.effort.best_in_words} of" in said


def test_epochs_that_are_parts_of_passes_are_told():
    records = synthetic_study(6)
    cut = study_table(replace(records, settings=replace(records.settings, epoch_steps=2)))
    first, *others = panels(cut)
    assert "An epoch is a pass over the 1,078 train rows, or 2 updates" in first.caption
    titles = {panel.figure.layout.xaxis.title.text for panel in others}
    parts = [2 * size / 1078 for size in (16, 32, 64, 128, 256, 512)]
    known = {f"epoch (2 updates, {part:.2g} passes)" for part in parts}
    assert titles <= known | {"epoch"} and titles & known
    first, *others = panels(study_table(records))
    assert "An epoch is" not in first.caption
    assert {panel.figure.layout.xaxis.title.text for panel in others} == {"epoch"}


def test_folds_tell_their_own_best_epochs():
    folds = study_table(synthetic_study(6, n_folds=3))
    assert "mean of 3 folds" in words(learning_curves(folds))
    assert f"own best epochs: {folds.best.effort.best_in_words}." in words(learning_curves(folds))


def test_a_study_without_trials_has_no_curves(records: StudyRecords):
    assert panels(study_table(StudyRecords(records.settings))) == []
