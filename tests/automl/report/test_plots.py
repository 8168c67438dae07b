import inspect
from dataclasses import replace

import plotly.graph_objects as go
import pytest

from automl.errors import ConfigError
from automl.report import style
from automl.report.figures import FIGURES
from automl.report.numbers.study import study_table
from automl.report.plots import TITLE_HEIGHT, Plots, html_summary
from storage.records import StudyRecords
from tests.contracts.predicted_rows import classification


@pytest.fixture(scope="module")
def plots(records: StudyRecords) -> Plots:
    return Plots(records, lambda: classification(10))


def test_every_figure_is_a_method_that_a_tab_lists(plots: Plots):
    assert set(FIGURES) <= set(dir(plots))
    assert "curves, " in repr(plots)


def test_a_figure_stands_alone_in_the_light_style(plots: Plots):
    for made in (plots.curves(), plots.confusion(), plots.axes("dropout")):
        assert isinstance(made, go.Figure) and len(made.data) > 0
        assert made.layout.template == style.LIGHT


def test_a_figure_has_a_heading_and_says_its_study(plots: Plots, records: StudyRecords):
    hostile = replace(records.settings, study_name="<b>x</b>")
    for shown, name in (
        (plots, "digits-target"),
        (Plots(replace(records, settings=hostile), lambda: None), "&lt;b&gt;x&lt;/b&gt;"),
    ):
        title = shown.curves().layout.title
        assert title.text == "<b>Learning curves</b>"
        assert title.subtitle.text == name
    in_page = FIGURES["curves"].figure(study_table(records))
    assert plots.curves().layout.height == in_page.layout.height + TITLE_HEIGHT
    assert plots.curves().layout.margin.t == in_page.layout.margin.t + TITLE_HEIGHT


def test_a_method_takes_what_a_person_chooses_and_has_help(plots: Plots):
    assert list(inspect.signature(plots.bias_variance).parameters) == ["colour_by", "at_most"]
    assert list(inspect.signature(plots.history).parameters) == []
    for name in FIGURES:
        assert getattr(plots, name).__doc__


def test_names_that_do_not_exist_are_answered_with_those_that_do(plots: Plots):
    with pytest.raises(AttributeError, match="did you mean 'curves'"):
        plots.curve()
    with pytest.raises(ConfigError, match=r"one of learning_rate, .* but is 'lr'"):
        plots.axes("lr")
    with pytest.raises(ConfigError, match="No predictions of values"):
        plots.residuals()


def test_predictions_are_read_by_those_that_show_them(records: StudyRecords):
    def read() -> None:
        raise OSError("the database is gone")

    plots = Plots(records, read)
    assert plots.history().data
    with pytest.raises(OSError, match="gone"):
        plots.roc()


def test_the_notebook_summary_is_html_without_scripts(records: StudyRecords):
    shown = html_summary(records)
    assert "<script" not in shown
    assert "97.2 %" in shown and "High variance" in shown
    assert "digits-target" in shown
