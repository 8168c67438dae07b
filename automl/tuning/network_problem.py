"""Networks of a family on data: which runs a trial makes, one per fold, and what they are.

Which kind of network it is, and what its inputs are, is known here and nowhere else in `tuning`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from statistics import median
from typing import Any, ClassVar, Final

from automl.data.dataset import DataDescription, Dataset
from automl.executors.numerics import training_arithmetic
from automl.executors.predicting import Predict, ProcessPredictor
from automl.executors.trainers import trainer_class, trainer_for
from automl.executors.workers.worker import TrainingSetup
from automl.models.family import find_family
from automl.models.own.builders import known
from automl.training.config import RowSubset, RunConfig, configure
from automl.training.latency import measured_latency
from automl.training.predictions import predict
from automl.training.readout import readout
from automl.training.trainer import Trainer
from automl.tuning.limits import Limits, Size, drawn_at_random, network_limits
from automl.tuning.problem import NOT_STORED, Problem
from automl.tuning.seeds import derive_seed
from search_spaces.declared import family_of, model_of
from storage.records import Json, ParameterValue, StudySettings

N_CALIBRATING: Final = 5
"""Networks, drawn from the space, whose calls are measured on this machine."""


def make_run(
    settings: StudySettings,
    trial_number: int,
    params: Mapping[str, ParameterValue],
    *,
    seed: int,
    fold: int = 0,
    rows: RowSubset | None = None,
    patience: int | None = None,
) -> RunConfig:
    """A run of these params in a study, not stored yet.

    Args:
        patience: None: the study's.

    Raises:
        ConfigError: a name is unknown, or a value is not possible.
    """
    family = family_of(settings.space)
    model, training = configure(
        params,
        family=family,
        max_epochs=settings.max_epochs,
        patience=settings.patience if patience is None else patience,
        epoch_steps=None if settings.epoch_steps == "full" else settings.epoch_steps,
    )
    return RunConfig(NOT_STORED, trial_number, family, model, training, seed, fold, rows)


@dataclass(frozen=True, eq=False)
class NetworkProblem(Problem):
    """A study of networks, and what they are trained on."""

    settings: StudySettings
    dataset: Dataset
    has_weights: ClassVar[bool] = True

    def of(self, settings: StudySettings) -> NetworkProblem:
        """The same with other settings."""
        return replace(self, settings=settings)

    @property
    def is_trusted(self) -> bool:
        """Whether its networks are of a family of this product."""
        return find_family(self.space.family).is_trusted

    @property
    def engine(self) -> str | None:
        """Worker processes, for what a person wrote: it may hang, or take its process with it."""
        return None if self.is_trusted else "processes"

    def trainer(self, wanted: str) -> str:
        """Who trains its networks; where stacks are wanted, what its family has for them."""
        return trainer_for(self.space.family, wanted)

    @property
    def model(self) -> bytes | None:
        """Who builds a person's own networks; None for other families."""
        words = model_of(self.settings.space)
        return None if words is None else known(words).packed()

    @contextmanager
    def predicting(self) -> Iterator[Predict]:
        """What predicts with its networks: this process, or another where `engine` says so."""
        if self.engine is None:
            yield lambda run, weights, split: predict(run, weights, self.dataset, split)
            return
        predictor = ProcessPredictor(TrainingSetup(self.dataset, model=self.model))
        try:
            yield predictor
        finally:
            predictor.close()

    def plan(
        self, trial_number: int, params: Mapping[str, ParameterValue]
    ) -> tuple[RunConfig, ...]:
        """One run per fold, within the study's limits."""
        limits = network_limits(self.settings)
        runs = (
            make_run(
                self.settings,
                trial_number,
                params,
                seed=derive_seed(self.settings.seed, trial_number, "search", fold),
                fold=fold,
            )
            for fold in range(len(self.dataset.folds))
        )
        return tuple(replace(run, limits=limits) for run in runs)

    def cost(self, params: Mapping[str, ParameterValue]) -> float:
        """By the estimate of who trains its networks wherever it can."""
        cost = self._trainer.cost(make_run(self.settings, 0, params, seed=0), self.dataset)
        return cost.shared + cost.own

    @cached_property
    def _trainer(self) -> type[Trainer]:
        """Who trains its networks wherever it can."""
        return trainer_class(trainer_for(family_of(self.settings.space), "stacked"))

    @cached_property
    def limits(self) -> Limits | None:
        """What of the space may be trained; None: all of it."""
        limits = network_limits(self.settings)
        return None if limits is None else Limits(self.space, limits, self._size)

    def check_limits(self) -> None:
        """Refuse limits that leave nothing to train.

        Raises:
            ConfigError: not even the smallest network of the space is within them.
        """
        if self.limits is not None:
            self.limits.check(self._latency)

    def _size(self, params: Mapping[str, ParameterValue]) -> Size:
        """What a network of these params comes to; of several folds, the largest."""
        run = make_run(self.settings, 0, params, seed=0)
        counts = [self._n_parameters(run.model, data) for data in self._descriptions]
        seconds = self._call_seconds(run)
        return Size(
            n_parameters=None if None in counts else max(filter(None, counts), default=0),
            latency=None if seconds is None else self._machine_factor * seconds,
        )

    @cached_property
    def _descriptions(self) -> tuple[DataDescription, ...]:
        return tuple(self.dataset.describe(fold) for fold in range(len(self.dataset.folds)))

    def _n_parameters(self, model: Any, data: DataDescription) -> int | None:
        return find_family(self.space.family).n_parameters(model, data)

    def _call_seconds(self, run: RunConfig) -> float | None:
        """What a call of a network takes in proportion to others, where that is limited."""
        if self.settings.max_latency is None:
            return None
        n_rows = self.settings.latency_rows
        return find_family(run.family).call_seconds(run.model, self._descriptions[0], n_rows)

    @cached_property
    def _machine_factor(self) -> float:
        """What calls take on this machine, as a multiple of their estimates."""
        ratios = []
        for number in range(N_CALIBRATING):
            seed = derive_seed(self.settings.seed, number, "limits")
            params = drawn_at_random(self.space, seed)
            estimate = self._call_seconds(make_run(self.settings, 0, params, seed=0))
            assert estimate is not None, "it is asked for where there are estimates"
            ratios.append(self._latency(params) / estimate)
        return median(ratios)

    def _latency(self, params: Mapping[str, ParameterValue]) -> float:
        """Measure what a call of a network takes on this machine."""
        run = make_run(self.settings, 0, params, seed=0)
        with training_arithmetic():
            return measured_latency(run, self.dataset, self.settings.latency_rows)

    def n_parameters(self, run: RunConfig) -> int | None:
        """As its family counts them."""
        return find_family(run.family).n_parameters(run.model, self.dataset.describe(run.fold))

    def details(self, run: RunConfig) -> dict[str, Json]:
        """The run, how the target was standardized, and what outputs are taken for."""
        fold, taken_for = self.dataset.folds[run.fold], readout(run, self.dataset)
        return {
            "run": asdict(replace(run, limits=None)),
            "n_train_rows": len(fold.train),
            "target_mean": fold.target_mean,
            "target_scale": fold.target_scale,
            "prediction_range": taken_for.within,
            "target_curve": None if taken_for.curve is None else asdict(taken_for.curve),
        }
