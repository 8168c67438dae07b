import numpy as np
import pytest

from automl.errors import ConfigError
from automl.report.figures.axes import axis_layout, axis_plot, drawing, figure, panels, words
from automl.report.numbers.axes import Axis
from automl.report.numbers.places import comparable


def test_an_axis_plot_shows_points_the_best_per_bucket_and_the_edges(table):
    plot = axis_plot(table, table.axes["learning_rate"])
    made = drawing(plot)
    assert made.data[-1].name == "best nearby" and made.data[-1].mode == "lines+markers"
    assert made.layout.yaxis.range == (-0.06, 1.06)  # no outlier stretches places
    assert sum(len(trace.x) for trace in made.data[:-1]) == len(plot.trials)
    assert [shape.x0 for shape in made.layout.shapes] == [1e-5, 0.3]
    assert made.layout.xaxis.type == "log"


def test_the_isolation_line_holds_the_best_trial_of_each_bucket(table):
    plot = axis_plot(table, table.axes["optimizer"])
    places, nearby = plot.places(plot.trials), plot.places(plot.best_nearby)
    assert nearby.min() == places.min() == 0.0
    for value, place in zip(plot.at(plot.best_nearby), nearby, strict=True):
        assert place == places[plot.at(plot.trials) == value].min()


def test_a_conditional_parameter_shows_only_the_trials_that_use_it(table):
    plot = axis_plot(table, table.axes["momentum"])
    using = [t for t in comparable(table.trials) if "momentum" in t.params]
    assert len(plot.trials) == len(using) < len(table.trials)


def test_choices_are_spread_sideways_but_stay_apart(table):
    made = figure(table, "optimizer")
    spread = np.concatenate([trace.x for trace in made.data[:-1]])
    assert np.abs(spread - np.round(spread)).max() <= 0.25 + 1e-6
    assert list(made.layout.xaxis.ticktext) == ["sgd", "momentum", "adam", "adamw"]
    assert len(made.layout.shapes) == 0  # a choice has no edges
    assert made.data[-1].mode == "markers"  # and no line leads from one to the next


def test_choices_are_escaped():
    axis = Axis("x", "categorical", False, 0, 0, ("<script>alert(1)</script>", "b"))
    assert axis_layout(axis)["ticktext"][0] == "&lt;script&gt;alert(1)&lt;/script&gt;"


def test_axis_plots_can_share_a_figure(table):
    names = ["learning_rate", "optimizer", "dropout", "n_layers"]
    made = figure(table, *names)
    assert [a.text for a in made.layout.annotations] == names
    assert {trace.xaxis for trace in made.data} == {"x", "x2", "x3", "x4"}
    assert made.layout.xaxis.type == "log" and made.layout.xaxis4.dtick == 1


def test_without_names_the_most_important_stand_in_a_figure(table):
    shown = [a.text for a in figure(table).layout.annotations]
    assert shown == list(table.axes_by_importance)[:9]
    assert figure(table, "dropout").layout.xaxis.title.text == "dropout"


def test_a_name_that_does_not_vary_is_answered_with_those_that_do(table):
    with pytest.raises(ConfigError, match=r"one of learning_rate, .* but is 'lr'"):
        figure(table, "lr")


def test_axis_plots_come_in_order_of_importance(table):
    titles = [panel.title for panel in panels(table)]
    assert titles[: len(table.importances.names)] == list(table.importances.names)
    assert set(titles) == set(table.axes)


def test_axes_tell_the_best_value(table):
    said = words(axis_plot(table, table.axes["optimizer"]))
    best = table.best.params["optimizer"]
    assert said.startswith(f"Best at optimizer {best}; in the worst region")
