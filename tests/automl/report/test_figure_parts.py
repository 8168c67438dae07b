from dataclasses import replace

import numpy as np
import pytest

from automl.report import figure_parts
from automl.report.numbers.importances import importances
from automl.report.numbers.trials import study_table
from storage.records import StudyRecords


@pytest.fixture(scope="module")
def found(table):
    return importances(table)


def test_every_part_has_its_panels_with_words(table, found):
    parts = {
        "curves": figure_parts.curve_panels(table),
        "plane": figure_parts.bias_variance_panels(table),
        "importances": figure_parts.importance_panels(table, found),
        "axes": figure_parts.axis_panels(table, found),
        "contours": figure_parts.contour_panels(table, found),
        "gradients": figure_parts.gradient_panels(table),
        "search": figure_parts.search_panels(table),
    }
    assert {name: len(panels) for name, panels in parts.items()} == {
        "curves": 5, "plane": 1, "importances": 2, "axes": 11, "contours": 3, "gradients": 3,
        "search": 3,
    }  # fmt: skip
    everything = [panel for panels in parts.values() for panel in panels]
    assert len({panel.key for panel in everything}) == len(everything)
    assert all(panel.alternative.endswith(".") for panel in everything)


def test_axis_plots_come_in_order_of_importance(table, found):
    titles = [panel.title for panel in figure_parts.axis_panels(table, found)]
    assert titles[: len(found.names)] == list(found.names)


def test_the_plane_can_be_coloured_by_what_a_person_chooses(table):
    (plane,) = figure_parts.bias_variance_panels(table)
    assert "learning_rate" in plane.choices and "outcome" not in plane.choices


def test_a_study_without_trials_has_no_panels(records: StudyRecords):
    empty = study_table(StudyRecords(records.settings))
    found = importances(empty)
    assert figure_parts.curve_panels(empty) == []
    assert figure_parts.bias_variance_panels(empty) == []
    assert figure_parts.axis_panels(empty, found) == []
    assert figure_parts.search_panels(empty) == []


def test_predictions_make_the_figures_of_the_task(records: StudyRecords, table):
    random = np.random.default_rng(0)
    given = {
        "test_targets": random.integers(0, 10, 100),
        "test_predictions": random.dirichlet(np.ones(10), 100),
    }
    judged, panels = figure_parts.prediction_panels(table, given)
    assert judged is not None
    assert [panel.key for panel in panels] == ["confusion", "roc", "calibration"]
    values = {"test_targets": random.random(50), "test_predictions": random.random(50)}
    _, panels = figure_parts.prediction_panels(table, values)
    assert [panel.key for panel in panels] == ["predicted", "residuals"]
    assert figure_parts.prediction_panels(table, None) == (None, [])


def test_what_pruning_saved_is_said(table, records: StudyRecords):
    effort = next(p for p in figure_parts.search_panels(table) if p.key == "effort")
    assert "Pruning saved about" in effort.caption
    all_done = tuple(replace(t, state="COMPLETE", cause=None) for t in records.trials)
    unpruned = study_table(replace(records, trials=all_done))
    effort = next(p for p in figure_parts.search_panels(unpruned) if p.key == "effort")
    assert effort.caption == ""
