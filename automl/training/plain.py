"""The textbook training loop over tensors in memory: one run after the other, the truth.

`StackedTrainer` trains many runs as one and must agree with what is written here. The loop
itself is `_train_epoch`; everything random in it is a function of (run.seed, step), so a run
continued from a checkpoint goes on bit by bit as if it had never stopped.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Collection, Hashable, Mapping, Sequence
from typing import ClassVar

import torch
from torch import Tensor

from automl import randomness
from automl.data.dataset import Dataset
from automl.errors import DivergedError
from automl.models.family import find_family
from automl.models.parameter_roles import penalized, trainable
from automl.training import optimizers
from automl.training.averaging import averaging_weights
from automl.training.batches import Epochs, measured_rows, probe_rows, rows_of, split_read
from automl.training.config import RunConfig
from automl.training.gradients import Weights, is_measured, measure_layers, weights_now
from automl.training.latency import latency_of_new
from automl.training.losses import objective
from automl.training.network import Network, read_rows
from automl.training.place import Place
from automl.training.readout import readout
from automl.training.rows import Rows
from automl.training.run_state import RunData, RunState
from automl.training.schedules import learning_rates, regularization_factor
from automl.training.scores import epoch_record, score
from automl.training.trainer import Checkpoint, RunBegan, RunError, Start, Trainer, run_of
from storage.records import EpochRecord, LayerGradientRecord


@dataclasses.dataclass(frozen=True, slots=True)
class _Epoch:
    """What one pass of the loop leaves to record."""

    learning_rate: float  # at the last step
    gradient_norm: Tensor  # (), mean over the steps, before clipping
    before: Weights | None  # the last step, if the epoch is one that is measured


class PlainTrainer(Trainer):
    """Trains runs one after the other with torch.nn and torch.optim."""

    knows_weights: ClassVar[bool] = True

    def __init__(
        self,
        dataset: Dataset,
        *,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
        amp: bool = False,
        channels_last: bool = False,
    ) -> None:
        self._dataset = dataset
        self._place = Place(torch.device(device), dtype, amp, channels_last)
        self._runs: dict[int, RunState] = {}  # in the order they take turns
        self._added: list[int] = []
        self._ended: dict[int, dict[str, Tensor]] = {}  # best weights of dropped runs
        self._splits: dict[Hashable, Rows] = {}
        self._begun: list[RunBegan] = []

    @property
    def active(self) -> tuple[int, ...]:
        """Ids of the runs in training, in the order they were added."""
        return tuple(self._added)

    def add(self, starts: Sequence[Start]) -> None:
        """Begin or continue runs, while others go on."""
        for start in starts:
            run_id = run_of(start).run_id
            try:
                state = self._started(start)
                began = self._look(state)
            except Exception as error:
                raise RunError(run_id) from error
            self._runs[run_id] = state
            self._added.append(run_id)
            self._begun.append(began)

    def take_begun(self) -> tuple[RunBegan, ...]:
        """What became known of runs as they began, before their first epoch."""
        begun, self._begun = tuple(self._begun), []
        return begun

    def train_round(
        self, deadline: float | None = None, run_ids: Collection[int] | None = None
    ) -> list[EpochRecord]:
        """Train one epoch of active runs; return early at the deadline."""
        started = time.monotonic()
        records = []
        for run_id in [one for one in self._runs if run_ids is None or one in run_ids]:
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
        self._ended[run_id] = self._runs.pop(run_id).kept.weights
        self._added.remove(run_id)

    def checkpoint(self, run_id: int) -> Checkpoint:
        """The state of an active run."""
        return self._runs[run_id].checkpoint()

    def best_weights(self, run_id: int) -> Mapping[str, Tensor]:
        """`state_dict` of the run's best epoch so far, on the CPU.

        Raises:
            DivergedError: no epoch of the run had finite losses.
        """
        active = self._runs.get(run_id)
        weights = self._ended[run_id] if active is None else active.kept.weights
        if not weights:
            raise DivergedError(f"run {run_id} has no epoch with finite losses, so no weights")
        return weights

    def forget(self, run_id: int) -> None:
        """Free what is kept of a dropped run."""
        self._ended.pop(run_id, None)

    def _started(self, start: Start) -> RunState:
        if isinstance(start, Checkpoint):
            state = self._state(start.run)
            state.go_on_from(start)
        else:
            state = self._state(start)
            state.network.initialize_(start, state.data.train)
        return state

    def _state(self, run: RunConfig) -> RunState:
        """A run with its rows, its network not yet as it begins."""
        if not find_family(run.family).is_trusted:  # it may draw by whatever there is
            randomness.seed_python_and_numpy(randomness.stream(run.seed, "weights"))
        train, valid = self._split(run, "train"), self._split(run, "valid")
        own = rows_of(run.rows, len(train))
        device, dtype = self._place.device, self._place.dtype
        weights = self._dataset.folds[run.fold].class_weights
        data, taken_for = self._dataset.describe(run.fold), readout(run, self._dataset)
        return RunState(
            config=run,
            network=Network.built(run, data, train, self._place, taken_for),
            data=RunData(
                train if own is None else train[own.to(device)],
                valid,
                taken_for.curve,
                None if weights is None else weights.to(device, dtype),
            ),
        )

    def _split(self, run: RunConfig, name: str) -> Rows:
        """The tensors of a split's rows that training reads, made once."""
        key = (run.fold, name, run.family, find_family(run.family).reading(run.model))
        if key not in self._splits:
            fold = self._dataset.folds[run.fold]
            self._splits[key] = read_rows(run, split_read(fold, name), fold.encoding, self._place)
        return self._splits[key]

    def _run_epoch(self, state: RunState) -> EpochRecord:
        """Train one epoch of a run, measure it, and keep its weights if they are the best."""
        state.choose_optimizer()
        state.epoch += 1
        record = self._evaluated(state, self._train_epoch(state))
        state.keep_if_best(record)
        return record

    def _train_epoch(self, state: RunState) -> _Epoch:
        """The loop."""
        config, network, optimizer = state.config, state.network, state.optimizer
        training = config.training
        epochs = Epochs.of(len(state.data.train), training.batch_size, training.epoch_steps)
        train = state.data.learned[self._order(state, epochs)]
        bounds = epochs.bounds
        timing = (len(bounds), state.step, len(bounds))
        rates = learning_rates(training, *timing).tolist()
        averaging = averaging_weights(training, *timing).tolist()
        regularization = regularization_factor(training, state.epoch)
        optimizers.set_regularization(optimizer, regularization)
        forwards = network.family.forwards(
            network.module,
            config.seed,
            state.step,
            [stop - start for start, stop in bounds],
            regularization=regularization,
        )
        shares = network.family.own_shares(config.model, config.seed, state.step, len(bounds))
        steps = zip(bounds, rates, forwards, averaging, shares, strict=True)
        parameters, weights = trainable(network.module), penalized(network.module)
        norms = torch.zeros((), device=self._place.device, dtype=self._place.dtype)
        before: Weights | None = None

        network.module.train()
        for (start, stop), learning_rate, forward, average, share in steps:
            batch = train[start:stop]
            is_first = state.step == start == 0
            outputs = network.trainable_outputs(forward, batch, is_first=is_first)
            loss = self._objective(state, outputs, batch, share)
            optimizer.zero_grad()
            state.scaler.backward(loss, optimizer)
            if training.l1:
                optimizers.add_l1_(weights, training.l1)
            norm = optimizers.gradient_norm(parameters)
            if training.gradient_clip_norm is not None:
                optimizers.clip_(parameters, norm, training.gradient_clip_norm)
            if stop == len(train) and is_measured(state.epoch):
                before = weights_now(network.module)
            optimizers.set_learning_rate(optimizer, learning_rate)
            state.scaler.step(optimizer)
            if training.max_norm is not None:
                optimizers.limit_norms_(network.module, training.max_norm)
            if state.averages is not None:
                state.averages.add(average)
            norms += norm

        state.step += len(bounds)
        return _Epoch(learning_rate, norms / len(bounds), before)

    def _objective(
        self, state: RunState, outputs: Tensor, batch: Rows, own_share: float
    ) -> Tensor:
        """What a step descends; penalties come in as gradients, see `optimizers.py`."""
        of_members, smoothing = state.network.of_members, state.config.training.label_smoothing

        def of(targets: Tensor, weights: Tensor | None) -> Tensor:
            """The same by one target of each row, with the weight of the row that it is of."""
            weights = None if weights is None else of_members(weights)
            classes, loss = state.data.class_weights, self._dataset.loss
            return objective(loss, outputs, of_members(targets), smoothing, classes, weights)

        own = of(batch.targets, batch.weights)
        if own_share == 1.0:
            return own
        following = None if batch.weights is None else batch.weights.roll(-1, 0)
        other = of(batch.targets.roll(-1, 0), following)
        return own_share * own + (1 - own_share) * other

    def _order(self, state: RunState, epochs: Epochs) -> Tensor:
        """The order in which the epoch goes through the run's train rows."""
        streams = randomness.streams([state.config.seed], "shuffle", device=self._place.device)
        return epochs.order(streams[0], state.epoch)

    def _evaluated(self, state: RunState, epoch: _Epoch) -> EpochRecord:
        """The epoch's record, but for its time."""
        measured = measured_rows(len(state.data.train), len(state.data.valid))
        rows = (
            state.data.train
            if measured is None
            else state.data.train[measured.to(self._place.device)]
        )
        with state.averaged():
            train = score(state.network, self._dataset, rows)
            valid = score(state.network, self._dataset, state.data.valid)
        return epoch_record(
            self._dataset,
            state.config,
            (state.epoch, state.step),
            (train, valid),
            learning_rate=epoch.learning_rate,
            gradient_norm=epoch.gradient_norm.item(),
            layers=self._layers(state, epoch.before),
        )

    def _look(self, state: RunState) -> RunBegan:
        """The first look at a run that begins; one that is continued has had it."""
        n_parameters = sum(each.numel() for each in trainable(state.network.module))
        layers = () if state.epoch else self._measured(state, None)
        latency = None if state.epoch else latency_of_new(state.config, self._dataset)
        return RunBegan(state.config.run_id, n_parameters, layers, latency)

    def _layers(self, state: RunState, before: Weights | None) -> tuple[LayerGradientRecord, ...]:
        """The layers' signals, where the epoch is one that is measured."""
        return () if before is None else self._measured(state, before)

    def _measured(
        self, state: RunState, before: Weights | None
    ) -> tuple[LayerGradientRecord, ...]:
        most = state.network.rows_at_once // 2  # an unknown network takes a batch, or little
        rows = probe_rows(len(state.data.train))[:most].to(self._place.device)
        batch = state.data.learned[rows]
        return measure_layers(state.network, self._dataset.loss, batch, before)


def _timed(records: Sequence[EpochRecord], started: float) -> list[EpochRecord]:
    """The records with their equal shares of the time since then."""
    seconds = (time.monotonic() - started) / max(1, len(records))
    return [dataclasses.replace(record, seconds=seconds) for record in records]
