from automl.report.figures.overview import far_words, score_figure
from automl.report.numbers.overview import ReferenceScore, Score


def score(metric, network, interval, guessing, linear):
    references = (
        ReferenceScore("guessing", guessing, (guessing, guessing)),
        ReferenceScore("linear_model", *linear),
    )
    return Score(metric, network, interval, references)


def test_references_near_by_stand_on_the_same_axis():
    figure = score_figure(score("rmse", 3.2, (2.9, 3.6), 4.5, (4.0, (3.5, 4.4))))
    assert [trace.y[0].strip() for trace in figure.data] == ["guessing", "linear model", "network"]
    assert figure.data[-1].error_x.arrayminus[0] > 0
    assert not figure.data[0].error_x.visible
    assert "lower is better" in figure.layout.xaxis.title.text


def test_guessing_far_off_is_named_outside_the_frame():
    numbers = score("accuracy", 0.97, (0.95, 0.99), 0.1, (0.96, None))
    figure = score_figure(numbers)
    assert len(figure.data) == 2
    assert figure.layout.xaxis.range[0] > 0.9 and figure.layout.xaxis.range[1] <= 1.0
    assert far_words(numbers) == "Outside the frame: guessing (10.0 %)."


def test_an_outlier_does_not_stretch_the_axis():
    """Two rows in which a linear model failed: its RMSE and the interval reach to the sky."""
    numbers = score("rmse", 5.0, (4.5, 5.6), 16.6, (900.0, (20.0, 4000.0)))
    low, high = score_figure(numbers).layout.xaxis.range
    assert low > 3.0 and high < 8.0
    assert far_words(numbers) == "Outside the frame: guessing (16.60) and linear model (900.0)."


def test_an_error_has_no_axis_below_zero():
    """An RMSE axis once began at -20."""
    low, _ = score_figure(
        score("rmse", 5.0, (0.5, 30.0), 16.6, (9.0, (1.0, 40.0)))
    ).layout.xaxis.range
    assert low >= 0


def test_a_score_can_stand_alone():
    assert len(score_figure(Score("accuracy", 0.9, None, ())).data) == 1
