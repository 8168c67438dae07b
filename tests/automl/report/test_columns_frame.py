"""How much each column matters, as a pandas table."""

from __future__ import annotations

from automl.report.columns_frame import columns_frame
from automl.result import SearchResult
from storage.score_records import ColumnImportance, PairedDifference


def test_every_column_is_a_row_the_most_important_first(finished: SearchResult) -> None:
    frame = finished.column_importances_dataframe()
    assert list(frame.column) == [one.name for one in finished.column_importances]
    assert list(frame.loss) == [one.loss.value for one in finished.column_importances]
    assert frame.loss.is_monotonic_decreasing
    assert (frame.loss_low <= frame.loss).all() and (frame.loss <= frame.loss_high).all()


def test_the_score_of_the_metric_and_columns_alike_are_there() -> None:
    gains = {
        "loss": PairedDifference(0.2, 0.05, 0.1, 0.3),
        "roc_auc": PairedDifference(0.1, 0.02, 0.06, 0.14),
    }
    (row,) = columns_frame([ColumnImportance("age", gains, {"years": 0.9, "born": 0.8})]).to_dict(
        "records"
    )
    assert row == {
        "column": "age",
        "loss": 0.2,
        "loss_standard_error": 0.05,
        "loss_low": 0.1,
        "loss_high": 0.3,
        "roc_auc": 0.1,
        "roc_auc_standard_error": 0.02,
        "roc_auc_low": 0.06,
        "roc_auc_high": 0.14,
        "alike": "years, born",
    }
    assert list(columns_frame([]).columns) == ["column", "alike"]
