from dataclasses import replace

import pytest

from automl.errors import ConfigError
from automl.report.figures.importances import drawing, figure, panels
from automl.report.numbers.importances import Importance
from automl.report.numbers.study import study_table
from automl.report.panels import Remark
from automl.wording.counts import listing
from storage.records import StudyRecords


def test_the_most_important_parameter_is_on_top():
    judged = (Importance("a", 0.5, 0.4, 0.6, True), Importance("b", 0.1, 0.0, 0.3, False))
    made = drawing(judged)
    (bars,) = made.data
    assert list(made.layout.yaxis.ticktext) == ["b", "a"]  # Plotly draws bars from below
    assert list(bars.x) == [0.1, 0.5]
    assert list(bars.error_x.arrayminus) == pytest.approx([0.1, 0.1])
    assert list(bars.error_x.array) == pytest.approx([0.2, 0.1])
    assert bars.marker.color[0] != bars.marker.color[1]  # what may be chance looks so


def test_the_first_screens_have_the_top_five_parameters(table):
    judged = table.importances.judged
    first, everything = panels(table)
    shown = first.figure.layout.yaxis.ticktext
    assert [*reversed(shown)] == [one.name for one in judged[:5]]
    assert len(everything.figure.data[0].y) == len(judged) == len(figure(table).data[0].y)
    assert (first.place.part, everything.place.part) == ("importance", "parameters")
    assert "with 95 % intervals" in first.caption
    certain = [one.name for one in judged[:5] if one.is_certain]
    assert 0 < len(certain) < 5
    assert first.caption.startswith(f"Told from chance: {listing(certain)} (blue).")


def test_importances_that_chance_explains_are_a_sentence(records: StudyRecords):
    few = study_table(replace(records, trials=records.trials[:8]))
    (remark,) = panels(few)
    assert isinstance(remark, Remark) and "25 are needed" in remark.text
    with pytest.raises(ConfigError, match="25 are needed"):
        figure(few)
