"""Plans of stacks: who may share one, and where it pays to cut."""

from __future__ import annotations

from automl.stacked.planning import plan_stacks, stack_key
from automl.training.config import RowSubset
from tests.contracts.tiny_datasets import tiny_dataset
from tests.contracts.trainer_contract import tiny_run


def test_runs_with_equally_many_steps_have_the_same_key() -> None:
    dataset = tiny_dataset(n_folds=2)
    assert stack_key(tiny_run(1), dataset) == stack_key(tiny_run(2, fold=1, n_layers=5), dataset)
    assert stack_key(tiny_run(1, batch_size=500), dataset) == stack_key(
        tiny_run(2, batch_size=None), dataset
    )


def test_batch_size_rows_maxout_and_members_separate_runs() -> None:
    dataset = tiny_dataset()
    others = [
        tiny_run(2, batch_size=32),
        tiny_run(2, rows=RowSubset(0.5)),
        tiny_run(2, activation="maxout"),
        tiny_run(2, n_members=4),
    ]
    key = stack_key(tiny_run(1), dataset)
    assert all(stack_key(other, dataset) != key for other in others)


def test_sizes_of_embeddings_separate_runs_where_there_are_any() -> None:
    run, other = tiny_run(1), tiny_run(2, embedding_size=3)
    without, embedded = tiny_dataset(), tiny_dataset(with_categories=True)
    assert stack_key(run, without) == stack_key(other, without)
    assert stack_key(run, embedded) != stack_key(other, embedded)


def test_every_run_is_in_exactly_one_stack() -> None:
    runs = [
        tiny_run(n, hidden_size=4 + 9 * n % 70, n_layers=n % 4, batch_size=16 << n % 2)
        for n in range(40)
    ]
    planned = [run.run_id for stack in plan_stacks(runs, tiny_dataset()) for run in stack]
    assert sorted(planned) == list(range(40))


def test_small_networks_share_a_stack_and_wide_ones_are_not_padded_by_wider() -> None:
    small = [tiny_run(n, hidden_size=8 + n) for n in range(10)]
    assert len(plan_stacks(small, tiny_dataset())) == 1
    wide = [tiny_run(n, hidden_size=256 if n < 8 else 1024, batch_size=16) for n in range(16)]
    assert sorted(len(stack) for stack in plan_stacks(wide, tiny_dataset())) == [8, 8]


def test_planning_hundreds_of_runs_takes_a_moment() -> None:
    runs = [tiny_run(n, hidden_size=8 + n % 250, n_layers=1 + n % 5) for n in range(200)]
    assert plan_stacks(runs, tiny_dataset())
