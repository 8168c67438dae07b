"""Training for the answer within the time of a call, and without any."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from automl.commands_to_type import reproducing_command, trained_calls
from automl.diagnostics.choice import NO_TIME, OVERTAKEN, STOPPED, choice_sentences
from automl.session import answer_training
from automl.session.answer_training import AnswerTraining
from automl.session.search_session import SearchSession
from automl.tuning.keeping import Keeper
from automl.tuning.network_problem import NetworkProblem
from automl.tuning.retrained import seconds_of_sets
from storage import open_store
from storage.errors import ArtifactError
from storage.records import RunRecord
from storage.score_records import N_SEEDS
from tests.automl.session.sessions import session
from tests.automl.tuning.searches import complete_another


def trained(running: SearchSession) -> list[RunRecord]:
    """The runs that were made for the answer."""
    records = running.store.read_study(running.call.study_name)
    return [run for run in records.runs if run.purpose in ("seeds", "refit")]


def test_without_time_the_best_trial_is_handed_over_and_the_next_call_trains_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(AnswerTraining, "_seconds_left", 0.0)
        with session(tmp_path, answer="seeds") as without_time:
            list(without_time)
            assert trained(without_time) == []
            result = without_time.result()
    assert result.answer.kind == "single" and result.evaluation is not None
    assert any("no time to train for it" in one for one in choice_sentences(result.records))
    with session(tmp_path, answer="seeds") as later:
        said = [message for progress in later for message in progress.messages]
        assert f"{N_SEEDS} networks of the answer: training" in said
        assert later.result().answer.kind == "seeds"


def test_a_refit_of_a_finished_search_that_had_no_time_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with session(tmp_path, answer="single") as finished:
        list(finished)
        finished.result()
    monkeypatch.setattr(AnswerTraining, "_seconds_left", 0.0)
    with session(tmp_path, answer="refit", timeout=60.0) as running:
        list(running)
        records = running.result().records
    assert [(one.answer, one.searches) for one in records.policies] == [
        ("single", True),
        ("refit", False),
    ]
    (said,) = [one for one in choice_sentences(records) if "A refit" in one]
    assert "no time to train for it" in said
    repeated = reproducing_command(records)
    assert repeated.is_exact and "--answer refit" in repeated.command
    assert trained_calls(records) == records.policies[:1]


def test_as_many_seeds_are_trained_as_there_is_time_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answer_training, "seconds_of_sets", lambda *which: 10.0 * which[-1])
    monkeypatch.setattr(AnswerTraining, "_seconds_left", 25.0)
    with session(tmp_path, answer="seeds") as running:
        list(running)
        assert [run.label for run in trained(running)] == ["seed 0", "seed 1"]
        result = running.result()
    assert len(result.answer.members) == 3
    said = choice_sentences(result.records)
    assert any("4 further seeds, but 2 are there: there was no time" in one for one in said)


def test_time_is_planned_by_what_the_best_trial_takes(tmp_path: Path) -> None:
    with session(tmp_path, answer="seeds", timeout=600.0) as running:
        monitored = running._answer
        assert monitored.seconds_after == 0.0 and monitored.estimated_seconds == 0.0
        list(running)
        assert len(trained(running)) == N_SEEDS
        progress = running.last_progress
        assert progress is not None and progress.best_number is not None
        monitored._is_time_to_look = answer_training.Interval(0.0)
        monitored.follow(progress, has_references=True, busyness=1.0)
        assert 0.0 < monitored.seconds_after < 5.0
        records = running.store.read_study(running.call.study_name)
        expected = seconds_of_sets(records, progress.best_number, "seeds", N_SEEDS)
        assert monitored.estimated_seconds == pytest.approx(expected) and expected > 0.0


def test_nothing_is_planned_without_a_timeout_or_where_nobody_asks(tmp_path: Path) -> None:
    with session(tmp_path, answer="seeds") as endless:
        assert math.isinf(endless._answer._seconds_left) and endless._answer.is_wanted
        list(endless)
        assert endless._answer.estimated_seconds == 0.0
    with session(tmp_path, answer="auto") as other:
        list(other)
        assert not other._answer.is_wanted and len(trained(other)) == N_SEEDS


def test_a_person_who_stops_the_search_waits_for_no_training(tmp_path: Path) -> None:
    with session(tmp_path, n_trials=50, slots=2, answer="refit") as running:
        for progress in running:
            if progress.n_complete:
                running.stop()
        assert trained(running) == []
        result = running.result()
    assert result.answer.kind == "single"
    assert any(STOPPED in one for one in choice_sentences(result.records))


def test_weights_that_cannot_be_kept_leave_the_best_trial(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*arguments: object) -> None:
        raise ArtifactError("no space left")

    with session(tmp_path, answer="refit") as running:
        whole = running.store.artifacts.write_weights
        monkeypatch.setattr(
            running.store.artifacts,
            "write_weights",
            lambda *values: full() if values[-1] == "answer_weights" else whole(*values),
        )
        list(running)
        result = running.result()
    assert result.answer.kind == "single"
    assert "the networks of the answer cannot be kept: no space left" in caplog.text
    said = choice_sentences(result.records)
    assert any("its networks cannot be kept: no space left." in one for one in said)


def test_training_for_an_answer_ends_with_the_time_of_the_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deadlines = []

    def watched(*arguments: Any, **named: Any) -> Any:
        deadlines.append(named["deadline"])
        return train_beside(*arguments, **named)

    train_beside = answer_training.train_beside
    monkeypatch.setattr(answer_training, "train_beside", watched)
    with session(tmp_path, answer="seeds") as endless:
        list(endless)
    with session(tmp_path, answer="refit", timeout=600.0) as limited:
        list(limited)
        left = limited._answer._seconds_left
        assert deadlines == [None, pytest.approx(time.monotonic() + left, abs=1.0)]
        assert limited.result().answer.kind == "refit"


def test_what_time_has_cut_off_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AnswerTraining, "_deadline", time.monotonic())
    with session(tmp_path, answer="refit") as running:
        list(running)
        result = running.result()
    assert result.answer.kind == "single"
    assert any(NO_TIME in one for one in choice_sentences(result.records))
    monkeypatch.undo()
    with session(tmp_path, answer="refit") as again:
        list(again)
        assert again.result().answer.kind == "refit"
        assert again.store.read_study(again.call.study_name).policies[-1].untrained is None


def test_another_process_keeps_what_it_trained_for_a_better_trial(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It tells that trial while this one trains for the answer of the best that it knew."""
    train_beside, theirs = answer_training.train_beside, []

    def beside_another_process(*arguments: Any, **named: Any) -> Any:
        ended = train_beside(*arguments, **named)
        with open_store(running.store.url) as store:
            problem = running.call.problem
            assert isinstance(problem, NetworkProblem)
            keeper = Keeper(store, problem, 5)
            better = complete_another(store, problem, keeper, value=1e-9)
            (run,) = store.read_study(problem.study_name).search_runs(better.number)
            (config,) = problem.plan(better.number, problem.space.complete(better.params))
            config = replace(config, run_id=run.run_id)
            weights = {"weight": np.ones(3, dtype=np.float32)}
            with keeper.files.written_for_answer([config], [weights]) as written:
                keeper.files.keep_for_answer(written)
            theirs.append((better.number, run.run_id))
        return ended

    monkeypatch.setattr(answer_training, "train_beside", beside_another_process)
    with session(tmp_path, answer="refit") as running:
        list(running)
        records = running.store.read_study(running.call.study_name)
    kept = records.kept_artifacts("answer_weights")
    assert [(one.trial_number, one.run_id) for one in kept] == theirs
    last = records.policies[-1]
    assert (last.untrained, last.untrained_trial) == (OVERTAKEN, theirs[0][0])


def test_networks_that_another_process_has_trained_meanwhile_are_kept_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train_beside = answer_training.train_beside

    def beside_another_process(*arguments: Any, **named: Any) -> Any:
        ended = train_beside(*arguments, **named)
        monkeypatch.undo()
        with session(tmp_path, answer="seeds") as other:
            list(other)
        return ended

    monkeypatch.setattr(answer_training, "train_beside", beside_another_process)
    with session(tmp_path, answer="seeds") as running:
        list(running)
        assert len(trained(running)) == 2 * N_SEEDS
        records = running.store.read_study(running.call.study_name)
        assert len(records.kept_artifacts("answer_weights")) == N_SEEDS
        assert running.result().answer.kind == "seeds"


def test_others_can_write_while_networks_are_read_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the transaction only rows are: with the lock, all others would wait for the disk."""
    slow: list[tuple[str, bool]] = []
    with session(tmp_path, answer="seeds") as running:
        store = running.store

        def watch(owner: object, name: str) -> None:
            real = getattr(owner, name)

            def watched(*arguments: Any) -> Any:
                slow.append((name, store._database.in_transaction))
                return real(*arguments)

            monkeypatch.setattr(owner, name, watched)

        keep = AnswerTraining._keep

        def watched_keep(*arguments: Any) -> None:
            watch(store, "read_study")
            watch(store.artifacts, "is_whole")
            watch(store.artifacts, "write_weights")
            keep(*arguments)
            monkeypatch.undo()

        monkeypatch.setattr(AnswerTraining, "_keep", watched_keep)
        list(running)
        assert running.result().answer.kind == "seeds"
    names = [name for name, _ in slow]
    assert names.count("write_weights") == N_SEEDS and "read_study" in names
    assert not any(is_locked for _, is_locked in slow)


def test_what_others_keep_between_a_look_and_the_lock_is_looked_at_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing_sets, looks = answer_training.missing_sets, []

    def beside_another_process(*arguments: Any) -> Any:
        found = missing_sets(*arguments)
        looks.append(len(found))
        if len(looks) == 2:  # the first one says what is to be trained
            with session(tmp_path, answer="seeds") as other:
                monkeypatch.setattr(answer_training, "missing_sets", missing_sets)
                list(other)
                monkeypatch.setattr(answer_training, "missing_sets", beside_another_process)
        return found

    monkeypatch.setattr(answer_training, "missing_sets", beside_another_process)
    with session(tmp_path, answer="seeds") as running:
        list(running)
        records = running.store.read_study(running.call.study_name)
        kept = records.kept_artifacts("answer_weights")
        assert looks == [N_SEEDS, N_SEEDS, 0] and len(kept) == N_SEEDS
        folder = running.store.artifacts.folder.path
        known = {one.artifact_id for one in records.artifacts if one.removed_at is None}
        assert {path.name for path in folder.iterdir()} <= known


def test_a_person_who_stops_a_refit_does_not_wait_for_its_round(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It trains in a worker of its own, which the search does not know."""
    train_beside, interrupted = answer_training.train_beside, []

    def stopped(*arguments: Any, **named: Any) -> Any:
        executor = arguments[2]
        monkeypatch.setattr(executor, "interrupt", lambda: interrupted.append(executor))
        running.stop()
        assert executor in interrupted
        return train_beside(*arguments, **named)

    monkeypatch.setattr(answer_training, "train_beside", stopped)
    with session(tmp_path, answer="refit") as running:
        list(running)
        running.stop()  # its worker is gone
        result = running.result()
    assert len(interrupted) == 1 and result.answer.kind == "single"
    assert any(STOPPED in one for one in choice_sentences(result.records))
