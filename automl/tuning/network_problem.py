"""Networks of a family on data: which runs a trial makes, one per fold, and what they are.

Which kind of network it is, and what its inputs are, is known here and nowhere else in `tuning`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import ClassVar

from automl.data.dataset import Dataset
from automl.executors.predicting import Predict, ProcessPredictor
from automl.executors.trainers import trainer_class, trainer_for
from automl.executors.workers.worker import TrainingSetup
from automl.models.family import find_family
from automl.models.own.builders import known
from automl.training.config import RowSubset, RunConfig, configure
from automl.training.predictions import predict
from automl.training.trainer import Trainer
from automl.tuning.problem import NOT_STORED, Problem
from automl.tuning.seeds import derive_seed
from search_spaces.declared import family_of, model_of
from storage.records import Json, ParameterValue, StudySettings


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
    keeps_weights: ClassVar[bool] = True

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
        """One run per fold."""
        return tuple(
            make_run(
                self.settings,
                trial_number,
                params,
                seed=derive_seed(self.settings.seed, trial_number, "search", fold),
                fold=fold,
            )
            for fold in range(len(self.dataset.folds))
        )

    def cost(self, params: Mapping[str, ParameterValue]) -> float:
        """By the estimate of who trains its networks wherever it can."""
        cost = self._trainer.cost(make_run(self.settings, 0, params, seed=0), self.dataset)
        return cost.shared + cost.own

    @cached_property
    def _trainer(self) -> type[Trainer]:
        """Who trains its networks wherever it can."""
        return trainer_class(trainer_for(family_of(self.settings.space), "stacked"))

    def n_parameters(self, run: RunConfig) -> int | None:
        """As its family counts them."""
        return find_family(run.family).n_parameters(run.model, self.dataset.describe(run.fold))

    def details(self, run: RunConfig) -> dict[str, Json]:
        """The run, and how the target was standardized."""
        fold = self.dataset.folds[run.fold]
        return {
            "run": asdict(run),
            "n_train_rows": len(fold.train),
            "target_mean": fold.target_mean,
            "target_scale": fold.target_scale,
        }
