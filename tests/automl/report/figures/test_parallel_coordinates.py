from dataclasses import replace

import numpy as np
import pytest

from automl.errors import ConfigError
from automl.report.figures.parallel_coordinates import (
    drawing,
    figure,
    panels,
    parallel_coordinates,
)
from automl.report.numbers.places import comparable
from automl.report.numbers.study import study_table
from storage.records import StudyRecords


def test_lines_mark_what_a_trial_does_not_use(table):
    lines = parallel_coordinates(table, ["optimizer", "momentum", "no_such_parameter"])
    assert [axis.name for axis in lines.axes] == ["optimizer", "momentum"]
    assert np.isnan(lines.positions[:, 1]).any()
    assert lines.positions.shape == (len(comparable(table.trials)), 2)


def test_lines_are_grouped_by_rank(table):
    lines = parallel_coordinates(table, ["learning_rate", "optimizer", "momentum"])
    made = drawing(lines)
    assert [trace.name for trace in made.data] == ["others", "best 25 %", "best 5 %"]
    columns = len(lines.axes) + 1
    drawn = sum(len(trace.x) // (columns + 1) for trace in made.data)
    assert drawn == len(lines.places)
    below = np.concatenate([trace.y for trace in made.data])
    assert np.nanmin(below) < 0  # trials that do not use momentum


def test_axes_carry_their_own_ticks(table):
    lines = parallel_coordinates(table, ["optimizer"])
    texts = [a.text for a in drawing(lines).layout.annotations]
    assert {"sgd", "momentum", "adam", "adamw"} <= set(texts)


def test_few_lines_do_not_repeat_their_ticks(records: StudyRecords):
    """Three trials had the loss of each at two of five ticks."""
    few = study_table(replace(records, trials=records.trials[:3]))
    lines = parallel_coordinates(few, ["learning_rate", "dropout"])
    last = [a.text for a in drawing(lines).layout.annotations if a.x == 2]
    assert last == ["best", "middle", "worst"]


def test_one_trial_is_no_comparison(records: StudyRecords):
    alone = study_table(replace(records, trials=records.trials[:1]))
    assert panels(alone) == []
    with pytest.raises(ConfigError, match="two trials"):
        figure(alone)
