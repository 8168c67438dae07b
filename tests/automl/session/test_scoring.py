"""The best trial's score beside its references."""

from __future__ import annotations

from pathlib import Path

import pytest

from automl.diagnostics.standing import standing
from automl.wording.references import REFERENCE_NAMES
from tests.automl.session.sessions import session


def test_references_can_be_left_out_and_had_later(tmp_path: Path) -> None:
    """The same search again, with nothing to train, fits what the first one was to leave out."""
    with session(tmp_path, references=False) as first:
        list(first)
        bare = first.result()
    assert bare.evaluation is not None
    assert [one.name for one in bare.evaluation.references] == ["guessing"]
    assert "No model was fitted" in standing(bare.records).sentence
    with session(tmp_path) as second:
        list(second)
        full = second.result()
    assert full.evaluation is not None
    assert {one.name for one in full.evaluation.references} == set(REFERENCE_NAMES)
    assert full.evaluation.scores == bare.evaluation.scores
    assert "No model was fitted" not in standing(full.records).sentence


def test_references_that_fail_are_told_and_cost_no_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*arguments: object) -> None:
        raise ValueError("no such luck")

    monkeypatch.setattr("automl.data.baselines.linear_predictions", fail)
    with session(tmp_path) as running:
        list(running)
        result = running.result()
    assert result.evaluation is not None
    assert [one.name for one in result.evaluation.references] == ["guessing"]
    (told,) = [record.message for record in caplog.records if "compared" in record.message]
    assert "not compared with linear model and boosted trees: ValueError: no such luck" in told


def test_each_step_of_the_end_is_told_as_it_begins(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Scoring comes after references that are waited for; those left out are not waited for."""
    caplog.set_level("INFO", "automl")
    steps = ("finishing the references", "scoring trial")

    def told(**options: object) -> list[str]:
        caplog.clear()
        with session(tmp_path, **options) as running:
            list(running)
            running.result()
        return [step for line in caplog.messages for step in steps if line.startswith(step)]

    assert told(study="with") == list(steps)
    assert told(study="without", references=False) == ["scoring trial"]
