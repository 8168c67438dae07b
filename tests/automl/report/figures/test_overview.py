from automl.report.figures.overview import score_figure
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
    figure = score_figure(score("accuracy", 0.97, (0.95, 0.99), 0.1, (0.96, None)))
    assert len(figure.data) == 2
    assert figure.layout.annotations[0].text == "← guessing 0.1"
    assert figure.layout.xaxis.range[1] <= 1.01


def test_a_score_can_stand_alone():
    assert len(score_figure(Score("accuracy", 0.9, None, ())).data) == 1
