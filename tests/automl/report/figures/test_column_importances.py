from __future__ import annotations

from dataclasses import replace

import pytest

from automl.errors import ConfigError
from automl.report.figures.column_importances import N_SHOWN, figure, panels
from automl.report.numbers.study import StudyTable, study_table
from automl.report.panels import Panel, Remark
from storage.answers import study_answer
from storage.records import StudyRecords
from storage.score_records import ColumnImportance, ImportancesRecord, PairedDifference


def importance(name: str, value: float, score: str = "loss") -> ColumnImportance:
    gain = PairedDifference(value, 0.01, value - 0.02, value + 0.03)
    return ColumnImportance(name, {"loss": gain, score: gain})


def with_columns(
    records: StudyRecords, *columns: ColumnImportance, metric: str | None = None
) -> StudyTable:
    answer = study_answer(records)
    assert answer is not None
    stored = replace(answer, answer_id=50)
    found = ImportancesRecord(50, columns, len(columns), 1234, 5, metric=metric)
    return study_table(replace(records, answers=(stored,), importances=(found,)))


def test_the_most_important_column_is_on_top(records: StudyRecords) -> None:
    table = with_columns(records, importance("age", 0.5), importance("<b>town</b>", 0.01))
    (panel,) = panels(table)
    assert isinstance(panel, Panel)
    (bars,) = panel.figure.data
    axis = panel.figure.layout.yaxis
    assert list(axis.ticktext) == ["&lt;b&gt;town&lt;/b&gt;", "age"]
    assert list(bars.x) == [0.01, 0.5]
    assert list(bars.error_x.arrayminus) == pytest.approx([0.02, 0.02])
    assert list(bars.error_x.array) == pytest.approx([0.03, 0.03])
    assert bars.marker.color[0] != bars.marker.color[1]  # what may be chance looks so
    assert panel.figure.layout.xaxis.title.text == "rise of the loss with the column shuffled"
    assert panel.alternative == (
        "Rise of the loss with the column shuffled, with 95 % intervals: age 0.5 (0.48 to 0.53), "
        "<b>town</b> 0.01 (-0.01 to 0.04, may be chance)."
    )
    assert panel.caption.startswith(
        "Told from chance: 1 of 2 columns (blue); grey bars may be chance."
    )
    assert "on 1,234 validation rows, 5 repeats" in panel.caption


def test_a_page_has_the_first_columns_and_a_notebook_all(records: StudyRecords) -> None:
    many = [importance(f"column {n} of a table with long names", 1 / n) for n in range(1, 31)]
    table = with_columns(records, *many)
    (panel,) = panels(table)
    assert isinstance(panel, Panel)
    assert len(panel.figure.data[0].x) == N_SHOWN
    assert f"{30 - N_SHOWN} columns of less importance left out" in panel.caption
    assert len(figure(table).data[0].x) == 30
    assert all(len(name) <= 28 for name in panel.figure.layout.yaxis.ticktext)
    of_more = replace(table.records.importances[0], n_columns=400)
    (panel,) = panels(study_table(replace(table.records, importances=(of_more,))))
    assert isinstance(panel, Panel)
    assert "Of 400 columns these move the predictions most." in panel.caption


def test_the_studys_metric_is_what_is_shown(records: StudyRecords) -> None:
    table = with_columns(records, importance("age", 0.2, "roc_auc"), metric="roc_auc")
    (panel,) = panels(table)
    assert isinstance(panel, Panel)
    assert panel.figure.layout.xaxis.title.text == "fall of the ROC AUC with the column shuffled"
    assert panel.alternative.startswith("Fall of the ROC AUC with")


def test_why_there_is_none_is_a_sentence(records: StudyRecords) -> None:
    table = with_columns(records, importance("age", 0.2))
    failed = replace(
        table.records.importances[0], columns=(), missing_because="there was no time left for it"
    )
    for importances, why in (((failed,), "no time left"), ((), "the same command does")):
        bare = study_table(replace(table.records, importances=importances))
        (remark,) = panels(bare)
        assert isinstance(remark, Remark) and why in remark.text
        with pytest.raises(ConfigError, match=why):
            figure(bare)
    objective = replace(table.records.settings, task="objective")
    assert panels(study_table(replace(table.records, settings=objective, importances=()))) == []
