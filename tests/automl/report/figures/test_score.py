from dataclasses import replace

from automl.report.figures.score import drawing, far_words, panels, words
from automl.report.numbers.overview import ReferenceScore, Score
from automl.report.numbers.study import study_table
from storage.records import StudyRecords


def score(metric, network, interval, guessing, linear):
    references = (
        ReferenceScore("guessing", guessing, (guessing, guessing)),
        ReferenceScore("linear_model", *linear),
    )
    return Score(metric, network, interval, references)


def test_references_near_by_stand_on_the_same_axis():
    figure = drawing(score("rmse", 3.2, (2.9, 3.6), 4.5, (4.0, (3.5, 4.4))))
    assert [trace.y[0].strip() for trace in figure.data] == ["guessing", "linear model", "network"]
    assert figure.data[-1].error_x.arrayminus[0] > 0
    assert not figure.data[0].error_x.visible
    assert "lower is better" in figure.layout.xaxis.title.text


def test_guessing_far_off_is_named_outside_the_frame():
    numbers = score("accuracy", 0.97, (0.95, 0.99), 0.1, (0.96, None))
    figure = drawing(numbers)
    assert len(figure.data) == 2
    assert figure.layout.xaxis.range[0] > 0.9 and figure.layout.xaxis.range[1] <= 1.0
    assert far_words(numbers) == "Outside the frame: guessing (10.0 %)."


def test_an_outlier_does_not_stretch_the_axis():
    """Two rows in which a linear model failed: its RMSE and the interval reach to the sky."""
    numbers = score("rmse", 5.0, (4.5, 5.6), 16.6, (900.0, (20.0, 4000.0)))
    low, high = drawing(numbers).layout.xaxis.range
    assert low > 3.0 and high < 8.0
    assert far_words(numbers) == "Outside the frame: guessing (16.60) and linear model (900.0)."


def test_the_network_is_in_the_frame_wherever_its_interval_is():
    """A bootstrap promises no interval around the score, least of all an edited one."""
    for interval in ((1e30, 1e30), (4.0, 5.0)):
        figure = drawing(score("rmse", 3.2, interval, 4.5, (4.0, None)))
        low, high = figure.layout.xaxis.range
        assert low <= 3.2 <= high
        assert "network" in figure.data[-1].y[0]


def test_an_error_has_no_axis_below_zero():
    """An RMSE axis once began at -20."""
    low, _ = drawing(score("rmse", 5.0, (0.5, 30.0), 16.6, (9.0, (1.0, 40.0)))).layout.xaxis.range
    assert low >= 0


def test_a_score_can_stand_alone():
    assert len(drawing(Score("accuracy", 0.9, None, ())).data) == 1


def test_shares_are_per_cent_and_money_has_plain_numbers_on_the_axis():
    share = drawing(score("accuracy", 0.97, (0.95, 0.99), 0.9, (0.96, None)))
    assert share.layout.xaxis.tickformat == ".1~%" and "97.0 %" in share.data[-1].text
    money = drawing(score("rmse", 20888.0, (18000.0, 23000.0), 30000.0, (22000.0, None)))
    assert money.layout.xaxis.tickformat == ",.6~g" and "20,888" in money.data[-1].text


def test_a_score_is_told_with_its_references():
    references = (
        ReferenceScore("guessing", 0.5, None),
        ReferenceScore("linear_model", 0.85, (0.8, 0.9)),
    )
    assert words(Score("roc_auc", 0.9, (0.8, 0.95), references)) == (
        "ROC AUC of the network 0.9000, 95 % interval 0.8000 to 0.9500, guessing 0.5000, linear "
        "model 0.8500."
    )


def test_several_networks_together_are_no_network():
    of_several = replace(score("rmse", 3.2, (2.9, 3.6), 4.5, (4.0, None)), scored="ensemble")
    assert words(of_several).startswith("RMSE of the ensemble 3.2")
    assert [trace.y[0].strip() for trace in drawing(of_several).data][-1] == "ensemble"


def test_only_the_primary_score_is_drawn(table, records: StudyRecords):
    assert [panel.title for panel in panels(table)] == ["Test accuracy"]
    assert panels(study_table(StudyRecords(records.settings))) == []
