"""What is planned of runs beside a search, and what is said of those that ended."""

from __future__ import annotations

import dataclasses

from automl.training.config import RowSubset
from automl.tuning.planned_runs import EndedRun, PlannedRun, best_losses, say_failures
from tests.contracts.linear_trainer import tiny_run


def planned(run_id: int) -> PlannedRun:
    return PlannedRun("confirm", "", tiny_run(run_id))


def test_stored_ids_replace_the_placeholders() -> None:
    assert planned(-1).numbered(7).config.run_id == 7


def test_rows_fraction_is_that_of_the_subset() -> None:
    run = planned(0)
    part = dataclasses.replace(run, config=dataclasses.replace(run.config, rows=RowSubset(0.25)))

    assert part.rows_fraction == 0.25
    assert run.rows_fraction == 1


def test_failures_are_counted_by_cause_each_with_what_was_said_first() -> None:
    runs = [
        EndedRun(planned(0), ()),
        EndedRun(planned(1), (), "crashed", "ValueError: one"),
        EndedRun(planned(2), (), "crashed", "ValueError: two"),
        EndedRun(planned(3), (), "diverged", ""),
    ]

    assert say_failures(runs[:1]) == ""
    assert say_failures(runs) == (
        "3 of 4 runs failed and do not count: 2 crashed (ValueError: one), 1 diverged."
    )
    assert best_losses(runs) == {}
