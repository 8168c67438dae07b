import math
from dataclasses import replace

import numpy as np
import pytest

from automl.report.numbers.parameters import (
    Axis,
    axes,
    axis_plot,
    contour,
    parallel_coordinates,
)
from automl.report.numbers.places import comparable
from automl.report.numbers.trials import study_table
from storage.records import StudyRecords


def test_axes_follow_the_stored_space(table):
    known = axes(table)
    assert known["learning_rate"].log and known["learning_rate"].low == 1e-5
    assert known["batch_size"].choices == (16, 32, 64, 128, 256, 512, "full")
    assert known["learning_rate"].reason
    assert "scaling" not in known  # fixed


def test_positions_are_logarithmic_where_the_space_is():
    axis = Axis("learning_rate", "float", True, 1e-4, 1e-2)
    assert axis.position(1e-3) == pytest.approx(0.5)
    assert axis.value_at(0.5) == pytest.approx(1e-3)
    assert math.isnan(axis.position("adam"))


def test_choices_are_told_apart_by_type_but_not_by_int_or_float():
    axis = Axis("batch_size", "categorical", False, 0, 0, (16, 32, "full"))
    assert axis.position(16.0) == 0.0
    assert axis.position("full") == 1.0
    assert math.isnan(axis.position("16"))


def test_a_study_without_a_stored_space_guesses_axes(records: StudyRecords):
    bare = study_table(replace(records, settings=replace(records.settings, space={})))
    known = axes(bare)
    assert known["learning_rate"].log
    assert known["batch_size"].kind == "categorical"
    assert "scaling" not in known  # never varied


def test_the_isolation_line_holds_the_best_trial_of_each_bucket(table):
    plot = axis_plot(table, axes(table)["optimizer"])
    best = plot.bucket_values.tolist().index(plot.values[plot.places.argmin()])
    assert plot.bucket_places[best] == plot.places.min() == 0.0
    for value, place in zip(plot.bucket_values, plot.bucket_places, strict=True):
        assert place == plot.places[plot.values == value].min()


def test_a_conditional_parameter_shows_only_the_trials_that_use_it(table):
    plot = axis_plot(table, axes(table)["momentum"])
    using = [t for t in comparable(table.trials) if "momentum" in t.params]
    assert len(plot.values) == len(using) < len(table.trials)


def test_parallel_lines_mark_what_a_trial_does_not_use(table):
    lines = parallel_coordinates(table, ["optimizer", "momentum", "no_such_parameter"])
    assert [axis.name for axis in lines.axes] == ["optimizer", "momentum"]
    assert np.isnan(lines.positions[:, 1]).any()
    assert lines.positions.shape == (len(comparable(table.trials)), 2)


def test_a_contour_finds_where_trials_are_good(table):
    known = axes(table)
    surface = contour(table, known["learning_rate"], known["dropout"])
    column = np.unravel_index(np.nanargmin(surface.grid), surface.grid.shape)[1]
    best = known["learning_rate"].value_at(column / (surface.grid.shape[0] - 1))
    assert 5e-4 < best < 5e-2  # the synthetic bowl lies at 10 ** -2.4
    assert len(surface.places) == len(comparable(table.trials))


def test_a_contour_without_trials_is_empty(records: StudyRecords):
    bare = study_table(replace(records, trials=records.trials[:0]))
    axis = Axis("dropout", "float", False, 0.0, 0.5)
    assert np.isnan(contour(bare, axis, axis).grid).all()
