"""What a search knows of a study that others search as well."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from automl.data import LoadedData
from automl.tuning.policies.policy import Continue, Decision, Start, View
from automl.tuning.policies.promotion import Promotion
from automl.tuning.search import Search
from automl.tuning.tally import Tally
from storage import Store, open_store
from tests.automl.tuning.searches import make_search, settings_for

HOW: dict[str, Any] = {"policy": "promotion", "n_slots": 2, "keep_models": 1}


@pytest.fixture
def other(store: Store, tmp_path: Path) -> Iterator[Store]:
    """Another process on the same file, as far as the file can tell."""
    with open_store(f"sqlite:///{tmp_path}/automl.db") as other:
        yield other


class PausesForGood(Promotion):
    """Goes on with nothing."""

    def next(self, view: View, n_free: int) -> Sequence[Decision]:
        return [Start(None)] * min(n_free, view.n_startable)


class GoesOn(Promotion):
    """Goes on with all that pauses, and starts nothing."""

    def next(self, view: View, n_free: int) -> Sequence[Decision]:
        paused = [one.number for one in view.trials.values() if one.can_go_on]
        return [Continue(number) for number in paused[:n_free]]


@pytest.fixture
def ended(store: Store, iris: LoadedData) -> Search:
    """A search that has told all of its trials, all but one as pausing."""
    search = make_search(store, iris, settings_for(iris, max_epochs=9), n_trials=8, **HOW)
    search.state.decider.policy = PausesForGood(max_epochs=9)
    list(search)
    assert (search.state.tally.n_complete, search.state.tally.n_paused) == (1, 7)
    return search


@pytest.mark.parametrize(("policy", "is_told"), [("promotion", False), ("optuna", True)])
def test_how_long_is_left_is_told_by_trials_only_where_none_go_on_after_a_pause(
    store: Store, iris: LoadedData, policy: str, is_told: bool
) -> None:
    how = {"n_trials": 4, "n_slots": 1, "policy": policy}
    search = make_search(store, iris, settings_for(iris), **how)
    estimates = [progress.time_left for progress in search if 0 < progress.n_tried < 4]
    assert estimates
    assert any(left is not None and left.is_estimate for left in estimates) is is_told


def counts(tally: Tally) -> dict[str, int]:
    names = ("n_complete", "n_pruned", "n_paused", "n_failed", "n_refused", "n_ended", "n_asked")
    return {name: getattr(tally, name) for name in names}


def test_two_coordinators_count_the_same_and_know_the_same_best(
    store: Store, other: Store, iris: LoadedData, ended: Search
) -> None:
    """The second one goes on with trials that the first has told, and completes better ones."""
    settings = settings_for(iris, max_epochs=9)
    second = make_search(other, iris, settings, n_trials=8, **HOW)
    second.state.decider.policy = GoesOn(max_epochs=9)
    progress = list(second)[-1]
    ended.state.look_at_others()
    assert (
        counts(ended.state.tally)
        == counts(second.state.tally)
        == counts(Tally.of(second.state.study))
    )
    assert progress.n_tried == ended.state.decider.stopping.n_tried == 8
    assert counts(second.state.tally)["n_complete"] == 8
    assert {one.state for one in ended.state.decider.view.trials.values()} == {"complete"}
    best = store.read_study("iris").best_trial
    assert best is not None and best == other.read_study("iris").best_trial
    assert ended.state.tally.best is not None and ended.state.tally.best.number == best.number
    weights = store.read_study("iris").kept_artifacts("weights")
    assert [one.trial_number for one in weights] == [best.number]


def test_own_trials_are_not_taken_over_from_the_file(
    store: Store, other: Store, iris: LoadedData
) -> None:
    """What a round has not had yet is in the file by then, and is not for the policy."""
    search = make_search(store, iris, settings_for(iris), n_trials=4, **HOW)
    search._decide()
    view = search.state.decider.view.trials
    own = {number: view[number] for number in search.state.trials}
    assert own
    list(make_search(other, iris, settings_for(iris), n_trials=4, **HOW))
    search.state.look_at_others()
    assert all(view[number] is one for number, one in own.items())
    assert len(view) == 4


def test_where_nobody_else_works_on_a_study_nothing_is_taken_over(
    ended: Search,
) -> None:
    before = dict(ended.state.decider.view.trials)
    ended.state.look_at_others()
    after = ended.state.decider.view.trials
    assert all(after[number] is one for number, one in before.items())


def test_counts_do_not_fall_where_a_study_goes_on(
    store: Store, other: Store, iris: LoadedData, ended: Search
) -> None:
    """Trials that pause train again, and have been tried all the same."""
    settings = settings_for(iris, max_epochs=9)
    tried = [
        progress.n_tried for progress in make_search(other, iris, settings, n_trials=24, **HOW)
    ]
    assert tried[0] == 8
    assert tried == sorted(tried)
    assert tried[-1] == 24


@pytest.mark.parametrize(
    ("answer", "metric", "n_candidates"),
    [("single", None, 0), ("single", "log_loss", 0), ("single", "f1", 5), ("auto", None, 5)],
)
def test_weights_are_kept_to_choose_among_where_a_metric_chooses(
    store: Store, iris: LoadedData, answer: str, metric: str | None, n_candidates: int
) -> None:
    settings = replace(settings_for(iris), metric=metric)
    search = make_search(store, iris, settings, n_trials=8, answer=answer, keep_models=5)
    assert search.state.keeper.n_candidates == n_candidates
