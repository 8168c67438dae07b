"""Ranges that grow while the best trials crowd an end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from automl.data import LoadedData
from automl.tuning.network_problem import NetworkProblem
from automl.tuning.widening import FIRST_LOOK, widen
from storage import Store, open_store
from storage.records import StudyRecords, StudySettings
from storage.widening_records import WideningRecord
from tests.automl.tuning.searches import make_search, run, settings_for

N_TRIALS = 60
TOO_LOW = (
    *("learning_rate=1e-4..1e-2", "optimizer=adam", "schedule=constant", "n_layers=1"),
    *("hidden_size=64", "batch_size=16", "dropout=0", "normalization=none", "activation=relu"),
    *("initialization=he", "shape=constant", "scaling=standard", "label_smoothing=0"),
    *("numeric_encoding=none", "output_initialization=as_hidden"),
)


def settings(data: LoadedData, *, widen: bool = True) -> StudySettings:
    return settings_for(data, *TOO_LOW, max_epochs=3, widen=widen)


def rates(records: StudyRecords) -> list[float]:
    return [float(trial.params["learning_rate"] or 0) for trial in records.trials]


@pytest.fixture(scope="module")
def widened(
    iris: LoadedData, tmp_path_factory: pytest.TempPathFactory
) -> tuple[StudyRecords, list[str]]:
    """A search whose learning rates are far too low, and what it has said."""
    folder = tmp_path_factory.mktemp("widened")
    with open_store(f"sqlite:///{folder}/automl.db") as store:
        said = [
            message
            for progress in make_search(store, iris, settings(iris), n_trials=N_TRIALS, n_slots=4)
            for message in progress.messages
        ]
        return store.read_study("iris"), said


def test_a_crowded_range_doubles_once_in_a_generation(
    widened: tuple[StudyRecords, list[str]],
) -> None:
    records, said = widened
    early, late = records.widenings
    assert early.from_trial_number >= FIRST_LOOK
    assert late.from_trial_number >= 2 * early.from_trial_number
    assert early.ranges == {}, "too few trials had ended to tell"
    assert late.ranges == {"learning_rate": (1e-4, 1.0)}
    assert max(rates(records)[: late.from_trial_number]) < 1e-2
    assert 1e-2 < max(rates(records)[late.from_trial_number :]) <= 1
    assert records.settings.space["parameters"]["learning_rate"]["high"] == 1e-2  # type: ignore[call-overload,index]
    assert "learning_rate is searched in 0.0001 to 1 from now on" in " ".join(said)


def test_coordinators_share_what_one_of_them_has_widened(store: Store, iris: LoadedData) -> None:
    """One that crowds the upper end finds that another has moved the lower end meanwhile."""
    search = make_search(store, iris, settings(iris, widen=False), n_trials=60, n_slots=4)
    for _ in search:
        pass
    state = search.state
    counts = state.decider.stopping.trial_counts
    state.search_in(NetworkProblem(settings(iris), iris.dataset))
    assert counts == state.decider.stopping.trial_counts == [(60, 0)], "of the whole call"
    other = WideningRecord(30, {"learning_rate": (1e-6, 1e-2)})
    store.widenings.add("iris", other)
    widen(state)
    _, ours = store.widenings.read("iris")
    assert ours == WideningRecord(60, {"learning_rate": (1e-6, 1.0)})
    assert state.problem.space.parameters["learning_rate"].high == 1.0  # type: ignore[union-attr]
    widen(state)
    assert store.widenings.read("iris") == (other, ours), "it is not time for another look"


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["optuna", "freeze_thaw"])
def test_a_search_that_was_stopped_widens_as_one_that_was_not(
    policy: str, tmp_path: Path, iris: LoadedData
) -> None:
    """Before a look, and once more after it, with what its policy has learned of both ranges."""
    how: dict[str, Any] = {"policy": policy, "n_trials": 100, "n_slots": 4}
    with open_store(f"sqlite:///{tmp_path}/straight.db") as store:
        straight = run(store, iris, settings(iris), **how)
    url = f"sqlite:///{tmp_path}/automl.db"
    for n_asked in (46, 54):
        with open_store(url) as store:  # closing it leaves the trials to the next call
            search = make_search(store, iris, settings(iris), **how)
            for _ in search:
                if search.state.tally.n_asked >= n_asked:
                    search.stop()
    with open_store(url) as store:
        records = run(store, iris, settings(iris), **how)
    assert max(rates(straight)) > 1e-2, "a range was widened"
    assert records.widenings == straight.widenings
    assert rates(records) == rates(straight)
    assert records.beliefs == straight.beliefs
    widths = {one.belief["widths"]["learning_rate"] for one in records.beliefs}
    assert len(widths) == (2 if policy == "freeze_thaw" else 0)


def test_nothing_is_widened_that_nobody_asked_for(store: Store, iris: LoadedData) -> None:
    records = run(store, iris, settings(iris, widen=False), n_trials=28, n_slots=4)
    assert records.widenings == ()
    assert max(rates(records)) < 1e-2
