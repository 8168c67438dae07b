"""A small real trainer for executors' tests: softmax regression by stochastic gradient descent.

All its runs share one round, as in a stack: when one raises, the others have moved already.
Some trial numbers are trouble in their second epoch, in ways that real trainings are.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from automl.data.dataset import Dataset, Fold, Split
from automl.data.table.inputs import InputScaling, TableEncoding, TableInputs
from automl.models.mlp.config import MLPConfig
from automl.training.best_epoch import BestEpoch
from automl.training.config import RunConfig, TrainingConfig
from automl.training.trainer import Checkpoint, RunBegan, RunError, Start, Trainer, run_of
from storage.records import EpochRecord

CRASHES, HANGS, DIES, EATS_MEMORY, NEEDS_ROOM, DIVERGES = range(901, 907)
CANNOT_BEGIN, STOPS = 907, 908
ROOM = 3  # runs beside which a run that needs room can train, itself included


def tiny_dataset(n_rows: int = 96) -> Dataset:
    """Two classes that a line parts, with noise."""
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(n_rows, 4, generator=generator)
    noise = torch.randn(n_rows, generator=generator)
    targets = (inputs.sum(1) + noise > 0).long()
    empty = torch.empty(n_rows, 0, dtype=torch.int64)

    def rows(part: slice) -> Split:
        return Split(TableInputs(inputs[part], inputs[part].tanh(), empty[part]), targets[part])

    third = n_rows // 3
    scaling = InputScaling(torch.zeros(4), torch.ones(4))
    names = ("standard", "min_max", "robust", "quantile")
    fold = Fold(
        train=rows(slice(0, third)),
        valid=rows(slice(third, 2 * third)),
        test=rows(slice(2 * third, n_rows)),
        encoding=TableEncoding(dict.fromkeys(names, scaling)),
    )
    return Dataset(task="multiclass", loss="cross_entropy", n_classes=2, folds=(fold,))


def tiny_run(
    run_id: int, trial_number: int = 0, *, learning_rate: float = 0.1, max_epochs: int = 20
) -> RunConfig:
    """A run of a small network; the linear trainer uses its seed, rate and batch size."""
    model = MLPConfig(n_layers=1, hidden_size=8, dropout=0.1)
    training = TrainingConfig(
        learning_rate=learning_rate, batch_size=16, max_epochs=max_epochs, patience=max_epochs
    )
    return RunConfig(run_id, trial_number, "mlp", model, training, seed=1000 + run_id)


def without_seconds(epochs: Sequence[EpochRecord]) -> list[EpochRecord]:
    """Epochs as far as they are the same wherever they are trained."""
    return [replace(epoch, seconds=0.0) for epoch in epochs]


@dataclass(slots=True)
class _LinearRun:
    config: RunConfig
    weight: Tensor
    epoch: int
    best: BestEpoch
    best_weight: Tensor


class LinearTrainer(Trainer):
    """Softmax regression."""

    def __init__(self, dataset: Dataset, *, device: str = "cpu") -> None:
        self._fold = dataset.folds[0]
        self._device = device
        self._runs: dict[int, _LinearRun] = {}
        self._dropped: dict[int, _LinearRun] = {}

    @property
    def active(self) -> tuple[int, ...]:
        return tuple(self._runs)

    def add(self, starts: Sequence[Start]) -> None:
        for start in starts:
            run = _begin(start)
            if run.config.trial_number == CANNOT_BEGIN:
                raise ValueError("this run cannot begin")
            self._runs[run.config.run_id] = run

    def train_round(
        self, deadline: float | None = None, run_ids: Collection[int] | None = None
    ) -> list[EpochRecord]:
        records = []
        for run_id in [one for one in self.active if run_ids is None or one in run_ids]:
            if deadline is not None and time.monotonic() >= deadline:
                break
            records.append(self._run_epoch(self._runs[run_id]))
            if not records[-1].is_finite:
                self.drop(run_id)
        return records

    def drop(self, run_id: int) -> None:
        self._dropped[run_id] = self._runs.pop(run_id)

    def checkpoint(self, run_id: int) -> Checkpoint:
        run = self._runs[run_id]
        return Checkpoint(
            run.config,
            run.epoch,
            run.epoch,
            {"weight": run.weight.clone()},
            {},
            run.best,
            {"weight": run.best_weight.clone()},
        )

    def best_weights(self, run_id: int) -> Mapping[str, Tensor]:
        run = self._runs.get(run_id) or self._dropped[run_id]
        return {"weight": run.best_weight}

    def forget(self, run_id: int) -> None:
        del self._dropped[run_id]

    def _run_epoch(self, run: _LinearRun) -> EpochRecord:
        if run.epoch == 1:
            make_trouble(run.config, len(self._runs))
        return self._train_epoch(run)

    def _train_epoch(self, run: _LinearRun) -> EpochRecord:
        train, valid = self._fold.train, self._fold.valid
        run.epoch += 1
        rate = run.config.training.learning_rate
        seed = run.config.seed * 1000 + run.epoch
        order = torch.randperm(len(train), generator=torch.Generator().manual_seed(seed))
        for rows in order.split(run.config.training.batch_size or len(train)):
            inputs, targets = train.inputs.numeric[rows], train.targets[rows]
            error = (inputs @ run.weight).softmax(1)
            error[torch.arange(len(rows)), targets] -= 1
            run.weight -= rate * inputs.T @ error / len(rows)
        if run.config.trial_number == DIVERGES and run.epoch == 2:
            run.weight *= torch.inf
        losses = [
            float(cross_entropy(s.inputs.numeric @ run.weight, s.targets)) for s in (train, valid)
        ]
        record = EpochRecord(
            run.config.run_id, run.epoch, run.epoch, *losses, 0.0, 0.0, 0.0, rate, 0.0, 0.0
        )
        before, run.best = run.best, run.best.after(record)
        if run.best is not before:
            run.best_weight = run.weight.clone()
        return record


class SlowTrainer(LinearTrainer):
    """A linear trainer whose rounds take a twentieth of a second."""

    def train_round(
        self, deadline: float | None = None, run_ids: Collection[int] | None = None
    ) -> list[EpochRecord]:
        time.sleep(0.05)
        return super().train_round(deadline, run_ids)


class Stuck(LinearTrainer):
    """Its rounds do not end until somebody lets them."""

    goes_on = threading.Event()

    def train_round(
        self, deadline: float | None = None, run_ids: Collection[int] | None = None
    ) -> list[EpochRecord]:
        self.goes_on.wait(60)
        return super().train_round(deadline, run_ids)


class NamingTrainer(LinearTrainer):
    """A linear trainer that trains one run after the other, and says who raised and who began."""

    def __init__(self, dataset: Dataset, *, device: str = "cpu") -> None:
        super().__init__(dataset, device=device)
        self._begun: list[RunBegan] = []

    def add(self, starts: Sequence[Start]) -> None:
        for start in starts:
            run_id = run_of(start).run_id
            try:
                super().add([start])
            except ValueError as error:
                raise RunError(run_id) from error
            self._begun.append(RunBegan(run_id, 8))

    def take_begun(self) -> tuple[RunBegan, ...]:
        begun, self._begun = tuple(self._begun), []
        return begun

    def train_round(
        self, deadline: float | None = None, run_ids: Collection[int] | None = None
    ) -> list[EpochRecord]:
        records: list[EpochRecord] = []
        for run_id in [one for one in self.active if run_ids is None or one in run_ids]:
            if deadline is not None and time.monotonic() >= deadline:
                break
            self._runs[run_id] = self._runs.pop(run_id)  # it comes last in the next round
            try:
                records.append(self._run_epoch(self._runs[run_id]))
            except Exception as error:
                raise RunError(run_id, records) from error
            if not records[-1].is_finite:
                self.drop(run_id)
        return records


class BrokenTrainer(LinearTrainer):
    """A trainer that cannot be made."""

    def __init__(self, dataset: Dataset, *, device: str = "cpu") -> None:
        raise OSError("the driver is too old")


def make_trouble(run: RunConfig, n_active: int) -> None:
    """What a troublesome trial number does in its second epoch."""
    match run.trial_number:
        case 901:
            raise ValueError("shapes do not match\nand more that nobody reads")
        case 902:
            time.sleep(60)
        case 903:
            os.kill(os.getpid(), signal.SIGKILL)
        case 904:
            torch.ones(2**28)  # one GiB
        case 908:
            os.kill(os.getpid(), signal.SIGSTOP)
        case 905 if n_active > ROOM:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")


def _begin(start: Start) -> _LinearRun:
    if isinstance(start, Checkpoint):
        weight, best = start.weights["weight"].clone(), start.best_weights["weight"].clone()
        return _LinearRun(start.run, weight, start.epoch, start.best, best)
    generator = torch.Generator().manual_seed(start.seed)
    weight = 0.1 * torch.randn(4, 2, generator=generator)
    return _LinearRun(start, weight, 0, BestEpoch(), weight.clone())
