import numpy as np

from automl.report import style
from automl.report.figures.search import (
    effort_figure,
    history_figure,
    history_frame,
    timeline_figure,
)
from automl.report.numbers.search import History, Timeline, TimelineBar, effort, history, timeline


def test_history_has_points_by_outcome_and_a_staircase(table):
    figure = history_figure(history(table))
    assert [trace.name for trace in figure.data] == ["failed", "pruned", "complete", "best so far"]
    assert figure.data[-1].line.shape == "hv"
    assert figure.data[-1].x[-1] == 59  # drawn to the last trial


def test_the_better_half_of_the_trials_is_in_the_frame():
    """Two complete trials do not push the thirteen that were pruned out of it."""
    values = np.array([0.10, 0.11, *np.linspace(0.5, 0.9, 13)])
    numbers = np.arange(15.0)
    outcomes = ("complete", "complete", *["pruned"] * 13)
    past = History("mean_squared", numbers, values, outcomes, numbers[:1], values[:1], 14, 0)
    assert style.n_outside(values, history_frame(past)) <= 7


def test_the_timeline_has_a_bar_per_trial(table):
    times = timeline(table)
    figure = timeline_figure(times)
    assert sum(len(trace.y) for trace in figure.data) == len(times.bars)


def test_long_searches_are_shown_in_hours():
    figure = timeline_figure(Timeline((TimelineBar(0, 0.0, 7201.0, "complete", 5),), 0))
    assert figure.layout.xaxis.title.text.startswith("hours")
    figure = timeline_figure(Timeline((TimelineBar(0, 0.0, 600.0, "complete", 5),), 0))
    assert figure.layout.xaxis.title.text.startswith("minutes")


def test_effort_is_two_bars_of_shares(table):
    spent = effort(table)
    figure = effort_figure(spent)
    assert sum(trace.x[1] for trace in figure.data) == 1.0
    assert [trace.name for trace in figure.data] == list(spent.outcomes)
