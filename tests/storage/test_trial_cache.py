from __future__ import annotations

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial

from storage.trial_cache import StudyTrials, changed


def trial(number: int, state: TrialState) -> FrozenTrial:
    made = create_trial(state=state, value=1.0 if state is TrialState.COMPLETE else None)
    made.number = number
    made._trial_id = 100 + number
    return made


@pytest.fixture
def trials() -> StudyTrials:
    states = (TrialState.COMPLETE, TrialState.RUNNING, TrialState.PRUNED, TrialState.WAITING)
    trials = StudyTrials(study_id=1, deletions=0)
    trials.put([trial(number, states[number % 4]) for number in range(8)])
    return trials


def numbers(found: list[FrozenTrial]) -> list[int]:
    return [one.number for one in found]


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        (None, [0, 1, 2, 3, 4, 5, 6, 7]),
        ((), []),
        ((TrialState.COMPLETE,), [0, 4]),
        ([TrialState.RUNNING], [1, 5]),
        ((TrialState.RUNNING, TrialState.WAITING), [1, 3, 5, 7]),
        ({TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING}, [0, 1, 2, 4, 5, 6]),
        ((TrialState.FAIL,), []),
    ],
)
def test_trials_are_selected_by_state_in_their_order(
    trials: StudyTrials, states: tuple[TrialState, ...] | None, expected: list[int]
) -> None:
    assert numbers(trials.select(states)) == expected


def test_trial_that_ends_early_takes_its_place_by_number(trials: StudyTrials) -> None:
    for number in (5, 1):
        trials.put([changed(trials[number], state=TrialState.COMPLETE, values=[2.0])])
    assert numbers(trials.select((TrialState.COMPLETE,))) == [0, 1, 4, 5]
    assert sorted(trials.unfinished.values()) == [3, 7]
    assert len(trials) == 8


def test_list_that_was_given_out_is_the_callers(trials: StudyTrials) -> None:
    for states in (None, (TrialState.COMPLETE,)):
        trials.select(states).clear()
        assert trials.select(states)


def test_watermark_is_the_last_trial_read(trials: StudyTrials) -> None:
    assert trials.last_trial_id == 107
    trials.put([changed(trials[1], state=TrialState.FAIL)])
    assert trials.last_trial_id == 107


def test_changed_copy_leaves_the_trial_alone(trials: StudyTrials) -> None:
    before = trials[1]
    trials.replace(changed(before, user_attrs={"a": 1}))
    assert trials[1].user_attrs == {"a": 1}
    assert before.user_attrs == {}
    assert type(trials[1]) is FrozenTrial


def test_distribution_keeps_its_kind(trials: StudyTrials) -> None:
    trials.check_distribution("x", FloatDistribution(0, 1))
    trials.check_distribution("x", FloatDistribution(0, 2))
    with pytest.raises(ValueError, match="different distribution kind"):
        trials.check_distribution("x", CategoricalDistribution(("a",)))


def test_what_was_read_is_told_by_when_and_as_it_is_by_now(trials: StudyTrials) -> None:
    assert trials.read_since(-1) == []
    trials.note_read([trials[5], trials[1]], 3)
    trials.note_read([trials[2], trials[5]], 4)
    assert trials.seen_changes == 4
    trials.replace(changed(trials[1], user_attrs={"a": 1}))
    assert numbers(trials.read_since(2)) == [1, 2, 5]
    assert trials.read_since(2)[0].user_attrs == {"a": 1}
    assert numbers(trials.read_since(3)) == [2, 5]
    assert trials.read_since(4) == []


def test_only_what_differs_from_what_is_known_is_news(trials: StudyTrials) -> None:
    again = changed(trials[1], user_attrs=dict(trials[1].user_attrs))
    other = changed(trials[5], user_attrs={"a": 1})
    assert numbers(trials.news_in([again, other, trial(8, TrialState.RUNNING)])) == [5, 8]


@pytest.mark.parametrize("state", [TrialState.RUNNING, TrialState.COMPLETE, TrialState.PRUNED])
def test_trial_that_goes_on_after_its_end_is_in_one_place(
    trials: StudyTrials, state: TrialState
) -> None:
    trials.put([changed(trials[2], state=state)])
    places = {one: numbers(trials.select((one,))) for one in TrialState}
    assert [one for one, found in places.items() if 2 in found] == [state]
    assert sum(map(len, places.values())) == 8
