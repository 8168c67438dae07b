"""A stored study as one JSON object; what the call adds is tested with the result."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from automl.result import SearchResult
from automl.study_json import study_json


def test_best_test_and_verdict_are_those_of_the_records(finished: SearchResult) -> None:
    values: Any = json.loads(json.dumps(study_json(finished.records), allow_nan=False))
    assert values["best"]["trial_number"] == finished.best.number
    assert finished.evaluation is not None
    assert values["test"]["accuracy"] == finished.evaluation.scores["accuracy"]
    assert values["diagnosis"]["verdict"] == finished.diagnoses[0].kind


def test_a_study_without_complete_trials_says_so(finished: SearchResult) -> None:
    values: Any = study_json(replace(finished.records, trials=(), diagnoses=()))
    assert (values["best"], values["test"]) == (None, None)
    assert values["diagnosis"]["verdict"] == "too_little_evidence"
