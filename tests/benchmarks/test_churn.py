"""A stream of runs that come and go."""

from __future__ import annotations

from automl.stacked.native_run import NativeRun
from automl.stacked.trainer import StackedTrainer
from benchmarks.churn import PARTS, Stopwatch, last_epoch, stream
from tests.contracts.kernels import needs_kernels
from tests.contracts.tiny_datasets import tiny_dataset
from tests.contracts.trainer_contract import tiny_run


def test_a_fourth_goes_on_at_each_rung() -> None:
    ends = [last_epoch(run_id) for run_id in range(64)]
    assert (ends.count(1), ends.count(4), ends.count(16)) == (48, 12, 4)


@needs_kernels()
def test_each_run_trains_to_its_end_and_its_parts_are_timed() -> None:
    runs = [tiny_run(n, max_epochs=16) for n in range(9)]
    before = {name: getattr(NativeRun, name) for name in PARTS}
    with Stopwatch() as watch:
        n_epochs = stream(StackedTrainer(tiny_dataset()), runs, 3)
    assert n_epochs == sum(last_epoch(n) for n in range(9))
    assert watch.seconds.keys() == set(PARTS.values())
    assert {name: getattr(NativeRun, name) for name in PARTS} == before
