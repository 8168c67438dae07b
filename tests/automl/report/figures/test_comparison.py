from automl.report.figures.comparison import progress_figure
from automl.report.numbers.comparison import Progress, progress
from automl.report.numbers.trials import StudyTable


def test_each_study_has_a_staircase_and_a_band(table: StudyTable):
    names = ("digits-target", "digits-target (2)")
    figure = progress_figure([progress(name, table) for name in names], "cross_entropy")
    named = [trace.name for trace in figure.data if trace.showlegend is not False]
    assert named == ["digits-target", "digits-target (2)"]
    assert len(figure.data) == 6
    assert figure.data[1].fill == "tonexty"


def test_a_study_of_one_complete_trial_is_a_point(table: StudyTable):
    whole = progress("whole", table)
    first = Progress(
        "one", *(part[[0, 0]] for part in (whole.epochs, whole.best, whole.low, whole.high))
    )
    figure = progress_figure([whole, first], "cross_entropy")
    modes = [trace.mode for trace in figure.data if trace.showlegend is not False]
    assert modes == ["lines", "markers"]
