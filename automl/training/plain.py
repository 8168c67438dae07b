"""The textbook training loop over tensors in memory: one run after the other, the truth.

`StackedTrainer` trains many runs as one and must agree with what is written here. The loop
itself is `_train_epoch`; everything random in it is a function of (run.seed, step), so a run
continued from a checkpoint goes on bit by bit as if it had never stopped.
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import torch
from torch import Tensor

from automl.data.dataset import Dataset
from automl.errors import TrainingError
from automl.models.initialization import initialize_
from automl.models.mlp import MLP, input_size, mlp_for
from automl.training import optimizers, randomness
from automl.training.batches import batch_bounds, measured_rows, probe_rows, rows_of
from automl.training.config import RunConfig
from automl.training.gradients import is_measured, measure_layers
from automl.training.losses import metric_of, objective, row_errors, row_losses
from automl.training.predictions import outputs_of
from automl.training.schedules import Schedules, optimizer_at
from automl.training.trainer import Checkpoint, Trainer
from storage.records import EpochRecord, LayerGradientRecord

MASK_ELEMENTS: Final = 1 << 16
"""Dropout masks are drawn for as many steps at once as keep a draw within 256 KiB: it costs
the same per element, and the fixed price of a draw is shared."""


@dataclasses.dataclass(frozen=True, slots=True)
class _Rows:
    """One split's tensors as a run's network takes them, on the trainer's device.

    Shape:
        inputs: (N, D); categories: (N, E); targets: (N,).
    """

    inputs: Tensor
    categories: Tensor
    targets: Tensor

    def __getitem__(self, rows: Tensor | slice) -> _Rows:
        return _Rows(self.inputs[rows], self.categories[rows], self.targets[rows])

    def __len__(self) -> int:
        return len(self.targets)


@dataclasses.dataclass(slots=True)
class _RunState:
    """A run in training, between two epochs."""

    config: RunConfig
    model: MLP
    optimizer_name: str
    optimizer: torch.optim.Optimizer
    rows: Tensor | None  # of the fold's train rows; None: all
    epoch: int = 0
    step: int = 0
    best_epoch: int = 0
    best_valid_loss: float = math.inf
    best_weights: dict[str, Tensor] = dataclasses.field(default_factory=dict)

    def use_optimizer(self, name: str) -> None:
        """Take up an optimizer with empty moments, at the start and at switch_to_sgd."""
        self.optimizer_name = name
        self.optimizer = optimizers.make_optimizer(name, self.config.training, self.model)


@dataclasses.dataclass(frozen=True, slots=True)
class _Epoch:
    """What one pass of the loop leaves to record."""

    learning_rate: float  # at the last step
    gradient_norm: Tensor  # (), mean over the steps, before clipping
    updates: list[Tensor] | None  # last change of each linear map's weights, if measured


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
        self._device = torch.device(device)
        self._dtype = dtype
        self._runs: dict[int, _RunState] = {}  # in the order they take turns
        self._added: list[int] = []
        self._ended: dict[int, dict[str, Tensor]] = {}  # best weights of dropped runs
        self._splits: dict[tuple[int, str, bool], _Rows] = {}

    @property
    def active(self) -> tuple[int, ...]:
        """Ids of the runs in training, in the order they were added."""
        return tuple(self._added)

    def add(self, starts: Sequence[RunConfig | Checkpoint]) -> None:
        """Begin or continue runs, while others go on."""
        for start in starts:
            state = self._continue(start) if isinstance(start, Checkpoint) else self._begin(start)
            self._runs[state.config.run_id] = state
            self._added.append(state.config.run_id)

    def train_round(self, deadline: float | None = None) -> list[EpochRecord]:
        """Train one epoch of every active run; return early at the deadline."""
        started = time.monotonic()
        records = []
        for run_id in list(self._runs):
            if deadline is not None and time.monotonic() >= deadline:
                break
            state = self._runs.pop(run_id)
            self._runs[run_id] = state  # at the end: the runs not reached come first next time
            records.append(self._run_epoch(state))
            if not records[-1].is_finite:
                self.drop(run_id)
        seconds = (time.monotonic() - started) / max(1, len(records))
        return [dataclasses.replace(record, seconds=seconds) for record in records]

    def drop(self, run_id: int) -> None:
        """End a run. Its best weights stay readable until `forget`."""
        self._ended[run_id] = self._runs.pop(run_id).best_weights
        self._added.remove(run_id)

    def checkpoint(self, run_id: int) -> Checkpoint:
        """The state of an active run."""
        state = self._runs[run_id]
        return Checkpoint(
            run=state.config,
            epoch=state.epoch,
            step=state.step,
            weights=_copied(state.model),
            optimizer=optimizers.read_moments(state.optimizer_name, state.optimizer, state.model),
            best_epoch=state.best_epoch,
            best_valid_loss=state.best_valid_loss,
            best_weights=dict(state.best_weights),
        )

    def best_weights(self, run_id: int) -> Mapping[str, Tensor]:
        """`state_dict` of the run's best epoch so far, on the CPU.

        Raises:
            TrainingError: if no epoch of the run had finite losses.
        """
        active = self._runs.get(run_id)
        weights = self._ended[run_id] if active is None else active.best_weights
        if not weights:
            raise TrainingError(f"run {run_id} has no epoch with finite losses, so no weights")
        return weights

    def forget(self, run_id: int) -> None:
        """Free what is kept of a dropped run."""
        self._ended.pop(run_id, None)

    def _begin(self, run: RunConfig) -> _RunState:
        model = mlp_for(run.model, self._dataset, run.fold, device=self._device, dtype=self._dtype)
        initialize_(model, randomness.stream(run.seed, "weights"))
        return self._state(run, model, epoch=1)

    def _continue(self, start: Checkpoint) -> _RunState:
        run = start.run
        model = mlp_for(run.model, self._dataset, run.fold, device=self._device, dtype=self._dtype)
        model.load_state_dict(start.weights)
        state = self._state(run, model, epoch=max(1, start.epoch))
        optimizers.write_moments(
            state.optimizer_name, state.optimizer, model, start.optimizer, start.step
        )
        state.epoch, state.step = start.epoch, start.step
        state.best_epoch, state.best_valid_loss = start.best_epoch, start.best_valid_loss
        state.best_weights = dict(start.best_weights)
        return state

    def _state(self, run: RunConfig, model: MLP, epoch: int) -> _RunState:
        rows = rows_of(run.rows, len(self._dataset.folds[run.fold].train))
        name = optimizer_at(run.training, epoch)
        optimizer = optimizers.make_optimizer(name, run.training, model)
        return _RunState(
            run, model, name, optimizer, None if rows is None else rows.to(self._device)
        )

    def _split(self, run: RunConfig, split: str) -> _Rows:
        """A split's tensors, converted once."""
        key = (run.fold, split, run.model.scaling == "quantile")
        if key not in self._splits:
            rows = getattr(self._dataset.folds[run.fold], split)
            is_class = self._dataset.task != "regression"
            self._splits[key] = _Rows(
                rows.inputs(run.model.scaling).to(self._device, self._dtype),
                rows.categories.to(self._device),
                rows.targets.to(self._device, None if is_class else self._dtype),
            )
        return self._splits[key]

    def _run_epoch(self, state: _RunState) -> EpochRecord:
        """Train one epoch of a run, measure it, and keep its weights if they are the best."""
        state.epoch += 1
        name = optimizer_at(state.config.training, state.epoch)
        if name != state.optimizer_name:
            state.use_optimizer(name)
        record = self._evaluated(state, self._train_epoch(state))
        if record.is_finite and record.valid_loss < state.best_valid_loss:
            state.best_epoch, state.best_valid_loss = record.epoch, record.valid_loss
            state.best_weights = _copied(state.model)
        return record

    def _train_epoch(self, state: _RunState) -> _Epoch:
        """The loop."""
        model, optimizer, training = state.model, state.optimizer, state.config.training
        train = self._split(state.config, "train")[self._order(state)]
        bounds = batch_bounds(len(train), training.batch_size)
        rates = Schedules.of([training], len(bounds)).learning_rates([state.step], len(bounds))
        steps = zip(bounds, rates[0].tolist(), self._masks(state, bounds), strict=True)
        parameters, weights = list(model.parameters()), optimizers.penalized(model)
        norms = torch.zeros((), device=self._device, dtype=self._dtype)
        before: list[Tensor] | None = None

        model.train()
        for (start, stop), learning_rate, masks in steps:
            batch = train[start:stop]
            outputs = model(batch.inputs, batch.categories, masks)
            loss = self._objective(state, outputs, batch.targets)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            if training.l1:
                optimizers.add_l1_(weights, training.l1)
            norm = optimizers.gradient_norm(parameters)
            if training.gradient_clip_norm is not None:
                optimizers.clip_(parameters, norm, training.gradient_clip_norm)
            if stop == len(train) and is_measured(state.epoch):
                before = _linear_weights(model)
            optimizers.set_learning_rate(optimizer, learning_rate)
            optimizer.step()
            if training.max_norm is not None:
                optimizers.limit_norms_(model, training.max_norm)
            norms += norm

        state.step += len(bounds)
        updates = None if before is None else _differences(_linear_weights(model), before)
        return _Epoch(learning_rate, norms / len(bounds), updates)

    def _objective(self, state: _RunState, outputs: Tensor, targets: Tensor) -> Tensor:
        """What a step descends; penalties come in as gradients, see `optimizers.py`."""
        class_weights = self._dataset.folds[state.config.fold].class_weights
        if class_weights is not None:
            class_weights = class_weights.to(self._device)
        smoothing = state.config.training.label_smoothing
        return objective(self._dataset.loss, outputs, targets, smoothing, class_weights)

    def _order(self, state: _RunState) -> Tensor:
        """The epoch's order of the run's rows, as indices into the fold's train rows."""
        n_rows = len(self._dataset.folds[state.config.fold].train)
        n_own = n_rows if state.rows is None else len(state.rows)
        streams = randomness.streams([state.config.seed], "shuffle", device=self._device)
        order = randomness.shuffle(randomness.keys_at(streams, state.epoch)[0], n_own)
        return order if state.rows is None else state.rows[order]

    def _masks(
        self, state: _RunState, bounds: Sequence[tuple[int, int]]
    ) -> Iterator[list[Tensor | None]]:
        """Dropout masks for each step of an epoch: inputs first, then each hidden layer."""
        fold, config = self._dataset.folds[state.config.fold], state.config.model
        sizes = (input_size(fold.n_features, fold.cardinalities), *config.hidden_sizes)
        rates = (config.input_dropout, *(config.dropout for _ in config.hidden_sizes))
        n_rows = max(stop - start for start, stop in bounds)
        n_block = max(1, MASK_ELEMENTS // (n_rows * max(sizes)))
        steps = torch.arange(state.step, state.step + len(bounds), device=self._device)
        for block, own in zip(torch.split(steps, n_block), _chunks(bounds, n_block), strict=True):
            drawn = [
                self._drawn(state.config.seed, layer, block, rate, n_rows, size)
                for layer, (rate, size) in enumerate(zip(rates, sizes, strict=True))
            ]
            for step, (start, stop) in enumerate(own):
                yield [None if mask is None else mask[step, : stop - start] for mask in drawn]

    def _drawn(
        self, seed: int, layer: int, steps: Tensor, rate: float, n_rows: int, n_units: int
    ) -> Tensor | None:
        """One place's masks for several steps, (S, B, H); None if nothing is dropped."""
        if rate == 0.0:
            return None
        streams = randomness.streams([seed], "dropout", layer, device=self._device)
        keys = randomness.keys_at(streams, steps)
        return randomness.dropout_mask(keys, rate, n_rows, n_units, self._dtype)

    def _evaluated(self, state: _RunState, epoch: _Epoch) -> EpochRecord:
        """The epoch's record, but for its time."""
        train = self._split(state.config, "train")
        n_own = len(train) if state.rows is None else len(state.rows)
        measured = measured_rows(n_own)
        if measured is not None:
            measured = measured.to(self._device)
            train = train[measured if state.rows is None else state.rows[measured]]
        elif state.rows is not None:
            train = train[state.rows]
        train_loss, _, train_error = self._scored(state, train)
        valid_loss, valid_error_of_loss, valid_error = self._scored(
            state, self._split(state.config, "valid")
        )
        scale = self._dataset.folds[state.config.fold].target_scale
        return EpochRecord(
            run_id=state.config.run_id,
            epoch=state.epoch,
            step=state.step,
            train_loss=train_loss,
            valid_loss=valid_loss,
            valid_loss_standard_error=valid_error_of_loss,
            train_metric=metric_of(self._dataset.task, train_error, scale),
            valid_metric=metric_of(self._dataset.task, valid_error, scale),
            learning_rate=epoch.learning_rate,
            gradient_norm=epoch.gradient_norm.item(),
            seconds=0.0,
            layers=self._layers(state, epoch.updates),
        )

    def _scored(self, state: _RunState, rows: _Rows) -> tuple[float, float, float]:
        """Mean plain loss, its standard error, and the mean of the metric's row errors."""
        outputs = outputs_of(state.model, rows.inputs, rows.categories)
        losses = row_losses(self._dataset.loss, outputs, rows.targets).double()
        errors = row_errors(self._dataset.task, outputs, rows.targets).double()
        spread = losses.std(correction=min(1, len(rows) - 1)) / len(rows) ** 0.5
        loss, error_of_loss, error = torch.stack([losses.mean(), spread, errors.mean()]).tolist()
        return loss, error_of_loss, error

    def _layers(
        self, state: _RunState, updates: list[Tensor] | None
    ) -> tuple[LayerGradientRecord, ...]:
        """The layers' signals where the epoch is one that is measured."""
        if updates is None:
            return ()
        train = self._split(state.config, "train")
        rows = probe_rows(len(train)).to(self._device)
        batch = train[rows]
        return measure_layers(
            state.model, self._dataset.loss, batch.inputs, batch.categories, batch.targets, updates
        )


def _chunks(items: Sequence[tuple[int, int]], size: int) -> list[Sequence[tuple[int, int]]]:
    return [items[start : start + size] for start in range(0, len(items), size)]


def _copied(model: MLP) -> dict[str, Tensor]:
    """The network's state, on the CPU, for good."""
    return {name: values.detach().cpu().clone() for name, values in model.state_dict().items()}


def _linear_weights(model: MLP) -> list[Tensor]:
    return [linear.weight.detach().clone() for linear in model.linears]


def _differences(after: Sequence[Tensor], before: Sequence[Tensor]) -> list[Tensor]:
    return [new - old for new, old in zip(after, before, strict=True)]
