"""What a search is limited by, counted in the virtual order."""

from __future__ import annotations

import math
from typing import Any

import optuna
import pytest

import search_spaces
from automl.options.search_options import SearchOptions
from automl.tuning.policies.policy import TrialState, TrialView, View
from automl.tuning.stopping import Stopping, stopping_of
from automl.tuning.study_view import TURN
from automl.tuning.tally import Tally

SPACE = search_spaces.load("mlp")


def view_with(*losses: list[float], states: tuple[TrialState, ...] = ()) -> View:
    view = View(SPACE, seed=0, max_epochs=50, cost=lambda params: 1.0)
    for number, of_trial in enumerate(losses):
        state = states[number] if number < len(states) else "training"
        view.trials[number] = TrialView(number, {}, state, list(of_trial))
    return view


def stopping(view: View, n_tried_at_best: int = 0, **limits: Any) -> Stopping:
    return Stopping(SearchOptions(**limits), view, n_tried_at_best)


def have(found: Stopping, view: View, number: int, loss: float) -> None:
    """A round has one epoch of one trial."""
    view.trials[number].losses.append(loss)
    found.note_epoch(number)
    found.end_round()


def end(found: Stopping, view: View, number: int, state: TrialState) -> None:
    view.trials[number].state = state
    found.note_state(number, state)


def because(found: Stopping) -> str | None:
    return None if found.reason is None else found.reason.because


def test_without_limits_nothing_ends_a_search() -> None:
    view = view_with([0.1], [0.2], states=("complete", "pruned"))
    found = stopping(view)
    assert (because(found), found.epochs_left, found.limit(4, None, 10)) == (None, None, None)
    assert found.part_left == 1.0
    assert found.most_startable(7) == 7


def test_epochs_of_all_trials_count_those_of_earlier_calls_too() -> None:
    view = view_with([3.0, 2.0], [4.0], states=("complete", "training"))
    found = stopping(view, max_epochs_total=5)
    assert (found.n_epochs, found.epochs_left, found.epoch_counts) == (3, 2, [(0, 2)])
    assert found.part_left == 2 / 5
    have(found, view, 1, 3.0)
    assert because(found) is None
    have(found, view, 1, 2.0)
    assert found.reason is not None
    assert found.reason.details == {"max_epochs_total": 5, "n_epochs": 5}


def test_trials_are_counted_once_they_were_tried_and_stay_so() -> None:
    view = view_with([3.0, 2.0], [4.0], [1.0], states=("complete", "training", "training"))
    found = stopping(view, n_trials=5)
    assert (found.n_tried, found.trial_counts) == (1, [(0, 4)])
    for state in ("paused", "training"):
        found.note_state(1, state)
        assert (found.n_tried, found.trial_counts) == (2, [(1, 3)])
    found.take_over(2, is_tried=True)
    assert found.trial_counts == [(2, 2)]


def test_no_more_trials_start_than_can_have_an_epoch() -> None:
    view = view_with([3.0, 2.0], [], [])  # two have begun and had none
    assert stopping(view, max_epochs_total=7).most_startable(10) == 3
    assert stopping(view, max_epochs_total=7).most_startable(2) == 2
    assert stopping(view, max_epochs_total=3).most_startable(10) == 0


def test_towards_the_end_of_all_epochs_no_trial_trains_far_ahead() -> None:
    view = view_with([1.0] * 80, states=("complete",))
    plenty, little = (stopping(view, max_epochs_total=n) for n in (1000, 100))
    assert plenty.limit(4, 16, n_slots=10) == 16
    assert little.limit(4, 16, n_slots=10) == 6
    assert little.limit(4, None, n_slots=10) == 6
    assert little.limit(4, 5, n_slots=10) == 5


def test_a_loss_that_is_enough_is_that_of_a_trial_that_can_be_complete() -> None:
    view = view_with(
        [0.1], [0.1], [0.3], [math.nan, 0.5], states=("failed", "pruned", "complete", "paused")
    )
    found = stopping(view, target_loss=0.2)
    assert because(found) is None
    have(found, view, 3, 0.2)
    have(found, view, 2, 0.2)
    assert found.reason is not None
    assert found.reason.details == {"target_loss": 0.2, "trial_number": 2, "valid_loss": 0.2}
    assert because(stopping(view, target_loss=0.2)) == "target_loss"  # told again from the study
    assert because(stopping(view, target_loss=0.19)) is None


def test_trials_without_gain_count_from_the_round_of_the_best_loss() -> None:
    view = view_with([0.5], [0.9], [0.9], [0.9])
    found = stopping(view, patience_trials=2)
    view.trials[1].losses.append(0.4)  # the best of a round in which two others end
    found.note_epoch(1)
    end(found, view, 2, "pruned")
    end(found, view, 3, "failed")
    assert found.end_round() == 2
    assert because(found) is None
    end(found, view, 0, "paused")
    end(found, view, 0, "training")
    end(found, view, 0, "paused")  # counts once
    assert because(found) is None
    end(found, view, 1, "complete")
    assert found.reason is not None
    assert found.reason.details == {"patience_trials": 2, "n_since": 2}
    again = stopping(view, n_tried_at_best=2, patience_trials=2)
    assert because(again) == "patience_trials"


def test_one_that_went_on_when_a_call_ended_has_been_tried() -> None:
    study = optuna.create_study()
    trial = study.ask()
    view = view_with([0.5])
    assert stopping_of(study, SearchOptions(), view).n_tried == 0
    study._storage.set_trial_system_attr(trial._trial_id, TURN, (4, 1))
    assert stopping_of(study, SearchOptions(), view).n_tried == 1


def test_only_a_better_loss_is_a_gain() -> None:
    view = view_with([0.5], [0.9])
    found = stopping(view, patience_trials=1)
    view.trials[1].losses.append(0.5)
    found.note_epoch(1)
    end(found, view, 1, "pruned")
    assert found.end_round() is None
    assert because(found) == "patience_trials"


def test_what_another_coordinator_has_completed_is_to_be_beaten_too() -> None:
    view = view_with([0.3], [0.5], states=("paused", "training"))
    found = stopping(view)
    view.trials[1] = TrialView(1, {}, "complete", [0.5, 0.2])
    found.take_over(1, is_tried=True)
    assert found.standing.best_unfinished(0.4) is None
    view.trials[0].losses += [0.1]
    found.note_epoch(0)
    assert found.standing.best_unfinished(0.4) == (0, 0.1)


def test_what_another_coordinator_has_found_counts() -> None:
    view = view_with([0.5], [0.9], states=("training", "pruned"))
    found = stopping(view, target_loss=0.2, patience_trials=3)
    view.trials[0].losses += [0.4]
    found.take_over(0, is_tried=True)  # it pauses there
    assert found.end_round() == 2
    for number in (2, 3):
        view.trials[number] = TrialView(number, {}, "pruned", [0.9])
        found.take_over(number, is_tried=True)
    assert because(found) is None
    view.trials[4] = TrialView(4, {}, "complete", [0.9, 0.3])
    found.take_over(4, is_tried=True)
    assert (found.end_round(), because(found)) == (5, None)
    view.trials[0].losses += [0.2]
    found.take_over(0, is_tried=False)
    assert because(found) == "target_loss"


@pytest.mark.parametrize(
    ("limits", "n_asked", "is_stopped", "is_time_up", "expected"),
    [
        ({"n_trials": 3}, 3, False, False, "n_trials"),
        ({"n_trials": 3}, 3, False, True, "n_trials"),
        ({"n_trials": 9}, 3, False, False, "nothing_to_gain"),
        ({"n_trials": 9}, 3, True, False, "interrupted"),
        ({"timeout": 9.0}, 3, False, True, "timeout"),
        ({"timeout": 9.0}, 3, False, False, "nothing_to_gain"),
        ({"max_epochs_total": 3}, 3, True, True, "max_epochs_total"),
    ],
)
def test_the_first_reason_is_kept(
    limits: dict[str, Any], n_asked: int, is_stopped: bool, is_time_up: bool, expected: str
) -> None:
    view = view_with([0.1], [0.2], [0.3], states=("complete", "pruned", "pruned"))
    tally = Tally(n_asked=n_asked)
    for number, kind in enumerate(("complete", "pruned", "pruned")):
        tally.note(number, kind)
    found = stopping(view, **limits).reason_of_end(
        tally, is_stopped=is_stopped, is_time_up=is_time_up
    )
    assert found.because == expected
    assert found.details.get(expected) == limits.get(expected)
