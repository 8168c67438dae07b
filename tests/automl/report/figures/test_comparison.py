from automl.report.figures.comparison import progress_figure
from automl.report.numbers.comparison import compare
from storage.records import StudyRecords


def test_each_study_has_a_staircase_and_a_band(records: StudyRecords):
    compared = compare([records, records])
    figure = progress_figure([study.progress for study in compared.studies], compared.loss)
    named = [trace.name for trace in figure.data if trace.showlegend is not False]
    assert named == ["digits-target", "digits-target (2)"]
    assert len(figure.data) == 6
    assert figure.data[1].fill == "tonexty"
