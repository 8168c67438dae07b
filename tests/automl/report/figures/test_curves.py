import numpy as np
import pytest

from automl.report.figures.curves import (
    bias_variance_figure,
    curves_figure,
    data_size_figure,
    trial_curves_figure,
)
from automl.report.numbers.curves import DataSizeCurve, bias_variance_plane, learning_curves


def names(figure) -> list[str]:
    return [trace.name for trace in figure.data]


def test_the_best_trial_stands_before_all_others(table):
    numbers = learning_curves(table)
    figure = curves_figure(numbers)
    assert names(figure) == [
        "other trials",
        "pruned",
        "train",
        "validation",
        f"best epoch ({table.best.effort.best_in_words})",
    ]
    assert figure.data[3].fill == "tonexty"  # the gap is shaded
    assert len(figure.data[1].x) == numbers.n_pruned


def test_other_curves_are_one_trace_with_gaps(table):
    numbers = learning_curves(table)
    faint = curves_figure(numbers).data[0]
    assert np.isnan(faint.y).sum() == len(numbers.others) + len(numbers.best) - 1


def test_a_small_multiple_shows_one_trial(table):
    curve = learning_curves(table).best[1]
    figure = trial_curves_figure(curve, "cross_entropy")
    assert [trace.name for trace in figure.data][:2] == ["train", "validation"]
    assert len(figure.data) == 3 and figure.layout.showlegend is not False
    assert figure.layout.yaxis.title.text == "cross-entropy"


def test_the_plane_has_a_trace_per_outcome_and_a_star(table):
    figure = bias_variance_figure(bias_variance_plane(table))
    assert names(figure)[:3] == ["complete", "pruned", "failed"]
    assert names(figure)[-1] == f"best (trial {table.best.number})"
    points = sum(len(trace.x) for trace in figure.data[:3])
    assert points == len(bias_variance_plane(table).gap)
    assert figure.layout.annotations[-1].text == "baseline"


@pytest.mark.parametrize("colour_by", ["learning_rate", "validation loss", "dropout"])
def test_numbers_get_a_colour_bar(table, colour_by):
    figure = bias_variance_figure(bias_variance_plane(table), colour_by)
    assert figure.data[0].marker.colorbar.title.text == colour_by
    assert len(figure.data[0].marker.color) == len(figure.data[0].x)


def test_categories_get_a_trace_each_and_unused_ones_are_grey(table):
    plane = bias_variance_plane(table)
    assert {"sigmoid", "tanh", "relu", "gelu"} <= set(
        names(bias_variance_figure(plane, "activation"))
    )
    figure = bias_variance_figure(plane, "batch_size")  # seven choices, six colours
    assert "other" in names(figure)


def test_the_data_size_figure_has_error_bars():
    steps = np.array([1.0, 2.0])
    figure = data_size_figure(DataSizeCurve("cross_entropy", steps, steps, steps, steps, steps))
    assert names(figure) == ["train", "validation"]
    assert figure.data[1].error_y.array.tolist() == [1.0, 2.0]
