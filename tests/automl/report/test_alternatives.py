from automl.report import alternatives
from automl.report.numbers.curves import bias_variance_plane, learning_curves
from automl.report.numbers.gradients import gradient_flow, initialization_table
from automl.report.numbers.overview import ReferenceScore, Score
from automl.report.numbers.parameters import axes, axis_plot, contour
from automl.report.numbers.search import effort, history, timeline


def test_a_score_is_told_with_its_references():
    references = (
        ReferenceScore("guessing", 0.5, None),
        ReferenceScore("linear_model", 0.85, (0.8, 0.9)),
    )
    words = alternatives.of_score(Score("roc_auc", 0.9, (0.8, 0.95), references))
    assert words == (
        "ROC AUC of the network 0.9000, 95 % interval 0.8000 to 0.9500, guessing 0.5000, linear "
        "model 0.8500."
    )


def test_curves_tell_the_best_epoch(table):
    words = alternatives.of_curves(learning_curves(table))
    assert f"Trial {table.best.number}" in words
    assert f"at epoch {table.best.effort.best_in_words} of" in words


def test_the_plane_tells_where_the_best_trial_lies(table):
    words = alternatives.of_plane(bias_variance_plane(table))
    assert "The best trial has train loss" in words


def test_axes_tell_the_best_value(table):
    words = alternatives.of_axis(axis_plot(table, axes(table)["optimizer"]))
    assert words.startswith(
        f"Best at optimizer {table.best.params['optimizer']}; in the worst region"
    )


def test_contours_tell_where_trials_are_best(table):
    known = axes(table)
    words = alternatives.of_contour(contour(table, known["learning_rate"], known["optimizer"]))
    assert words.startswith("Trials are best near learning_rate 0.0")
    assert " and optimizer " in words


def test_gradients_tell_first_and_last_layer(table):
    words = alternatives.of_flow(gradient_flow(table, table.best.number))
    assert "at initialization" in words and "nearest the input" in words
    assert "sigmoid with normal (vanished in" in alternatives.of_initialization(
        initialization_table(table)
    )


def test_the_search_is_told_in_numbers(table):
    assert "The best validation loss fell from" in alternatives.of_history(history(table))
    assert alternatives.of_timeline(timeline(table)).startswith("60 trials within")
    assert "trials pruned (" in alternatives.of_effort(effort(table))
