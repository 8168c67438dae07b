from dataclasses import replace

import numpy as np
import pytest

from automl.errors import ConfigError
from automl.report.figures.contours import contour, figure, panels, words
from automl.report.numbers.axes import Axis
from automl.report.numbers.places import comparable
from automl.report.numbers.study import study_table
from storage.records import StudyRecords


def test_a_contour_finds_where_trials_are_good(table):
    known = table.axes
    surface = contour(table, known["learning_rate"], known["dropout"])
    column = np.unravel_index(np.nanargmin(surface.grid), surface.grid.shape)[1]
    best = known["learning_rate"].value_at(column / (surface.grid.shape[0] - 1))
    assert 5e-4 < best < 5e-2  # the synthetic bowl lies at 10 ** -2.4
    assert len(surface.places) == len(surface.at) == len(comparable(table.trials))


def test_a_contour_without_trials_is_empty(records: StudyRecords):
    bare = study_table(replace(records, trials=()))
    axis = Axis("dropout", "float", False, 0.0, 0.5)
    assert np.isnan(contour(bare, axis, axis).grid).all()
    assert panels(bare) == []


def test_a_contour_has_its_trials_on_it(table):
    made = figure(table, "learning_rate", "optimizer")
    assert [trace.type for trace in made.data] == ["contour", "scatter"]
    assert len(made.data[1].x) == len(comparable(table.trials))
    assert "adam" in made.layout.yaxis.ticktext
    with pytest.raises(ConfigError, match="but one is 'lr'"):
        figure(table, "optimizer", "lr")


def test_the_top_three_parameters_make_three_pairs(table):
    a, b, c = list(table.axes_by_importance)[:3]
    assert [p.title for p in panels(table)] == [f"{a} and {b}", f"{a} and {c}", f"{b} and {c}"]


def test_contours_tell_where_trials_are_best(table):
    said = words(contour(table, table.axes["learning_rate"], table.axes["optimizer"]))
    assert said.startswith("Trials are best near learning_rate 0.0")
    assert " and optimizer " in said
