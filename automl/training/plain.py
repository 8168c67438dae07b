"""The textbook training loop over tensors in memory: one run after the other, the truth.

`StackedTrainer` trains many runs as one and must agree with what is written here. The loop
itself is `_train_epoch`; everything random in it is a function of (run.seed, step), so a run
continued from a checkpoint goes on bit by bit as if it had never stopped.
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Hashable, Mapping, Sequence

import torch
from torch import Tensor, nn

from automl import randomness
from automl.data.dataset import Dataset
from automl.errors import DivergedError
from automl.models.family import find_family
from automl.models.parameter_roles import penalized, trainable
from automl.training import optimizers
from automl.training.batches import batch_bounds, measured_rows, probe_rows, rows_of
from automl.training.config import RunConfig
from automl.training.gradients import Weights, is_measured, measure_layers, weights_now
from automl.training.losses import metric_of, objective
from automl.training.network import Network, Place, read_rows
from automl.training.rows import Rows
from automl.training.schedules import Schedules, optimizer_at
from automl.training.scores import score
from automl.training.trainer import Checkpoint, RunError, Trainer
from storage.records import EpochRecord, LayerGradientRecord


@dataclasses.dataclass(slots=True)
class _RunState:
    """A run in training, between two epochs."""

    config: RunConfig
    network: Network
    train: Rows  # the run's own train rows
    valid: Rows
    class_weights: Tensor | None
    optimizer_name: str
    optimizer: torch.optim.Optimizer
    epoch: int = 0
    step: int = 0
    best_epoch: int = 0
    best_valid_loss: float = math.inf
    best_weights: dict[str, Tensor] = dataclasses.field(default_factory=dict)

    def choose_optimizer(self) -> None:
        """Take up the optimizer of the coming epoch, with empty moments, at switch_to_sgd."""
        name = optimizer_at(self.config.training, self.epoch + 1)
        if name != self.optimizer_name:
            self.optimizer_name = name
            self.optimizer = optimizers.make_optimizer(
                name, self.config.training, self.network.module
            )


@dataclasses.dataclass(frozen=True, slots=True)
class _Epoch:
    """What one pass of the loop leaves to record."""

    learning_rate: float  # at the last step
    gradient_norm: Tensor  # (), mean over the steps, before clipping
    before: Weights | None  # the last step, if the epoch is one that is measured


class PlainTrainer(Trainer):
    """Trains runs one after the other with torch.nn and torch.optim."""

    def __init__(
        self,
        dataset: Dataset,
        *,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self._dataset = dataset
        self._place = Place(torch.device(device), dtype)
        self._runs: dict[int, _RunState] = {}  # in the order they take turns
        self._added: list[int] = []
        self._ended: dict[int, dict[str, Tensor]] = {}  # best weights of dropped runs
        self._splits: dict[Hashable, Rows] = {}

    @property
    def active(self) -> tuple[int, ...]:
        """Ids of the runs in training, in the order they were added."""
        return tuple(self._added)

    def add(self, starts: Sequence[RunConfig | Checkpoint]) -> None:
        """Begin or continue runs, while others go on."""
        for start in starts:
            run_id = (start.run if isinstance(start, Checkpoint) else start).run_id
            try:
                self._runs[run_id] = self._started(start)
            except Exception as error:
                raise RunError(run_id) from error
            self._added.append(run_id)

    def train_round(self, deadline: float | None = None) -> list[EpochRecord]:
        """Train one epoch of every active run; return early at the deadline."""
        started = time.monotonic()
        records = []
        for run_id in list(self._runs):
            if deadline is not None and time.monotonic() >= deadline:
                break
            state = self._runs.pop(run_id)
            self._runs[run_id] = state  # at the end: the runs not reached come first next time
            try:
                records.append(self._run_epoch(state))
            except Exception as error:
                raise RunError(run_id, _timed(records, started)) from error
            if not records[-1].is_finite:
                self.drop(run_id)
        return _timed(records, started)

    def drop(self, run_id: int) -> None:
        """End a run. Its best weights stay readable until `forget`."""
        self._ended[run_id] = self._runs.pop(run_id).best_weights
        self._added.remove(run_id)

    def checkpoint(self, run_id: int) -> Checkpoint:
        """The state of an active run."""
        state = self._runs[run_id]
        module = state.network.module
        return Checkpoint(
            run=state.config,
            epoch=state.epoch,
            step=state.step,
            weights=_copied(module),
            optimizer=optimizers.read_moments(
                state.optimizer_name, state.optimizer, state.network.module
            ),
            best_epoch=state.best_epoch,
            best_valid_loss=state.best_valid_loss,
            best_weights=dict(state.best_weights),
        )

    def best_weights(self, run_id: int) -> Mapping[str, Tensor]:
        """`state_dict` of the run's best epoch so far, on the CPU.

        Raises:
            DivergedError: no epoch of the run had finite losses.
        """
        active = self._runs.get(run_id)
        weights = self._ended[run_id] if active is None else active.best_weights
        if not weights:
            raise DivergedError(f"run {run_id} has no epoch with finite losses, so no weights")
        return weights

    def forget(self, run_id: int) -> None:
        """Free what is kept of a dropped run."""
        self._ended.pop(run_id, None)

    def _started(self, start: RunConfig | Checkpoint) -> _RunState:
        return self._continue(start) if isinstance(start, Checkpoint) else self._begin(start)

    def _begin(self, run: RunConfig) -> _RunState:
        state = self._state(run, optimizer_at(run.training, epoch=1))
        state.network.initialize_(run)
        return state

    def _continue(self, start: Checkpoint) -> _RunState:
        name = optimizer_at(start.run.training, max(1, start.epoch))
        state = self._state(start.run, name)
        module = state.network.module
        module.load_state_dict(start.weights)
        optimizers.write_moments(name, state.optimizer, module, start.optimizer, start.step)
        state.epoch, state.step = start.epoch, start.step
        state.best_epoch, state.best_valid_loss = start.best_epoch, start.best_valid_loss
        state.best_weights = dict(start.best_weights)
        return state

    def _state(self, run: RunConfig, optimizer_name: str) -> _RunState:
        train, valid = self._split(run, "train"), self._split(run, "valid")
        network = Network.built(run, self._dataset.describe(run.fold), train, self._place)
        own = rows_of(run.rows, len(train))
        device, dtype = self._place.device, self._place.dtype
        weights = self._dataset.folds[run.fold].class_weights
        return _RunState(
            config=run,
            network=network,
            train=train if own is None else train[own.to(device)],
            valid=valid,
            class_weights=None if weights is None else weights.to(device, dtype),
            optimizer_name=optimizer_name,
            optimizer=optimizers.make_optimizer(optimizer_name, run.training, network.module),
        )

    def _split(self, run: RunConfig, name: str) -> Rows:
        """A split's tensors, read once."""
        key = (run.fold, name, run.family, find_family(run.family).reading(run.model))
        if key not in self._splits:
            fold = self._dataset.folds[run.fold]
            self._splits[key] = read_rows(run, fold.split(name), fold.encoding, self._place)
        return self._splits[key]

    def _run_epoch(self, state: _RunState) -> EpochRecord:
        """Train one epoch of a run, measure it, and keep its weights if they are the best."""
        state.choose_optimizer()
        state.epoch += 1
        record = self._evaluated(state, self._train_epoch(state))
        if record.is_finite and record.valid_loss < state.best_valid_loss:
            state.best_epoch, state.best_valid_loss = record.epoch, record.valid_loss
            state.best_weights = _copied(state.network.module)
        return record

    def _train_epoch(self, state: _RunState) -> _Epoch:
        """The loop."""
        network, optimizer, training = state.network, state.optimizer, state.config.training
        train = state.train[self._order(state)]
        bounds = batch_bounds(len(train), training.batch_size)
        rates = Schedules.of([training], len(bounds)).learning_rates([state.step], len(bounds))
        forwards = network.family.forwards(
            network.module, state.config.seed, state.step, [stop - start for start, stop in bounds]
        )
        steps = zip(bounds, rates[0].tolist(), forwards, strict=True)
        parameters, weights = trainable(network.module), penalized(network.module)
        norms = torch.zeros((), device=self._place.device, dtype=self._place.dtype)
        before: Weights | None = None

        network.module.train()
        for (start, stop), learning_rate, forward in steps:
            batch = train[start:stop]
            outputs = network.checked(forward(*batch.arguments), len(batch))
            loss = self._objective(state, outputs, batch.targets)
            optimizer.zero_grad()
            loss.backward()
            if training.l1:
                optimizers.add_l1_(weights, training.l1)
            norm = optimizers.gradient_norm(parameters)
            if training.gradient_clip_norm is not None:
                optimizers.clip_(parameters, norm, training.gradient_clip_norm)
            if stop == len(train) and is_measured(state.epoch):
                before = weights_now(network.module)
            optimizers.set_learning_rate(optimizer, learning_rate)
            optimizer.step()
            if training.max_norm is not None:
                optimizers.limit_norms_(network.module, training.max_norm)
            norms += norm

        state.step += len(bounds)
        return _Epoch(learning_rate, norms / len(bounds), before)

    def _objective(self, state: _RunState, outputs: Tensor, targets: Tensor) -> Tensor:
        """What a step descends; penalties come in as gradients, see `optimizers.py`."""
        smoothing = state.config.training.label_smoothing
        return objective(self._dataset.loss, outputs, targets, smoothing, state.class_weights)

    def _order(self, state: _RunState) -> Tensor:
        """The order in which the epoch goes through the run's train rows."""
        streams = randomness.streams([state.config.seed], "shuffle", device=self._place.device)
        return randomness.shuffle(randomness.keys_at(streams, state.epoch)[0], len(state.train))

    def _evaluated(self, state: _RunState, epoch: _Epoch) -> EpochRecord:
        """The epoch's record, but for its time."""
        measured = measured_rows(len(state.train))
        rows = state.train if measured is None else state.train[measured.to(self._place.device)]
        train = score(state.network, self._dataset, rows)
        valid = score(state.network, self._dataset, state.valid)
        scale = self._dataset.folds[state.config.fold].target_scale
        return EpochRecord(
            run_id=state.config.run_id,
            epoch=state.epoch,
            step=state.step,
            train_loss=train.loss,
            valid_loss=valid.loss,
            valid_loss_standard_error=valid.standard_error,
            train_metric=metric_of(self._dataset.task, train.error, scale),
            valid_metric=metric_of(self._dataset.task, valid.error, scale),
            learning_rate=epoch.learning_rate,
            gradient_norm=epoch.gradient_norm.item(),
            seconds=0.0,
            layers=self._layers(state, epoch.before),
        )

    def _layers(self, state: _RunState, before: Weights | None) -> tuple[LayerGradientRecord, ...]:
        """The layers' signals, where the epoch is one that is measured."""
        if before is None:
            return ()
        batch = state.train[probe_rows(len(state.train)).to(self._place.device)]
        return measure_layers(state.network, self._dataset.loss, batch, before)


def _timed(records: Sequence[EpochRecord], started: float) -> list[EpochRecord]:
    """The records with their equal shares of the time since then."""
    seconds = (time.monotonic() - started) / max(1, len(records))
    return [dataclasses.replace(record, seconds=seconds) for record in records]


def _copied(module: nn.Module) -> dict[str, Tensor]:
    """A network's state, on the CPU, for good."""
    return {name: values.detach().cpu().clone() for name, values in module.state_dict().items()}
