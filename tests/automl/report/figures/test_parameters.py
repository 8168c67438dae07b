from dataclasses import replace

import numpy as np
import pytest

from automl.report.figures.parameters import (
    axes_figure,
    axis_figure,
    axis_layout,
    contour_figure,
    importances_figure,
    parallel_figure,
)
from automl.report.numbers.importances import Importance, Importances
from automl.report.numbers.parameters import (
    Axis,
    axes,
    axis_plot,
    contour,
    parallel_coordinates,
)
from automl.report.numbers.trials import study_table


def test_the_most_important_parameter_is_on_top():
    found = Importances(
        (
            Importance("a", 0.5, 0.4, 0.6, True),
            Importance("b", 0.1, 0.0, 0.3, False),
            Importance("c", 0.0, 0.0, 0.1, False),
        ),
        (),
        40,
    )
    figure = importances_figure(found, 2)
    bars = figure.data[0]
    assert list(bars.y) == ["b", "a"]  # Plotly draws bars from below
    assert list(bars.x) == [0.1, 0.5]
    assert list(bars.error_x.arrayminus) == pytest.approx([0.1, 0.1])
    assert list(bars.error_x.array) == pytest.approx([0.2, 0.1])
    assert bars.marker.color[0] != bars.marker.color[1]  # what may be chance looks so


def test_an_axis_plot_shows_points_the_best_per_bucket_and_the_edges(table):
    plot = axis_plot(table, axes(table)["learning_rate"])
    figure = axis_figure(plot)
    assert figure.data[-1].name == "best nearby" and figure.data[-1].mode == "lines+markers"
    assert figure.layout.yaxis.range == (-0.06, 1.06)  # no outlier stretches places
    assert sum(len(trace.x) for trace in figure.data[:-1]) == len(plot.values)
    assert [shape.x0 for shape in figure.layout.shapes] == [1e-5, 0.3]
    assert figure.layout.xaxis.type == "log"


def test_choices_are_spread_sideways_but_stay_apart(table):
    plot = axis_plot(table, axes(table)["optimizer"])
    figure = axis_figure(plot)
    spread = np.concatenate([trace.x for trace in figure.data[:-1]])
    assert np.abs(spread - np.round(spread)).max() <= 0.25 + 1e-6
    assert list(figure.layout.xaxis.ticktext) == ["sgd", "momentum", "adam", "adamw"]
    assert len(figure.layout.shapes) == 0  # a choice has no edges
    assert figure.data[-1].mode == "markers"  # and no line leads from one to the next


def test_choices_are_escaped():
    axis = Axis("x", "categorical", False, 0, 0, ("<script>alert(1)</script>", "b"))
    assert axis_layout(axis)["ticktext"][0] == "&lt;script&gt;alert(1)&lt;/script&gt;"


def test_axis_plots_can_share_a_figure(table):
    known = axes(table)
    plots = [axis_plot(table, known[name]) for name in ("learning_rate", "optimizer", "dropout",
                                                        "n_layers")]  # fmt: skip
    figure = axes_figure(plots)
    assert [a.text for a in figure.layout.annotations] == ["learning_rate", "optimizer", "dropout",
                                                           "n_layers"]  # fmt: skip
    assert {trace.xaxis for trace in figure.data} == {"x", "x2", "x3", "x4"}
    assert figure.layout.xaxis.type == "log" and figure.layout.xaxis4.dtick == 1


def test_parallel_lines_are_grouped_by_rank(table):
    lines = parallel_coordinates(table, ["learning_rate", "optimizer", "momentum"])
    figure = parallel_figure(lines)
    assert [trace.name for trace in figure.data] == ["others", "best 25 %", "best 5 %"]
    columns = len(lines.axes) + 1
    drawn = sum(len(trace.x) // (columns + 1) for trace in figure.data)
    assert drawn == len(lines.numbers)
    below = np.concatenate([trace.y for trace in figure.data])
    assert np.nanmin(below) < 0  # trials that do not use momentum


def test_parallel_axes_carry_their_own_ticks(table):
    lines = parallel_coordinates(table, ["optimizer"])
    texts = [a.text for a in parallel_figure(lines).layout.annotations]
    assert {"sgd", "momentum", "adam", "adamw"} <= set(texts)


def test_few_lines_do_not_repeat_their_ticks(records):
    """Three trials had the loss of each at two of five ticks."""
    lines = parallel_coordinates(
        study_table(replace(records, trials=records.trials[:3])), ["learning_rate", "dropout"]
    )
    last = [a.text for a in parallel_figure(lines).layout.annotations if a.x == 2]
    assert last == ["best", "middle", "worst"]


def test_a_contour_has_its_trials_on_it(table):
    known = axes(table)
    surface = contour(table, known["learning_rate"], known["optimizer"])
    figure = contour_figure(surface)
    assert [trace.type for trace in figure.data] == ["contour", "scatter"]
    assert len(figure.data[1].x) == len(surface.places)
    assert "adam" in figure.layout.yaxis.ticktext
