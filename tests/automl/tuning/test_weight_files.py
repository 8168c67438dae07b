"""Which trials' weights stay: one rule for those that are complete and those that are not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import optuna
import pytest

from automl.data import LoadedData
from automl.tuning.keeping import Keeper
from automl.tuning.network_problem import NetworkProblem
from automl.tuning.weight_files import Collected
from storage import Store
from storage.errors import ArtifactError
from storage.records import ArtifactRecord
from tests.automl.tuning.searches import complete_another, run, settings_for


@pytest.fixture
def problem(iris: LoadedData) -> NetworkProblem:
    return NetworkProblem(settings_for(iris), iris.dataset)


@pytest.fixture
def keeper(store: Store, iris: LoadedData, problem: NetworkProblem) -> Keeper:
    """Of a study of three complete trials, beside others."""
    run(store, iris, problem.settings, n_trials=3, keep_models=3)
    study = optuna.load_study(study_name="iris", storage=store.optuna_storage)
    for _ in range(17):
        study.ask()
    return Keeper(store, problem, keep_models=3, is_choice=True)


def unfinished(problem: NetworkProblem, number: int, value: float, size: int = 10) -> Collected:
    """Weights of a trial that pauses, as they are fetched."""
    (config,) = problem.plan(number, problem.space.complete({}))
    weights = {"weight": np.full(size, number, dtype=np.float32)}
    return Collected((value, number), (replace(config, run_id=100 + number),), (weights,))


def kept(keeper: Keeper) -> set[int | None]:
    return {one.trial_number for one in keeper.files.all()}


def test_a_better_unfinished_trial_takes_the_place_of_a_worse_complete_one(
    keeper: Keeper, problem: NetworkProblem
) -> None:
    best, second, _ = (number for _, number in keeper.files.complete())
    keeper.save_unfinished([unfinished(problem, 7, 1e-3), unfinished(problem, 8, 99.0)])
    assert kept(keeper) == {best, second, 7}
    assert [number for _, number in keeper.files.kept()] == [7, best, second]


def test_the_best_complete_trial_keeps_its_weights_beside_better_unfinished_ones(
    keeper: Keeper, problem: NetworkProblem
) -> None:
    best = keeper.files.complete()[0][1]
    keeper.save_unfinished([unfinished(problem, 10 + n, 1e-6 * (n + 1)) for n in range(5)])
    assert kept(keeper) == {best, 10, 11, 12}


def test_new_weights_of_a_trial_take_the_place_of_its_earlier_ones(
    keeper: Keeper, problem: NetworkProblem
) -> None:
    earlier = unfinished(problem, 7, 2e-3)
    keeper.save_unfinished([earlier])
    keeper.save_unfinished([replace(unfinished(problem, 7, 1e-3), weights=earlier.weights)])
    (artifact,) = keeper.files.of(7)
    assert artifact.details["valid_loss"] == 1e-3


def test_bytes_are_few_but_for_the_best_five(
    keeper: Keeper, problem: NetworkProblem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("automl.tuning.weight_files.MOST_BYTES", 100_000)
    keeper.keep_models = 20
    large = [unfinished(problem, 10 + n, 1e-6 * (n + 1), size=10_000) for n in range(8)]
    keeper.save_unfinished(large)
    best = keeper.files.complete()[0][1]
    assert kept(keeper) == {best, *range(10, 15)}


def test_a_budget_holds_for_unfinished_trials_too(keeper: Keeper, problem: NetworkProblem) -> None:
    least = sum(one.n_bytes for one in keeper.files.of(keeper.files.complete()[0][1]))
    keeper.byte_budget = least + 1
    keeper.save_unfinished([unfinished(problem, 10 + n, 1e-6 * (n + 1)) for n in range(4)])
    assert kept(keeper) >= {keeper.files.complete()[0][1]}
    assert sum(one.n_bytes for one in keeper.files.all()) <= 2 * least + 1


def test_weights_of_when_it_was_unfinished_go_when_a_trial_completes(
    keeper: Keeper, problem: NetworkProblem
) -> None:
    collected = unfinished(problem, 7, 1e-6)
    keeper.save_unfinished([collected])
    keeper.save(replace(collected, runs=(replace(collected.runs[0], run_id=207),)))
    (artifact,) = keeper.files.of(7)
    assert artifact.run_id == 207 and "valid_loss" not in artifact.details


def save_for_answer(keeper: Keeper, problem: NetworkProblem, number: int, run_id: int) -> None:
    """Weights of one run that was trained for an answer of a trial."""
    (config,) = problem.plan(number, problem.space.complete({}))
    weights = {"weight": np.full(1000, 1.0, dtype=np.float32)}
    with keeper.files.written_for_answer([replace(config, run_id=run_id)], [weights]) as written:
        keeper.files.keep_for_answer(written)


def of_answers(keeper: Keeper) -> set[int | None]:
    return {one.run_id for one in keeper.files.of_answers()}


def test_what_was_trained_for_an_answer_goes_when_another_trial_is_the_best(
    keeper: Keeper, problem: NetworkProblem, store: Store
) -> None:
    best = keeper.files.best_complete
    assert best is not None and best == keeper.files.complete()[0][1]
    save_for_answer(keeper, problem, best, 501)
    keeper.prune()
    complete_another(store, problem, keeper, value=99.0)
    assert of_answers(keeper) == {501} and best in kept(keeper)
    better = complete_another(store, problem, keeper, value=1e-9)
    assert of_answers(keeper) == set() and keeper.files.best_complete == better.number
    save_for_answer(keeper, problem, best, 502)  # as of a study that was searched before
    keeper.prune()
    assert of_answers(keeper) == set()


def test_what_was_trained_for_an_answer_counts_to_the_budget(
    keeper: Keeper, problem: NetworkProblem
) -> None:
    best, second, third = (number for _, number in keeper.files.complete())
    keeper.byte_budget = sum(one.n_bytes for one in keeper.files.all())
    keeper.prune()
    assert kept(keeper) == {best, second, third}
    save_for_answer(keeper, problem, best, 501)
    keeper.prune()
    assert best in kept(keeper) and third not in kept(keeper) and of_answers(keeper) == {501}


def test_files_for_an_answer_go_where_not_all_can_be_written_or_kept(
    keeper: Keeper, problem: NetworkProblem, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    (config,) = problem.plan(0, problem.space.complete({}))
    configs = [replace(config, run_id=run_id) for run_id in (501, 502)]
    weights = [{"weight": np.ones(3, dtype=np.float32)}] * 2
    folder = store.artifacts.folder.path
    before = set(folder.iterdir())
    with (
        pytest.raises(ZeroDivisionError),
        keeper.files.written_for_answer(configs, weights) as all_,
    ):
        assert len(set(folder.iterdir()) - before) == 2
        with store.transaction():
            keeper.files.keep_for_answer(all_)
            raise ZeroDivisionError
    assert set(folder.iterdir()) == before and of_answers(keeper) == set()

    write = store.artifacts.write_weights

    def full(trial_number: int, run_id: int, *rest: object) -> ArtifactRecord:
        if run_id == 502:
            raise ArtifactError("no space left")
        return write(trial_number, run_id, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(store.artifacts, "write_weights", full)
    with pytest.raises(ArtifactError), keeper.files.written_for_answer(configs, weights):
        raise AssertionError("one of them could not be written")
    assert set(folder.iterdir()) == before

    with keeper.files.written_for_answer(configs[:1], weights[:1]) as written:
        keeper.files.keep_for_answer(written)
    (kept_file,) = set(folder.iterdir()) - before
    assert kept_file == store.artifacts.path(written[0]) and of_answers(keeper) == {501}
