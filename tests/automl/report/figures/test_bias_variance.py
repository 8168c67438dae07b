from dataclasses import replace

import pytest

from automl.errors import ConfigError
from automl.report.figures.bias_variance import bias_variance_plane, drawing, figure, panels, words
from automl.report.numbers.study import study_table
from storage.score_records import ReferenceRecord


def names(figure) -> list[str]:
    return [trace.name for trace in figure.data]


def test_the_plane_has_a_trace_per_outcome_and_a_star(table):
    numbers, made = bias_variance_plane(table), figure(table)
    assert names(made)[:3] == ["complete", "pruned", "failed"]
    assert names(made)[-1] == f"best (trial {table.best.number})"
    assert sum(len(trace.x) for trace in made.data[:3]) == len(numbers.trials)
    assert made.data[-1].x[0] + made.data[-1].y[0] == pytest.approx(table.best.value)
    assert made.layout.annotations[-1].text == "baseline"
    assert numbers.baseline_loss == 2.303


def test_the_planes_baseline_is_of_the_curves_rows(table):
    (test,) = table.records.evaluations
    guessing = ReferenceRecord("guessing", {"loss": 2.25})
    valid = replace(test, split="valid", references=(guessing,))
    both = replace(table.records, evaluations=(valid, test))
    assert bias_variance_plane(study_table(both)).baseline_loss == 2.25


def test_a_baseline_of_zero_has_no_place_among_magnitudes(table):
    made = drawing(replace(bias_variance_plane(table), baseline_loss=0.0))
    assert made.layout.xaxis.type == "log"
    assert not made.layout.annotations and not made.layout.shapes


def test_points_can_be_coloured_by_what_varies(table):
    numbers = bias_variance_plane(table)
    colours = numbers.colours
    assert {"outcome", "validation loss", "network parameters", "activation"} <= set(colours)
    assert "scaling" not in colours
    assert all(len(values) == len(numbers.trials) for values in colours.values())
    with pytest.raises(ConfigError, match="colour_by must be one of outcome"):
        figure(table, "lr")


@pytest.mark.parametrize("colour_by", ["learning_rate", "validation loss", "dropout"])
def test_numbers_get_a_colour_bar(table, colour_by):
    points = figure(table, colour_by).data[0]
    assert points.marker.colorbar.title.text == colour_by
    assert len(points.marker.color) == len(points.x)


def test_categories_get_a_trace_each_and_unused_ones_are_grey(table):
    numbers = bias_variance_plane(table)
    assert {"sigmoid", "tanh", "relu", "gelu"} <= set(names(drawing(numbers, "activation")))
    assert "other" in names(drawing(numbers, "batch_size"))  # seven choices, six colours


def test_the_page_offers_the_colours_that_matter(table):
    (plane,) = panels(table)
    found = table.importances
    assert set(found.names[:8]) <= set(plane.choices) and "validation loss" in plane.choices
    assert "outcome" not in plane.choices and found.names[8] not in plane.choices


def test_the_plane_tells_where_the_best_trial_lies(table):
    assert "The best trial has train loss" in words(bias_variance_plane(table))


def test_what_is_left_out_is_counted(table):
    numbers = bias_variance_plane(table, at_most=20)
    assert len(numbers.trials) == 20 and table.best in numbers.trials
    assert numbers.n_omitted == len(bias_variance_plane(table).trials) - 20
