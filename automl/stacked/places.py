"""Where the runs of a trainer are, and what can be asked of them there.

`NativeRuns`, here, has each run by itself, for the compiled kernels. `TorchStacks` (`stacks.py`)
has stacks of many, since a call of torch costs as much as the step of a small network.
"""

from __future__ import annotations

import abc
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from automl.data.table.inputs import table_encoding
from automl.models.family import find_family
from automl.stacked.member import Member
from automl.stacked.native_description import Scratch
from automl.stacked.native_run import NativeRun
from automl.stacked.stack_rows import Tables
from automl.training.latency import latency_of_new
from automl.training.trainer import Checkpoint, RunBegan, RunError, Start, run_of
from storage.records import EpochRecord, LayerGradientRecord


class Places(abc.ABC):
    """The runs in training by one way of computing."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables

    @abc.abstractmethod
    def begin(self, starts: Sequence[Start]) -> None:
        """Let runs begin or go on.

        Raises:
            RunError: a run cannot begin. Those before it have, those behind it have not.
        """

    @abc.abstractmethod
    def look(self, run_ids: Sequence[int]) -> list[RunBegan]:
        """Measure the networks of runs that have begun, before their first epoch.

        One that goes on from a checkpoint has been looked at: only its size is told.
        """

    @abc.abstractmethod
    def groups(self, run_ids: Sequence[int]) -> list[tuple[int, ...]]:
        """Divide runs into those that train together."""

    @abc.abstractmethod
    def train(self, group: Sequence[int]) -> list[EpochRecord]:
        """Train and measure an epoch of each run of a group; keep weights that are the best."""

    @abc.abstractmethod
    def drop(self, run_id: int) -> None:
        """End a run: of it only the best weights can be asked for, until `forget`."""

    @abc.abstractmethod
    def forget(self, run_id: int) -> None:
        """Free what is kept of a dropped run."""

    @abc.abstractmethod
    def checkpoint(self, run_id: int) -> Checkpoint:
        """The state of a run."""

    @abc.abstractmethod
    def best_weights(self, run_id: int) -> dict[str, Tensor]:
        """The weights of a run's best epoch, as `state_dict`; empty where there was none.

        It may have been dropped.
        """

    def began(self, member: Member, layers: tuple[LayerGradientRecord, ...]) -> RunBegan:
        """What is told of a run that has begun."""
        run = member.run
        data = self.tables.dataset.describe(run.fold)
        n_parameters = find_family(run.family).n_parameters(run.model, data)
        assert n_parameters is not None, "the size of a perceptron is known"
        latency = None if member.epoch else latency_of_new(run, self.tables.dataset)
        return RunBegan(run.run_id, n_parameters, layers, latency)

    def state_dict(
        self, member: Member, tensors: Mapping[str, Tensor], step: int
    ) -> dict[str, Tensor]:
        """A run's tensors after so many steps, as the plain network's `state_dict` has them."""
        config = member.run.model
        encoding = table_encoding(self.tables.dataset.folds[member.run.fold].encoding)
        scaling = encoding.scalings[config.scaling]
        dtype = self.tables.dtype
        state = {
            "input_shift": scaling.shift.to("cpu", dtype, copy=True),
            "input_scale": scaling.scale.to("cpu", dtype, copy=True),
            **tensors,
        }
        if config.normalization == "batch_norm":
            for layer in range(config.n_layers):
                state[f"hidden.{layer}.normalization.num_batches_tracked"] = torch.tensor(step)
        return state

    def best_state(self, member: Member, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The same of a run's best epoch."""
        n_steps = member.step // max(1, member.epoch)
        return self.state_dict(member, tensors, member.best.epoch * n_steps)


class NativeRuns(Places):
    """Runs that the compiled kernels train, each by itself."""

    def __init__(self, tables: Tables) -> None:
        super().__init__(tables)
        self._runs: dict[int, NativeRun] = {}
        self._dropped: dict[int, NativeRun] = {}
        self._scratch = Scratch(torch.empty(0, dtype=tables.dtype))

    def begin(self, starts: Sequence[Start]) -> None:
        """Let runs begin or go on."""
        for start in starts:
            run_id = run_of(start).run_id
            try:
                run = NativeRun(self.tables, self._scratch, Member.of(start))
                if isinstance(start, Checkpoint):
                    run.restore(start)
                else:
                    run.initialize()
            except Exception as error:
                raise RunError(run_id) from error
            self._runs[run_id] = run

    def look(self, run_ids: Sequence[int]) -> list[RunBegan]:
        """Measure the networks of runs that have begun, before their first epoch."""
        runs = [self._runs[run_id] for run_id in run_ids]
        return [
            self.began(run.member, () if run.member.epoch else run.measured_layers())
            for run in runs
        ]

    def groups(self, run_ids: Sequence[int]) -> list[tuple[int, ...]]:
        """Each trains by itself."""
        return [(run_id,) for run_id in run_ids]

    def train(self, group: Sequence[int]) -> list[EpochRecord]:
        """Train and measure an epoch of each run."""
        return [self._runs[run_id].train_epoch() for run_id in group]

    def drop(self, run_id: int) -> None:
        """Put a run aside as it is: most are forgotten at once, and reading weights costs."""
        self._dropped[run_id] = self._runs.pop(run_id)

    def forget(self, run_id: int) -> None:
        """Free what is kept of a dropped run."""
        self._dropped.pop(run_id, None)

    def checkpoint(self, run_id: int) -> Checkpoint:
        """The state of a run."""
        run = self._runs[run_id]
        weights, averages = (
            self.state_dict(run.member, tensors, run.member.step) if tensors else {}
            for tensors in (run.weights(), run.averaged_weights())
        )
        best = self.best_weights(run_id)
        return run.member.checkpoint(weights, run.moments(), best, averages)

    def best_weights(self, run_id: int) -> dict[str, Tensor]:
        """The weights of a run's best epoch."""
        run = self._runs.get(run_id) or self._dropped[run_id]
        if run.member.best.epoch == 0:
            return {}
        return self.best_state(run.member, run.best_weights())
