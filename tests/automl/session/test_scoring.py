"""The best trial's score beside its references."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from automl.diagnostics.choice import choice_sentences
from automl.diagnostics.column_use import missing_use
from automl.diagnostics.standing import standing
from automl.errors import TrainingError
from automl.session import scoring
from automl.session.scoring import N_TRIES
from automl.tuning.keeping import Keeper
from automl.wording.references import REFERENCE_NAMES
from storage import open_store
from storage.answers import study_answer
from storage.score_records import EvaluationRecord
from tests.automl.session.sessions import session
from tests.automl.tuning.searches import complete_another


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


@pytest.mark.parametrize("when", ["before", "after"])
def test_what_is_the_best_when_it_ends_is_scored_however_late_others_complete_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """Each time that this process begins to score, or has scored, another lets the weights go.

    It does so more often than a trial is tried to be scored.
    """
    evaluate = scoring.evaluate_answer
    values = iter([10.0 ** -(6 + n) for n in range(2 * N_TRIES)])
    with (
        session(tmp_path, references=False, keep_models=1) as running,
        open_store(f"sqlite:///{tmp_path}/automl.db") as other,
    ):
        list(running)
        keeper = Keeper(other, running.call.problem, 1)

        def complete_a_better_one() -> None:
            if (value := next(values, None)) is not None:
                complete_another(other, running.call.problem, keeper, value)

        def evaluate_beside_another_process(*given: object) -> object:
            if when == "before":
                complete_a_better_one()
            found = evaluate(*given)  # type: ignore[arg-type]
            if when == "after":
                complete_a_better_one()
            return found

        monkeypatch.setattr(scoring, "evaluate_answer", evaluate_beside_another_process)
        result = running.result()
        assert running.unscored is None
        assert result.best.number == len(result.trials) - 1 == 2 + 2 * N_TRIES
        assert result.evaluation is not None
        assert len(result.best_model().members) == 1


def test_a_better_trial_that_another_process_completes_later_is_for_that_one_to_score(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it judges, this one has a score of what was the best when it ended."""
    with (
        session(tmp_path, references=False, keep_models=1) as running,
        open_store(f"sqlite:///{tmp_path}/automl.db") as other,
    ):
        list(running)
        keeper, keep = Keeper(other, running.call.problem, 1), running.store.replace_diagnoses

        def keep_beside_another_process(*given: object) -> None:
            keep(*given)  # type: ignore[arg-type]
            complete_another(other, running.call.problem, keeper, value=1e-6)

        monkeypatch.setattr(running.store, "replace_diagnoses", keep_beside_another_process)
        result = running.result()
    assert len(result.trials) == 3
    assert result.evaluation is not None


def test_the_metric_of_a_call_is_the_studys_once_an_answer_is_chosen_by_it(tmp_path: Path) -> None:
    """Until then the study is told of as before: the call may be killed, or never iterated."""
    with session(tmp_path, references=False) as first:
        list(first)
        before = first.result().records
    with session(tmp_path, references=False, metric="f1") as second:
        assert second.store.read_study("iris-target").settings.metric is None
        list(second)
        told = second.store.read_study("iris-target")
        assert (told.settings.metric, choice_sentences(told)) == (None, choice_sentences(before))
        after = second.result().records
    assert after.settings.metric == "f1"
    answer = study_answer(after)
    assert answer is not None and answer.validation is not None
    assert answer.validation.score == "f1"
    assert "chosen by" in choice_sentences(after)[0]


def test_an_answer_that_cannot_be_chosen_leaves_the_metric_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with session(tmp_path, references=False) as first:
        list(first)
        before = first.result().records

    def fail(*given: object) -> None:
        raise TrainingError("no such luck")

    with session(tmp_path, references=False, metric="f1") as second:
        list(second)
        monkeypatch.setattr("automl.tuning.answer_finding.cross_fit_by_metric", fail)
        after = second.result().records
        assert second.unscored is not None and "no such luck" in second.unscored
    assert after.settings.metric is None and study_answer(after) == study_answer(before)


@pytest.mark.parametrize("when", ["before", "while choosing", "while scoring"])
def test_a_call_that_says_no_metric_goes_by_the_one_that_another_has_said_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """It inherited one when it was opened, and neither writes that nor hands over by it."""
    with session(tmp_path, references=False, metric="accuracy") as first:
        list(first)
        first.result()

    def say_another(*given: object, **named: object) -> None:
        monkeypatch.undo()
        with session(tmp_path, references=False, metric="roc_auc") as other:
            list(other)
            other.result()

    def beside(name: str) -> None:
        own = getattr(scoring, name)

        def begin(*given: object) -> object:
            say_another()
            return own(*given)

        monkeypatch.setattr(scoring, name, begin)

    with session(tmp_path, references=False, n_trials=4) as running:
        if when == "before":
            say_another()
        list(running)
        if when != "before":
            beside("choose_answer" if when == "while choosing" else "evaluate_answer")
        result = running.result()
        assert running.unscored is None
    answer, records = result.answer, result.records
    assert records.settings.metric == "roc_auc" and len(records.trials) == 4
    assert answer.validation is not None and answer.validation.score == "roc_auc"
    assert result.evaluation is not None


def test_by_another_metric_references_that_cannot_be_had_again_are_kept(tmp_path: Path) -> None:
    """By all but the metric that they were not scored by; with references they are fitted anew."""

    def search(**options: object) -> EvaluationRecord:
        with session(tmp_path, n_trials=1, **options) as running:
            list(running)
            found = running.result().evaluation
        assert found is not None
        return found

    first = search()
    bare = search(metric="f1", references=False)
    assert bare.answer_id >= 0 and "f1" in bare.scores.keys() - first.scores.keys()
    assert {one.name for one in bare.references} == set(REFERENCE_NAMES)
    trees = bare.reference("boosted_trees")
    assert trees is not None and trees == first.reference("boosted_trees")
    assert bare.gain("guessing", "f1") is not None and bare.gain("boosted_trees", "f1") is None
    assert search(references=False) == bare
    full = search()
    assert full.gain("boosted_trees", "f1") is not None and full.scores == bare.scores


def test_columns_are_shuffled_once_and_again_where_a_kill_came_between(tmp_path: Path) -> None:
    with session(tmp_path, references=False) as first:
        list(first)
        before = first.result()
    assert len(before.column_importances) == 4
    with session(tmp_path, references=False) as second:
        list(second)
        assert second.result().records.importances == before.records.importances
    with closing(sqlite3.connect(tmp_path / "automl.db")) as database, database:
        database.execute("DELETE FROM automl_importances")  # as before they were written
    with session(tmp_path, references=False) as third:
        list(third)
        assert third.result().column_importances == before.column_importances


def test_where_no_time_is_left_columns_are_missed_and_the_score_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring, "AFTER_SCORES_SECONDS", 1e6)
    with session(tmp_path, references=False, timeout=60.0) as running:
        list(running)
        result = running.result()
    assert result.evaluation is not None and result.column_importances == ()
    assert "no time left for it" in missing_use(result.records)
    with session(tmp_path, references=False) as later:
        list(later)
        assert len(later.result().column_importances) == 4
