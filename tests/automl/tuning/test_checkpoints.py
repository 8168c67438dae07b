"""The states of trials in training: what is gone on from, and what is not."""

from __future__ import annotations

from automl.data import load_dataset
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


def test_a_state_that_is_ahead_of_the_stored_curve_is_not_gone_on_from(
    finished: SearchResult, finished_copy: str
) -> None:
    """A fold in another worker may be saved before its last epoch is told, and killed then."""
    number = next(t.number for t in finished.trials if t.outcome == "paused")
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
