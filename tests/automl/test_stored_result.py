"""What is stored of a search, to be read."""

from __future__ import annotations

from dataclasses import replace

from automl.result import SearchResult
from automl.stored_result import StoredResult, found_in_brief


def test_the_score_that_was_asked_for_is_in_the_line(finished: SearchResult) -> None:
    settings = replace(finished.records.settings, metric="roc_auc")
    evaluation = finished.evaluation
    assert evaluation is not None
    asked = StoredResult(replace(finished.records, settings=settings), "sqlite:///a.db")
    score, loss = evaluation.scores["roc_auc"], finished.best.value
    assert repr(asked) == (
        f"StoredResult('iris-species', trials=6, test_roc_auc={score:.4g}, valid_loss={loss:.4g}, "
        "storage='sqlite:///a.db')"
    )
    assert found_in_brief(replace(asked.records, evaluations=())) == f"valid_loss={loss:.4g}"
    assert found_in_brief(replace(asked.records, trials=())) == "no trial complete"


def test_all_that_a_person_looks_at_is_shown_in_a_few_lines(finished: SearchResult) -> None:
    shown = [repr(finished.evaluation), repr(finished.answer), *map(repr, finished.diagnoses)]
    assert finished.column_importances
    shown += map(repr, finished.column_importances)
    assert max(map(len, shown)) < 500, max(shown, key=len)
