from dataclasses import replace

import numpy as np
import pytest

from automl.errors import ConfigError
from automl.report.figures.coarse_to_fine import (
    N_PANELS,
    THICKEST,
    change,
    drawing,
    figure,
    panels,
    words,
)
from automl.report.numbers.generations import narrowings
from automl.report.numbers.study import study_table


@pytest.fixture(scope="module")
def found(table):
    return {one.axis.name: one for one in narrowings(table)}


def test_a_band_runs_between_the_ends_of_the_intervals(found):
    rates = found["learning_rate"]
    low, high, band, median, best = drawing(rates).data
    n = len(rates.at)
    assert band.fill == "toself"
    assert band.y[:n] == pytest.approx([rates.ends(i)[1] for i in range(n)], rel=1e-5)
    assert band.y[n:][::-1] == pytest.approx([rates.ends(i)[0] for i in range(n)], rel=1e-5)
    assert set(low.y) == {1e-5} and set(high.y) == {0.3}
    assert (np.array(median.y) <= band.y[:n]).all()
    assert list(best.x) == [trial.number for trial in rates.best]
    assert list(best.y) == [trial.params["learning_rate"] for trial in rates.best]


def test_choices_have_bands_as_thick_as_they_were_often_proposed(found):
    numbers = found["optimizer"]
    bands = [trace for trace in drawing(numbers).data if trace.fill == "toself"]
    assert len(bands) == len(numbers.axis.choices)
    n = len(numbers.at)
    for index, band in enumerate(bands):
        thickness = (band.y[:n] - band.y[n:][::-1]) / (2 * THICKEST)
        assert thickness == pytest.approx(numbers.shares[:, index], abs=1e-5)


def test_each_panel_says_how_it_narrowed(table, found):
    made = panels(table)
    assert len(made) == min(N_PANELS, len(found))
    assert made[0].title == next(iter(table.axes_by_importance))
    assert made[0].caption and made[0].alternative
    assert change(found["learning_rate"]).startswith("80 % of the proposals lay in")
    assert words(found["learning_rate"]).startswith("Of learning_rate, 80 % of the proposals")
    assert "of the proposals at first and" in change(found["optimizer"])


def test_hyperparameters_can_share_a_figure(table):
    made = figure(table, "learning_rate", "optimizer")
    assert [a.text for a in made.layout.annotations] == ["learning_rate", "optimizer"]
    assert {trace.xaxis for trace in made.data} == {"x", "x2"}
    assert made.layout.yaxis.type == "log"
    assert figure(table, "dropout").layout.yaxis.title.text is None


def test_what_is_not_there_is_refused(table, records):
    with pytest.raises(ConfigError, match=r"name must be one of .*, but is 'nothing'"):
        figure(table, "nothing")
    few = study_table(replace(records, trials=records.trials[:9]))
    assert panels(few) == []
    with pytest.raises(ConfigError, match="too few trials"):
        figure(few)
