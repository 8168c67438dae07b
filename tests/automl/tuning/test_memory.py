"""What a search will use, known before it begins."""

from __future__ import annotations

from dataclasses import replace

import optuna
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import search_spaces
from automl.data.dataset import Dataset, Fold, Split
from automl.data.table.inputs import InputScaling
from automl.models.mlp.network import ACTIVATIONS
from automl.stacked.memory import memory_bytes
from automl.training.config import RunConfig, configure
from automl.tuning.memory import MemoryPlan, in_waves, largest_run, plan_memory
from automl.tuning.stacking import MIN_SLOTS
from search_spaces import SearchSpace
from search_spaces.hyperparameters import hyperparameter
from tests.contracts.tiny_datasets import tiny_dataset

NORMALIZATIONS = hyperparameter("normalization").words
SCALINGS = hyperparameter("scaling").words
SHAPES = hyperparameter("shape").words

SPACE = search_spaces.load("mlp").for_task("multiclass")


def plan(n_slots: int = 16, n_bytes: int | None = None) -> MemoryPlan:
    return plan_memory(SPACE, tiny_dataset(), n_slots=n_slots, n_trainers=2, n_bytes=n_bytes)


def test_the_worst_case_is_the_largest_network_and_batch() -> None:
    run = largest_run(SPACE.narrow(["hidden_size=8..512", "n_layers=3", "batch_size=16,64"]))
    assert (run.model.n_layers, run.model.hidden_size, run.training.batch_size) == (3, 512, 64)


def test_full_batches_are_larger_than_any_number() -> None:
    assert largest_run(SPACE.narrow(["batch_size=512,full"])).training.batch_size is None


def test_what_takes_memory_beside_the_size_is_in_the_worst_case() -> None:
    run = largest_run(SPACE.narrow(["activation=relu,maxout,prelu", "normalization=none"]))
    assert (run.model.activation, run.model.normalization) == ("maxout", "none")
    run = largest_run(SPACE.narrow(["activation=tanh"]))
    assert (run.model.activation, run.model.normalization) == ("tanh", "batch_norm")
    run = largest_run(SPACE.narrow(["input_scaling=none,learned"]))
    assert run.model.input_scaling == "learned"
    assert run.model.n_members == 1
    assert largest_run(SPACE.narrow(["n_members=1,8,4"])).model.n_members == 8


def test_averages_are_in_the_worst_case_where_the_space_has_any() -> None:
    assert largest_run(SPACE).training.weight_averaging is None
    for values in ("none,3", "1..10", "2"):
        run = largest_run(SPACE.narrow([f"weight_averaging={values}"]))
        assert run.training.weight_averaging is not None


def test_what_embeddings_take_follows_from_the_categories() -> None:
    """Of 4 and 9 codes the usual rule has 4 and 6 numbers."""

    def planned(sizes: str) -> int:
        space = SPACE.narrow([f"embedding_size={sizes}"])
        data = tiny_dataset(with_categories=True)
        return plan_memory(space, data, n_slots=4, n_trainers=1, n_bytes=None).n_bytes or 0

    assert planned("2") < planned("auto") == planned("auto,2")
    assert planned("auto") < planned("auto,30") == planned("30")


def test_targets_in_another_unit_are_counted_once_for_each_transform() -> None:
    space = search_spaces.load("mlp").for_task("regression")

    def planned(transforms: str) -> int:
        own, data = space.narrow([f"target_transform={transforms}"]), tiny_dataset("huber")
        return plan_memory(own, data, n_slots=4, n_trainers=1, n_bytes=None).n_bytes or 0

    assert planned("none") < planned("log") == planned("none,log") < planned("none,log,quantile")


def test_a_space_without_maxout_is_planned_with_one_piece() -> None:
    def planned(activation: str) -> int:
        space = SPACE.narrow([f"activation={activation}"])
        plan = plan_memory(space, tiny_dataset(), n_slots=4, n_trainers=1, n_bytes=None)
        return plan.n_bytes or 0

    assert planned("relu,tanh") == planned("relu") < planned("prelu") < planned("relu,maxout")


def widened(dataset: Dataset, n_features: int) -> Dataset:
    """The same rows with so many columns: only their number counts here."""

    def split(rows: Split) -> Split:
        zeros = torch.zeros(len(rows), n_features)
        return replace(rows, inputs=replace(rows.inputs, numeric=zeros, quantile=zeros))

    def fold(one: Fold) -> Fold:
        scaling = InputScaling(torch.zeros(n_features), torch.ones(n_features))
        parts = {name: split(getattr(one, name)) for name in ("train", "valid", "test")}
        encoding = replace(one.encoding, scalings=dict.fromkeys(SCALINGS, scaling))
        return replace(one, **parts, encoding=encoding)

    return replace(dataset, folds=tuple(map(fold, dataset.folds)))


def some_of(choices: tuple[object, ...]) -> st.SearchStrategy[str]:
    chosen = st.lists(st.sampled_from(choices), min_size=1, max_size=3, unique=True)
    return chosen.map(lambda values: ",".join(map(str, values)))


def ranges(low: int, high: int) -> st.SearchStrategy[str]:
    ends = st.tuples(st.integers(low, high), st.integers(low, high)).map(sorted)
    return ends.map(lambda pair: f"{pair[0]}..{pair[1]}" if pair[0] < pair[1] else str(pair[0]))


SETS = st.fixed_dictionaries(
    {},
    optional={
        "n_layers": ranges(1, 6),
        "hidden_size": ranges(1, 1200),
        "shape": some_of(SHAPES),
        "activation": some_of(tuple(ACTIVATIONS)),
        "normalization": some_of(NORMALIZATIONS),
        "n_members": some_of((1, 2, 4)),
        "scaling": some_of(SCALINGS),
        "batch_size": some_of((1, 16, 100, 512, "full")),
        "weight_averaging": some_of(("none", 2.0)),
        "embedding_size": some_of(("auto", 1, 3, 40)),
    },
)


def drawn(space: SearchSpace, n_trials: int, n_folds: int, seed: int) -> list[RunConfig]:
    """The runs of trials that a search of the space could have in training at once."""
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed))
    runs = []
    for number in range(n_trials):
        model, training = configure(
            space.suggest(study.ask()), family="mlp", max_epochs=5, patience=5
        )
        for fold in range(n_folds):
            runs.append(RunConfig(len(runs), number, "mlp", model, training, seed=0, fold=fold))
    return runs


@settings(max_examples=200)
@given(
    sets=SETS,
    n_trials=st.integers(1, 12),
    n_features=st.sampled_from([5, 700]),
    with_categories=st.booleans(),
    n_folds=st.integers(1, 2),
    seed=st.integers(0, 1000),
)
def test_no_stacks_that_a_search_can_make_take_more_than_was_planned(
    sets: dict[str, str],
    n_trials: int,
    n_features: int,
    with_categories: bool,
    n_folds: int,
    seed: int,
) -> None:
    """Whatever the space, the trials drawn from it and the workers that they are placed on."""
    space = SPACE.narrow([f"{name}={values}" for name, values in sets.items()])
    dataset = widened(
        tiny_dataset(n_rows=1500, with_categories=with_categories, n_folds=n_folds), n_features
    )
    planned = plan_memory(space, dataset, n_slots=n_trials, n_trainers=2, n_bytes=None)
    runs = drawn(space, n_trials, n_folds, seed)
    first, second = runs[: seed % len(runs)], runs[seed % len(runs) :]
    for placed in ([runs, []], [first, second]):
        assert sum(memory_bytes(part, dataset) for part in placed) <= planned.n_bytes


def test_what_fits_is_left_as_it_is() -> None:
    assert plan(n_bytes=None).n_slots == plan(n_bytes=2**40).n_slots == 16
    assert plan(0, n_bytes=2**40).n_slots == 0


def test_slots_are_halved_until_half_of_the_machine_s_memory_suffices() -> None:
    needed = plan(n_bytes=None).n_bytes
    smaller = plan(n_bytes=needed)
    assert smaller.n_slots < 16
    assert smaller.n_bytes <= needed / 2
    assert plan(n_bytes=1).n_slots == 1


def test_slots_do_not_grow_where_memory_does_not_suffice_for_the_most() -> None:
    assert plan(0, n_bytes=plan(0).n_bytes).n_slots == MIN_SLOTS
    assert plan(0, n_bytes=1).n_slots == 1


def test_runs_that_do_not_fit_together_train_in_waves() -> None:
    runs = drawn(SPACE, 9, 1, seed=0)
    needed = memory_bytes(runs, tiny_dataset())
    assert in_waves(runs, tiny_dataset(), free_bytes=None) == [range(9)]
    assert in_waves(runs, tiny_dataset(), free_bytes=2 * needed) == [range(9)]
    waves = in_waves(runs, tiny_dataset(), free_bytes=needed)
    assert len(waves) > 1
    assert [place for wave in waves for place in wave] == list(range(9))
    for wave in waves:
        part = [runs[place] for place in wave]
        assert len(part) == 1 or memory_bytes(part, tiny_dataset()) <= needed / 2
    assert in_waves(runs, tiny_dataset(), free_bytes=1) == [range(n, n + 1) for n in range(9)]


def test_plan_is_told_in_words() -> None:
    assert str(MemoryPlan(12, 84 * 2**20)) == "up to 18 trials at once, at most 84 MB of memory"
