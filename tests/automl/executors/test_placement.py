from __future__ import annotations

from dataclasses import replace

import pytest

from automl.executors.placement import place
from automl.stacked.trainer import StackedTrainer
from automl.training.config import RowSubset, RunConfig
from automl.training.costs import RunCost
from automl.training.plain import PlainTrainer
from tests.contracts.linear_trainer import tiny_dataset, tiny_run


def run_with(batch_size: int | None, hidden_size: int = 32) -> RunConfig:
    run = tiny_run(0)
    return replace(
        run,
        training=replace(run.training, batch_size=batch_size),
        model=replace(run.model, hidden_size=hidden_size),
    )


def cost(batch_size: int | None, hidden_size: int = 32, *, is_stacked: bool = True) -> RunCost:
    run = run_with(batch_size, hidden_size)
    trainer = StackedTrainer if is_stacked else PlainTrainer
    return trainer.cost(run, tiny_dataset(3000))


def test_a_smaller_batch_costs_more_steps():
    alone = (cost(16, is_stacked=False), cost(32, is_stacked=False))
    assert alone[0].own == pytest.approx(2 * alone[1].own, rel=0.5)
    assert cost(16).own > cost(32).own


def test_a_wider_network_costs_more():
    assert cost(32, 4096).own > 3 * cost(32, 32).own


def test_all_rows_are_one_batch_for_everyone_who_takes_more_than_there_are():
    assert cost(None) == cost(1000) == cost(4096)


def test_half_the_rows_cost_half():
    half = replace(run_with(16), rows=RowSubset(fraction=0.5))
    for trainer, least in ((PlainTrainer, 0.49), (StackedTrainer, 0.5)):
        halved = trainer.cost(half, tiny_dataset(3000)).own
        whole = trainer.cost(run_with(16), tiny_dataset(3000)).own
        assert least * whole < halved < 0.65 * whole, "but for the rows that are measured"


def test_nobody_shares_what_it_costs():
    for is_stacked in (True, False):
        alone = cost(16, is_stacked=is_stacked)
        assert (alone.stack, alone.shared) == (None, 0.0)


def test_equal_runs_are_spread_evenly_once_they_weigh_more_than_a_stack_of_their_own():
    workers = place([RunCost(32, 1.0, 1.0)] * 8, [[], []])
    assert workers.count(0) == workers.count(1) == 4


def test_few_light_runs_of_one_stack_stay_together():
    assert (
        place([RunCost(32, 1.0, 0.01)] * 4, [[RunCost(32, 1.0, 0.01)], [RunCost(64, 1.0, 0.5)]])
        == [0] * 4
    )


def test_stacks_go_to_workers_of_their_own():
    costs = [RunCost(stack, 1.0, 0.1) for stack in (16, 32, 16, 32, 16, 32)]
    workers = place(costs, [[], []])
    assert workers[0::2] == [workers[0]] * 3
    assert workers[1::2] == [1 - workers[0]] * 3


def test_a_freed_slot_is_filled_where_it_was_freed():
    load = [RunCost(32, 1.0, 1.0)] * 3
    assert place([RunCost(32, 1.0, 1.0)], [load, load[:2]]) == [1]


def test_a_costly_run_is_balanced_by_several_cheap_ones():
    costs = [RunCost(None, 0.0, own) for own in (1, 1, 1, 3)]
    assert place(costs, [[], []]) == [1, 1, 1, 0]
