"""A run of the plain trainer between two epochs: its network, its optimizer, its best epoch."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from automl.training import optimizers
from automl.training.averaging import AveragedWeights
from automl.training.best_epoch import BestEpoch
from automl.training.config import RunConfig
from automl.training.network import Network, load_weights
from automl.training.place import LossScaler
from automl.training.rows import Rows
from automl.training.schedules import optimizer_at
from automl.training.target_transform import TargetCurve
from automl.training.trainer import Checkpoint
from storage.records import EpochRecord


@dataclass(frozen=True, slots=True, eq=False)
class KeptWeights:
    """The weights of the best epoch so far; none before there is one."""

    best: BestEpoch = field(default_factory=BestEpoch)
    weights: dict[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class RunData:
    """What a run trains on, on its device."""

    train: Rows  # its own train rows
    valid: Rows
    curve: TargetCurve | None  # that its targets go through before they are learned
    class_weights: Tensor | None  # (C,)
    learned: Rows = field(init=False)  # the train rows with what is to be put out as targets

    def __post_init__(self) -> None:
        train = self.train
        if self.curve is not None:
            goals = self.curve.to_learn(train.targets).to(train.targets)
            train = Rows(train.arguments, goals, train.weights)
        object.__setattr__(self, "learned", train)


@dataclass(slots=True)
class RunState:
    """A run in training."""

    config: RunConfig
    network: Network
    data: RunData
    optimizer_name: str = field(init=False)
    optimizer: torch.optim.Optimizer = field(init=False)
    scaler: LossScaler = field(init=False)
    epoch: int = 0
    step: int = 0
    kept: KeptWeights = field(default_factory=KeptWeights)
    averages: AveragedWeights | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        if self.config.training.weight_averaging is not None:
            self.averages = AveragedWeights(self.network.module)
        self.scaler = LossScaler(self.network.place)
        self._take(optimizer_at(self.config.training, epoch=1))

    def _take(self, name: str) -> None:
        self.optimizer_name = name
        self.optimizer = optimizers.make_optimizer(name, self.config.training, self.network.module)

    def choose_optimizer(self) -> None:
        """Take up the optimizer of the coming epoch, with empty moments, at switch_to_sgd."""
        name = optimizer_at(self.config.training, self.epoch + 1)
        if name != self.optimizer_name:
            self._take(name)

    def averaged(self) -> AbstractContextManager[None]:
        """The network as it is measured and kept: with averages where the run has them."""
        return nullcontext() if self.averages is None else self.averages.in_place()

    def keep_if_best(self, record: EpochRecord) -> None:
        """Keep the weights if they are those of the best epoch so far."""
        best = self.kept.best.after(record)
        if best is not self.kept.best:
            with self.averaged():
                self.kept = KeptWeights(best, copied_state(self.network.module))

    def checkpoint(self) -> Checkpoint:
        """All that the run needs to go on."""
        module = self.network.module
        averages: dict[str, Tensor] = {}
        if self.averages is not None:
            with self.averages.in_place():
                averages = copied_state(module)
        moments = optimizers.read_moments(self.optimizer_name, self.optimizer, module, self.step)
        return Checkpoint(
            run=self.config,
            epoch=self.epoch,
            step=self.step,
            weights=copied_state(module),
            optimizer=moments | self.scaler.state(),
            best=self.kept.best,
            best_weights=dict(self.kept.weights),
            averaged_weights=averages,
        )

    def go_on_from(self, start: Checkpoint) -> None:
        """Take over the state of a checkpoint."""
        module = self.network.module
        load_weights(module, start.weights)
        self._take(optimizer_at(start.run.training, max(1, start.epoch)))
        optimizers.write_moments(
            self.optimizer_name, self.optimizer, module, start.optimizer, start.step
        )
        self.scaler.restore(start.optimizer)
        if self.averages is not None:
            self.averages = AveragedWeights(module, start.averages)
        self.epoch, self.step = start.epoch, start.step
        self.kept = KeptWeights(start.best, dict(start.best_weights))


def copied_state(module: nn.Module) -> dict[str, Tensor]:
    """A network's state, on the CPU, for good, however it lies in memory."""
    return {
        name: values.detach().cpu().clone(memory_format=torch.contiguous_format)
        for name, values in module.state_dict().items()
    }
