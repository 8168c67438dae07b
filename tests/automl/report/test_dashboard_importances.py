"""The dashboard's pages get the report's importances: its own application is asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import optuna
import pytest

from automl.report.dashboard_importances import (
    NONE_TOLD,
    shown_importances,
    with_our_importances,
)
from automl.report.numbers.study import StudyTable, study_table
from storage import Store, open_store
from storage.records import StudyRecords

optuna_dashboard = pytest.importorskip("optuna_dashboard")


@pytest.fixture
def store(tmp_path: Path, records: StudyRecords) -> Iterator[Store]:
    """A study of ours without trials, and one that Optuna has made."""
    with open_store(f"sqlite:///{tmp_path}/served.db") as opened:
        opened.create_study(records.settings)
        theirs = optuna.create_study(study_name="theirs", storage=opened.optuna_storage)
        theirs.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=12)
        yield opened


def ask(store: Store, study_id: int) -> tuple[str, Any]:
    application = with_our_importances(optuna_dashboard.wsgi(store.url), store)
    answered: list[str] = []
    path = f"/api/studies/{study_id}/param_importances"
    environ = {"PATH_INFO": path, "REQUEST_METHOD": "GET", "wsgi.url_scheme": "http"}
    body = application(environ, lambda status, *_: answered.append(status))
    return answered[0], json.loads(b"".join(body))


def test_the_shares_are_those_of_the_report(table: StudyTable) -> None:
    found = table.importances
    shown = shown_importances(table.records)
    assert [one["name"] for one in shown] == [one.name for one in found.judged]
    assert [one["importance"] for one in shown] == [one.share for one in found.judged]
    assert {one["distribution"] for one in shown} <= {
        "FloatDistribution",
        "IntDistribution",
        "CategoricalDistribution",
    }


def test_with_too_few_trials_it_is_said_that_none_can_be_told(
    store: Store, records: StudyRecords
) -> None:
    few = StudyRecords(records.settings, trials=records.trials[:5])
    assert study_table(few).importances.missing_because
    (said,) = shown_importances(few)
    assert (said["name"], said["importance"]) == (NONE_TOLD, 0.0)
    assert ask(store, 1) == ("200 OK", {"param_importances": [[said]]})


def test_of_another_study_the_dashboard_answers_itself(store: Store) -> None:
    status, answer = ask(store, 2)
    assert status == "200 OK"
    assert [one["name"] for one in answer["param_importances"][0]] == ["x"]


def test_a_study_that_is_not_there_is_not_found(store: Store) -> None:
    assert ask(store, 99)[0] == "404 Not Found"


def test_other_requests_pass(store: Store) -> None:
    def inner(environ: dict[str, Any], _start: Any) -> list[bytes]:
        return [environ["PATH_INFO"].encode()]

    application = with_our_importances(inner, store)
    for path in ("/api/studies/1", "/api/studies/1/param_importances/x", "/dashboard/1"):
        assert list(application({"PATH_INFO": path}, None)) == [path.encode()]
