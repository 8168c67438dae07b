"""What it takes to train more runs of a stored study: its store, its data and an executor.

The runs are stored beside the study's own, and what is found is kept with its diagnoses.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from automl.errors import StudyError
from automl.executors.choosing import executor_of
from automl.executors.executor import Executor
from automl.executors.workers.worker import TrainingSetup
from automl.investigation.side_runs import train_beside
from automl.models.own.builders import remember_for
from automl.options.loading import load_again
from automl.options.values import MODEL, WORKERS
from automl.studies import judge, open_existing_store
from automl.tuning.network_problem import NetworkProblem
from automl.tuning.planned_runs import EndedRun, PlannedRun
from automl.tuning.planned_training import Kept
from automl.tuning.study import read_known_study
from storage import Store
from storage.records import Diagnosis, StudyRecords

LOG = logging.getLogger("automl")


@dataclass(frozen=True, slots=True)
class Laboratory:
    """A store, the study's data and an executor: what it takes to train more runs."""

    store: Store
    records: StudyRecords
    problem: NetworkProblem
    executor: Executor

    def train(
        self, planned: Sequence[PlannedRun], *, keep: Kept | None = None
    ) -> tuple[EndedRun, ...]:
        """Train runs beside the study's, see `train_beside`."""
        return train_beside(self.store, self.problem, self.executor, planned, keep=keep)

    def _say_fold(self, answers: Sequence[Diagnosis]) -> list[Diagnosis]:
        """Add to each answer from runs that they had the first fold, where there are more."""
        n_folds = len(self.problem.dataset.folds)
        if n_folds == 1:
            return list(answers)
        words = f" Measured on the first of {n_folds} folds only."
        return [
            answer
            if answer.kind == "advice_left_out"
            else replace(answer, message=answer.message + words)
            for answer in answers
        ]

    def keep(self, answers: Sequence[Diagnosis], kinds: frozenset[str]) -> StudyRecords:
        """Put answers in the place of earlier ones of these kinds, and judge in their light."""
        name = self.records.settings.study_name
        stored = self.store.read_study(name).diagnoses
        others = [one for one in stored if one.kind not in kinds]
        self.store.replace_diagnoses(name, [*others, *self._say_fold(answers)])
        return judge(self.store, self.store.read_study(name))


@dataclass(frozen=True, slots=True)
class Means:
    """How runs are trained; as they are by default, they are asked for with hope or without."""

    trainer: str = "stacked"
    device: str = "cpu"
    arithmetic: Mapping[str, bool] = field(default_factory=dict)
    is_preflight: bool = False


@contextmanager
def laboratory_of(
    study: str,
    storage: str,
    data: Any,
    model: Any,
    workers: int | Literal["auto"],
    means: Means | None = None,
) -> Iterator[Laboratory]:
    """Open a stored study for further training.

    Args:
        data: what the study was given, where that was an object.
        model: the builder of a person's own network, where the study searched one.

    Raises:
        StudyError: there is no such study, or the data are not the study's.
    """
    means = means or Means()
    workers = WORKERS.plain("workers", workers)
    model = MODEL.plain("model", model)
    with closing(open_existing_store(storage)) as store:
        records = judge(store, read_known_study(store, study))
        if records.settings.is_objective:
            raise StudyError(
                f"further training needs the data of a study of networks, but {study!r} is of an "
                f"objective, {records.settings.data_source}; call automl.tune again"
            )
        remember_for(model, records.settings)
        LOG.info("reading the data")
        dataset = load_again(records.settings, data).dataset
        problem = NetworkProblem(records.settings, dataset)
        setup = TrainingSetup(
            dataset,
            n_workers=workers,
            trainer=problem.trainer(means.trainer),
            arithmetic=means.arithmetic,
            devices=(means.device,),
            model=problem.model,
            is_preflight=means.is_preflight,
        )
        executor = executor_of(setup, problem.engine)
        with closing(executor):
            for message in executor.take_messages():
                LOG.warning("%s", message)
            yield Laboratory(store, records, problem, executor)
