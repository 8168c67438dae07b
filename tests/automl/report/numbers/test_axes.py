import math
from dataclasses import replace

import pytest

from automl.report.numbers.axes import Axis
from automl.report.numbers.study import study_table
from storage.records import StudyRecords


def test_axes_follow_the_stored_space(table):
    known = table.axes
    assert known["learning_rate"].log and known["learning_rate"].low == 1e-5
    assert known["batch_size"].choices == (16, 32, 64, 128, 256, 512, "full")
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
    known = bare.axes
    assert known["learning_rate"].log
    assert known["batch_size"].kind == "categorical"
    assert "scaling" not in known  # never varied


def test_what_is_drawn_is_the_number_itself_or_the_index_of_a_choice():
    assert Axis("learning_rate", "float", True, 1e-4, 1e-2).coordinate(1e-3) == 1e-3
    assert Axis("x", "categorical", False, 0, 0, ("a", "b", "c")).coordinate("c") == 2


def test_an_own_networks_axes_are_by_the_spaces_word(own_records: StudyRecords):
    known = study_table(own_records).axes
    assert not known["kernel"].log and known["learning_rate"].log
    assert known["gate"].kind == "categorical"  # of the values tried: the space is silent
