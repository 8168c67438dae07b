from dataclasses import replace

import numpy as np
import pytest

from automl.diagnostics.wording import listing
from automl.report import figure_parts
from automl.report.numbers.importances import importances
from automl.report.numbers.trials import study_table
from automl.report.panels import Remark
from storage.records import StudyRecords


@pytest.fixture(scope="module")
def found(table):
    return importances(table)


def test_every_part_has_its_panels_with_words(table, found):
    parts = {
        "best curve": [figure_parts.curve_panel(table)],
        "curves": figure_parts.other_curve_panels(table),
        "plane": figure_parts.bias_variance_panels(table),
        "importances": figure_parts.importance_panels(table, found),
        "axes": figure_parts.axis_panels(table, found),
        "contours": figure_parts.contour_panels(table, found),
        "gradients": figure_parts.gradient_panels(table),
        "search": figure_parts.search_panels(table),
    }
    assert {name: len(panels) for name, panels in parts.items()} == {
        "best curve": 1, "curves": 4, "plane": 1, "importances": 2, "axes": 11, "contours": 3,
        "gradients": 3, "search": 3,
    }  # fmt: skip
    everything = [panel for panels in parts.values() for panel in panels]
    assert len({panel.key for panel in everything}) == len(everything)
    assert all(panel.alternative.endswith(".") for panel in everything)


def test_the_first_screens_have_the_top_five_parameters(table, found):
    panel = figure_parts.top_panel(found)
    assert [*reversed(panel.figure.data[0].y)] == [one.name for one in found.judged[:5]]
    assert "with 95 % intervals" in panel.caption
    certain = [one.name for one in found.judged[:5] if one.is_certain]
    assert 0 < len(certain) < 5
    assert panel.caption.startswith(f"Told from chance: {listing(certain)} (blue).")


def test_importances_that_chance_explains_are_a_sentence(records: StudyRecords):
    few = importances(study_table(replace(records, trials=records.trials[:8])))
    remark = figure_parts.top_panel(few)
    assert isinstance(remark, Remark) and "25 are needed" in remark.text


def test_axis_plots_come_in_order_of_importance(table, found):
    titles = [panel.title for panel in figure_parts.axis_panels(table, found)]
    assert titles[: len(found.names)] == list(found.names)


def test_the_plane_can_be_coloured_by_what_a_person_chooses(table):
    (plane,) = figure_parts.bias_variance_panels(table)
    assert "learning_rate" in plane.choices and "outcome" not in plane.choices


def test_a_study_without_trials_has_no_panels(records: StudyRecords):
    empty = study_table(StudyRecords(records.settings))
    found = importances(empty)
    assert figure_parts.curve_panel(empty) is None
    assert figure_parts.other_curve_panels(empty) == []
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


def test_where_there_is_nothing_to_see_a_sentence_stands(table):
    targets = np.arange(60) % 6
    perfect = {"test_targets": targets, "test_predictions": np.eye(6)[targets] * 0.9 + 0.01}
    _, panels = figure_parts.prediction_panels(table, perfect)
    said = {panel.key: panel.text for panel in panels if isinstance(panel, Remark)}
    assert said["confusion"] == "60 of 60 rows are classified correctly."
    assert "lie in the corner" in said["roc"]


def test_a_weakest_flow_with_nothing_weak_is_a_sentence(records: StudyRecords):
    tame = tuple(t for t in records.trials if t.params["activation"] != "sigmoid")
    panels = figure_parts.gradient_panels(study_table(replace(records, trials=tame)))
    said = {panel.key: panel.text for panel in panels if isinstance(panel, Remark)}
    assert said["flow-worst"].startswith("In no trial did the gradient shrink a thousandfold")


def test_predictions_far_out_are_counted_not_drawn_to(table):
    true = np.linspace(0.0, 10.0, 50)
    wild = np.append(true[:-1], 5000.0)
    _, panels = figure_parts.prediction_panels(
        table, {"test_targets": true, "test_predictions": wild}
    )
    assert panels[0].caption == "1 prediction outside the frame."
    assert panels[0].figure.layout.yaxis.range[1] < 20
    assert panels[1].figure.layout.yaxis.range[0] > -20


def test_what_pruning_saved_is_said(table, records: StudyRecords):
    effort = next(p for p in figure_parts.search_panels(table) if p.key == "effort")
    assert "Pruning saved about" in effort.caption
    all_done = tuple(replace(t, state="COMPLETE", cause=None) for t in records.trials)
    unpruned = study_table(replace(records, trials=all_done))
    effort = next(p for p in figure_parts.search_panels(unpruned) if p.key == "effort")
    assert effort.caption == ""
