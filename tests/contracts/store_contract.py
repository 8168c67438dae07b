"""What every store must do, whatever database is behind it."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

import optuna
import pytest

from storage.call_records import PolicyRecord, StopReason
from storage.errors import StorageError
from storage.records import (
    Advice,
    DataCheckRecord,
    Diagnosis,
    EpochRecord,
    LayerGradientRecord,
    SpaceChange,
    StudySettings,
)
from storage.score_records import (
    AnswerMember,
    AnswerRecord,
    ColumnImportance,
    CrossFitted,
    EvaluationRecord,
    ImportancesRecord,
    PairedDifference,
    ReferenceRecord,
)
from storage.store import Store


def settings(study_name: str = "study") -> StudySettings:
    return StudySettings(
        study_name=study_name,
        task="multiclass",
        loss="cross_entropy",
        target="species",
        data_source="iris.csv",
        data_fingerprint="f" * 64,
        split={"kind": "random", "fractions": [0.6, 0.2, 0.2], "group": None},
        space={"name": "mlp", "parameters": {"dropout": {"type": "float", "low": 0.0}}},
        max_epochs=50,
        patience=10,
        seed=2**40,
        class_names=("setosa", "virginica"),
        n_rows={"train": 90, "valid": 30, "test": 30},
        columns={"petal": "number"},
        target_error=0.05,
        command="automl search iris.csv",
        versions={"torch": "2.13"},
        created_at=1.5e9,
    )


def layers(n_layers: int = 2, scale: float = 1.0) -> tuple[LayerGradientRecord, ...]:
    return tuple(
        LayerGradientRecord(i, f"hidden {i + 1}", 0.1 * scale, 2.0, math.inf, 0.0, 1.0, 0.25, 0.5)
        for i in range(n_layers)
    )


def epoch(run_id: int, number: int) -> EpochRecord:
    return EpochRecord(
        run_id=run_id,
        epoch=number,
        step=12 * number,
        train_loss=1 / 3 / number,
        valid_loss=math.pi / number,
        valid_loss_standard_error=0.0123,
        train_metric=0.05,
        valid_metric=0.1,
        learning_rate=1e-4,
        gradient_norm=12.5,
        seconds=0.031,
        layers=layers() if number in (1, 2, 4) else (),
    )


def make_study(store: Store, name: str = "study") -> optuna.Study:
    return store.create_study(settings(name))


_SECOND_WRITER = """
import sys, optuna
from storage import open_store
from tests.contracts.store_contract import epoch
optuna.logging.set_verbosity(optuna.logging.ERROR)
store = open_store(sys.argv[1])
study = optuna.load_study(study_name="study", storage=store.optuna_storage)
for _ in range(15):
    trial = study.ask()
    run = store.runs.begin("study", trial_number=trial.number, purpose="search", seed=1)
    with store.transaction():
        store.runs.add_epochs([epoch(run.run_id, 1)])
        trial.report(1.0, 1)
    with store.transaction():
        store.runs.finish(run.run_id, "complete")
        study.tell(trial, 1.0)
store.close()
"""


class StoreContract:
    """Subclass it with a `reopen` fixture: each call closes the store and opens it again."""

    @pytest.fixture
    def reopen(self) -> Callable[[], Store]:
        raise NotImplementedError

    def test_settings_come_back(self, reopen: Callable[[], Store]) -> None:
        store = reopen()
        make_study(store)
        assert reopen().read_settings("study") == settings()

    def test_settings_are_written_once(self, reopen: Callable[[], Store]) -> None:
        store = reopen()
        make_study(store)
        with pytest.raises(optuna.exceptions.DuplicatedStudyError, match="already exists"):
            store.create_study(replace(settings(), seed=1))
        assert store.read_settings("study") == settings()

    def test_what_is_hoped_for_may_change(self, reopen: Callable[[], Store]) -> None:
        store = reopen()
        make_study(store)
        store.change_settings("study", target_error=0.02)
        assert reopen().read_settings("study") == replace(settings(), target_error=0.02)

    def test_study_of_optuna_alone_has_no_settings(self, reopen: Callable[[], Store]) -> None:
        store = reopen()
        optuna.create_study(study_name="plain", storage=store.optuna_storage)
        assert store.read_settings("plain") is None
        with pytest.raises(StorageError, match="made by Optuna alone"):
            store.read_study("plain")

    def test_missing_study_is_an_error_that_names_those_there_are(
        self, reopen: Callable[[], Store]
    ) -> None:
        store = reopen()
        make_study(store, "iris")
        with pytest.raises(StorageError, match=r"none named 'irsi' \(there are: iris\)"):
            store.read_study("irsi")

    def test_runs_and_epochs_come_back(self, reopen: Callable[[], Store]) -> None:
        store = reopen()
        study = make_study(store)
        trial = study.ask({"x": optuna.distributions.FloatDistribution(0, 1)})
        first = store.runs.begin(
            "study", trial_number=0, purpose="search", seed=2**62, n_parameters=3, label="a"
        )
        second = store.runs.begin(
            "study",
            trial_number=0,
            purpose="promote",
            seed=2,
            fold=1,
            rows_fraction=0.5,
            continues_run_id=first.run_id,
            attempt=2,
            params={"max_norm": None, "batch_size": "full"},
        )
        store.runs.add_initial_layers(first.run_id, layers(scale=0.5))
        for number in range(1, 24):
            store.runs.add_epochs([epoch(first.run_id, number), epoch(second.run_id, number)])
        store.runs.finish(first.run_id, "failed", "diverged")
        study.tell(trial, 0.25)
        records = reopen().read_study("study")
        assert records.runs == (replace(first, state="failed", cause="diverged"), second)
        for run in (first, second):
            expected = tuple(epoch(run.run_id, number) for number in range(1, 24))
            assert records.epochs[run.run_id] == expected
        assert records.initial_layers == {first.run_id: layers(scale=0.5)}
        assert records.trials[0].params == trial.params
        assert records.trials[0].value == 0.25
        assert records.trials[0].outcome == "complete"

    def test_parameters_may_be_counted_when_a_run_has_ended(
        self, reopen: Callable[[], Store]
    ) -> None:
        store = reopen()
        make_study(store).ask()
        for known, at_its_end in ((None, 7), (3, None), (None, None)):
            run = store.runs.begin(
                "study", trial_number=0, purpose="search", seed=1, n_parameters=known
            )
            store.runs.finish(run.run_id, "complete", n_parameters=at_its_end)
        runs = reopen().read_study("study").runs
        assert [run.n_parameters for run in runs] == [7, 3, None]

    def test_other_records_come_back_in_their_order(self, reopen: Callable[[], Store]) -> None:
        store = reopen()
        make_study(store)
        checks = [DataCheckRecord("leakage", f"column {i}", i / 2, {"with": "y"}) for i in (1, 2)]
        members = (AnswerMember(4, 0.75), AnswerMember(2, 0.25))
        gain = PairedDifference(0.02, 0.01, 0.0, 0.04)
        worth = CrossFitted(0.4, 0.3, 0.5, luck=0.01, n_candidates=2, gain=gain)
        answer = store.add_answer(
            "study", AnswerRecord("ensemble", members, 0, n_parameters=70, validation=worth)
        )
        evaluation = EvaluationRecord(
            answer_id=answer.answer_id,
            split="test",
            scores={"loss": 0.4, "accuracy": 0.9},
            intervals={"accuracy": (0.8, 0.95)},
            references=(
                ReferenceRecord("guessing", {"loss": 0.7, "accuracy": 0.5}),
                ReferenceRecord(
                    "linear_model",
                    {"loss": 0.6, "accuracy": 0.7},
                    {"accuracy": (0.6, 0.8)},
                    network_gains={"accuracy": PairedDifference(0.2, 0.05, 0.1, 0.3)},
                    guessing_gains={"accuracy": PairedDifference(0.2, 0.05, 0.11, 0.3)},
                ),
            ),
            evaluated_at=5.0,
        )
        importances = ImportancesRecord(
            answer_id=answer.answer_id,
            columns=(
                ColumnImportance("age", {"loss": gain, "accuracy": gain}, {"born": 0.97}),
                ColumnImportance("born", {"loss": PairedDifference(0.0, 0.0, 0.0, 0.0)}),
            ),
            n_columns=3,
            n_rows=50,
            n_repeats=5,
            measured_at=6.0,
            metric="accuracy",
        )
        unknown = ImportancesRecord(answer.answer_id, missing_because="there was no time")
        advice = (Advice("Train longer.", (SpaceChange("max_epochs", "100"),)), Advice("Rest."))
        old = Diagnosis("high_bias", "problem", "Too small.")
        new = [
            Diagnosis("good_fit", "good", "Fine.", {"gap": 0.01, "curve": [1, 2]}, advice),
            Diagnosis("diverged", "warning", "Too fast.", trial_number=3),
        ]
        policies = [
            PolicyRecord(0, "tpe", "median", timeout=60.0, target_loss=0.1),
            PolicyRecord(7, "random", "none", n_trials=9, max_epochs_total=50, patience_trials=3),
        ]
        stops = [
            StopReason("timeout", {"timeout": 60.0}, ended_at=7.0, n_trials=7),
            StopReason("max_epochs_total", {"max_epochs_total": 50, "n_epochs": 50}, 8.0, 8),
        ]
        before = store.read_study("study")
        store.add_data_checks("study", checks)
        store.add_data_checks("study", [])
        store.add_evaluation("study", evaluation)
        store.add_importances("study", importances)
        store.add_importances("study", unknown)
        store.replace_diagnoses("study", [old])
        store.replace_diagnoses("study", new)
        for policy in policies:
            store.calls.add("study", policy)
        for stop in stops:
            store.calls.add("study", stop)
        records = reopen().read_study("study")
        assert records.data_checks == tuple(checks)
        assert records.answers == (answer,) == reopen().read_answers("study")
        assert records.evaluations == (evaluation,)
        assert records.importances == (importances, unknown)
        assert records.diagnoses == tuple(new)
        assert records.policies == tuple(policies)
        assert records.stops == tuple(stops)
        assert store.refreshed(before) == records
        reopen().change_settings("study", target_error=0.25)
        assert store.refreshed(before) == reopen().read_study("study")

    def test_what_others_have_ended_meanwhile_is_read_again(
        self, reopen: Callable[[], Store]
    ) -> None:
        store, other = reopen(), reopen()
        first = make_study(store).ask()
        before = store.read_study("study")
        run = other.runs.begin("study", trial_number=first.number, purpose="search", seed=1)
        other.runs.add_epochs([epoch(run.run_id, 1)])
        other.optuna_storage.set_trial_state_values(
            first._trial_id, optuna.trial.TrialState.COMPLETE, [0.5]
        )
        other.flush()
        after = store.refreshed(before)
        assert after == reopen().read_study("study")
        assert [one.outcome for one in after.trials] == ["complete"] and after.epochs

    def test_studies_do_not_see_each_other(self, reopen: Callable[[], Store]) -> None:
        store = reopen()
        for name in ("one", "two"):
            make_study(store, name).ask()
            run = store.runs.begin(name, trial_number=0, purpose="search", seed=1)
            store.runs.add_epochs([epoch(run.run_id, 1)])
        assert store.study_names() == ("one", "two")
        one, two = store.read_study("one"), store.read_study("two")
        assert one.runs[0].run_id != two.runs[0].run_id
        assert one.epochs.keys() == {one.runs[0].run_id}

    def test_deleted_study_leaves_nothing_to_its_successor(
        self, reopen: Callable[[], Store]
    ) -> None:
        store = reopen()
        make_study(store).ask()
        run = store.runs.begin("study", trial_number=0, purpose="search", seed=1)
        store.runs.add_epochs([epoch(run.run_id, 1)])
        store.delete_study("study")
        make_study(store).ask()
        records = reopen().read_study("study")
        assert records.runs == ()
        assert records.epochs == {}
        assert len(records.trials) == 1

    def test_two_processes_may_write_one_study(self, reopen: Callable[[], Store]) -> None:
        store = reopen()
        study = make_study(store)
        other = subprocess.Popen([sys.executable, "-c", _SECOND_WRITER, store.url])
        for _ in range(15):
            trial = study.ask()
            run = store.runs.begin("study", trial_number=trial.number, purpose="search", seed=1)
            store.runs.add_epochs([epoch(run.run_id, 1)])
            trial.report(1.0, 1)
            study.tell(trial, 1.0)
            store.runs.finish(run.run_id, "complete")
        assert other.wait() == 0
        records = reopen().read_study("study")
        assert [trial.number for trial in records.trials] == list(range(30))
        assert {trial.state for trial in records.trials} == {"COMPLETE"}
        assert sorted(run.trial_number for run in records.runs) == list(range(30))
        assert {run.state for run in records.runs} == {"complete"}
        assert len(records.epochs) == 30
