"""What the policy believed to matter, drawn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from automl.errors import ConfigError
from automl.report.figures.length_scales import N_NAMED, drawing, figure, panels, words
from automl.report.numbers.beliefs import LengthScales, length_scales
from automl.report.numbers.study import study_table
from storage.records import StudyRecords


def test_what_matters_is_on_top_and_each_fit_is_a_point(paused_records: StudyRecords) -> None:
    made = figure(study_table(paused_records))
    lines = {line.name: line for line in made.data}
    assert lines.keys() == {"learning_rate", "optimizer", "dropout"}
    assert list(lines["learning_rate"].x) == [15, 30, 55]
    low, high = made.layout.yaxis.range
    assert low > high, "upside down"
    assert 10**high < lines["learning_rate"].y[-1] < lines["dropout"].y[-1] < 10**low
    (assumed,) = made.layout.shapes
    assert 10**high < assumed.y0 < 10**low


def test_it_is_said_which_mattered(paused_records: StudyRecords) -> None:
    (panel,) = panels(study_table(paused_records))
    assert panel.alternative.startswith(
        "After 55 trials and 165 epochs the length scale was shortest for learning_rate (0.37)"
    )
    assert "matters" in panel.caption


def test_of_many_hyperparameters_those_that_matter_have_colours() -> None:
    scales = {f"p{n}": np.array([1.0, 0.5 + n]) for n in range(N_NAMED + 3)}
    many = LengthScales(np.array([10.0, 20.0]), np.array([20.0, 90.0]), scales, 2.0)
    shown = [line.name for line in drawing(many).data if line.showlegend]
    assert shown[::-1] == [f"p{n}" for n in range(N_NAMED)]
    assert f"longest for p{N_NAMED + 2}" in words(many)


def test_nothing_is_drawn_of_a_policy_that_believes_nothing(records: StudyRecords) -> None:
    table = study_table(records)
    assert length_scales(records) is None
    assert panels(table) == []
    with pytest.raises(ConfigError, match="as freeze_thaw does"):
        figure(table)


def test_one_that_has_nothing_to_choose_is_not_drawn(paused_records: StudyRecords) -> None:
    nothing = {"lengths": {}, "widths": {}}
    beliefs = tuple(
        replace(one, belief={**one.belief, **nothing}) for one in paused_records.beliefs
    )
    assert panels(study_table(replace(paused_records, beliefs=beliefs))) == []
