import numpy as np
import plotly.graph_objects as go
import pytest

from automl.errors import ConfigError
from automl.report import plots
from storage.records import StudyRecords


@pytest.mark.parametrize(
    "plot",
    [
        plots.plot_curves,
        plots.plot_bias_variance,
        plots.plot_importances,
        plots.plot_axes,
        plots.plot_parallel_coordinates,
        plots.plot_history,
        plots.plot_timeline,
        plots.plot_gradient_flow,
    ],
)
def test_each_plot_is_a_figure_with_traces(records: StudyRecords, plot):
    figure = plot(records)
    assert isinstance(figure, go.Figure) and len(figure.data) > 0


def test_names_that_do_not_exist_are_answered_with_those_that_do(records: StudyRecords):
    with pytest.raises(ConfigError, match=r"one of learning_rate, .* but is 'lr'"):
        plots.plot_axis(records, "lr")
    with pytest.raises(ConfigError, match="colour_by must be one of outcome"):
        plots.plot_bias_variance(records, "lr")
    with pytest.raises(ConfigError, match="No gradient records of trial 777"):
        plots.plot_gradient_flow(records, 777)


def test_one_axis_can_be_plotted(records: StudyRecords):
    assert plots.plot_axis(records, "dropout").layout.xaxis.title.text == "dropout"


def test_too_few_trials_have_no_importances(records: StudyRecords):
    with pytest.raises(ConfigError, match="25 are needed"):
        plots.plot_importances(StudyRecords(records.settings))


def test_predictions_choose_their_figure(records: StudyRecords):
    values = {"test_targets": np.arange(5.0), "test_predictions": np.arange(5.0)}
    assert plots.plot_predictions(records, values).data[1].mode == "markers"
    classes = {"test_targets": np.arange(10), "test_predictions": np.eye(10)}
    assert plots.plot_predictions(records, classes).data[0].type == "heatmap"
    with pytest.raises(ConfigError, match="test_targets"):
        plots.plot_predictions(records, {})


def test_the_notebook_summary_is_html_without_scripts(records: StudyRecords):
    shown = plots.html_summary(records)
    assert "<script" not in shown
    assert "97.2 %" in shown and "High variance" in shown
    assert "digits-target" in shown
