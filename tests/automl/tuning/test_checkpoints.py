"""The states of trials in training: what is gone on from, and what is not."""

from __future__ import annotations

from automl.data import LoadedData, load_dataset
from automl.executors.choosing import make_executor
from automl.result import SearchResult
from automl.training.config import RunConfig, configure
from automl.training.trainer import Checkpoint
from automl.tuning.adoption import AdoptedTrial
from automl.tuning.keeping import Keeper
from automl.tuning.network_problem import NetworkProblem
from automl.tuning.run_in_training import RunInTraining
from automl.tuning.study import open_study
from automl.tuning.trial_in_training import TrialInTraining
from storage import open_store


def best_paused(finished: SearchResult) -> int:
    """The paused trial whose state is kept, where one is."""
    paused = [one for one in finished.trials if one.outcome == "paused" and one.value is not None]
    return min(paused, key=lambda trial: trial.value or 0.0).number


def test_a_state_that_is_ahead_of_the_stored_curve_is_not_gone_on_from(
    finished: SearchResult, finished_copy: str
) -> None:
    """A fold in another worker may be saved before its last epoch is told, and killed then."""
    number = best_paused(finished)
    (before,) = finished.records.search_runs(number)
    epochs = finished.records.epochs[before.run_id]
    checkpoints = tuple(
        one for one in finished.records.kept_artifacts("checkpoint") if one.trial_number == number
    )
    assert checkpoints
    model, training = configure({}, family="mlp", max_epochs=6, patience=6)
    run = RunConfig(99, number, "mlp", model, training, before.seed)
    problem = NetworkProblem(finished.records.settings, load_dataset("sklearn:iris").dataset)
    with open_store(finished_copy) as store:
        keeper = Keeper(store, problem, 1)
        later = 98  # a run of the next attempt, which was killed before it saved a state
        for known, last, is_continued in (
            (epochs, before.run_id, True),
            (epochs, later, True),
            (epochs[:-1], before.run_id, False),
        ):
            handle = store.adoption.open_again(
                open_study(store, finished.records.settings), number
            )
            trial = TrialInTraining(handle, {}, {99: RunInTraining(run)})
            adopted = AdoptedTrial(
                handle,
                n_attempts=2,
                n_reported=0,
                run_ids={0: last},
                epochs={before.run_id: known},
                folds={before.run_id: 0, later: 0},
                checkpoints=checkpoints,
            )
            (start,) = keeper.checkpoints.continuations(trial, adopted)
            assert isinstance(start, Checkpoint) is is_continued
            assert len(trial.runs[99].curve) == (len(epochs) if is_continued else 0)


def test_a_state_of_a_later_attempt_takes_the_place_of_those_before(
    finished: SearchResult, finished_copy: str, iris: LoadedData
) -> None:
    """Where a trial is killed again and again, only its last state is of use."""
    number = best_paused(finished)
    (before,) = finished.records.search_runs(number)
    model, training = configure({}, family="mlp", max_epochs=6, patience=6)
    run = RunConfig(99, number, "mlp", model, training, before.seed)
    with open_store(finished_copy) as store, make_executor(iris.dataset, workers=1) as executor:
        settings = finished.records.settings

        def files() -> list[int | None]:
            artifacts = store.artifacts.list(settings.study_name)
            return [one.run_id for one in artifacts if one.trial_number == number]

        keeper = Keeper(store, NetworkProblem(settings, iris.dataset), 1)
        checkpoints = tuple(
            one
            for one in finished.records.kept_artifacts("checkpoint")
            if one.trial_number == number
        )
        handle = store.adoption.open_again(open_study(store, settings), number)
        trial = TrialInTraining(handle, {}, {99: RunInTraining(run)}, attempt=2)
        adopted = AdoptedTrial(
            handle,
            n_attempts=1,
            n_reported=0,
            run_ids={0: before.run_id},
            epochs={before.run_id: finished.records.epochs[before.run_id]},
            folds={before.run_id: 0},
            checkpoints=checkpoints,
        )
        executor.start(keeper.checkpoints.continuations(trial, adopted))
        assert files() == [before.run_id]
        keeper.checkpoints.save([trial], executor)
        assert files() == [99]
        lost = AdoptedTrial(handle, n_attempts=2, n_reported=0)  # its worker has died
        keeper.checkpoints.continuations(trial, lost)
        keeper.checkpoints.discard_of(number)
        assert files() == []
