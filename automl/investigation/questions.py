"""Questions to a stored study that take training: does the advice help, would more rows?

`confirm` tries what the verdicts advise, `explain` splits the error into bias and variance
and draws the data-size curve, `promote` trains a pruned trial on. Their runs are stored beside
the study's; neither the sampler nor the total sees them. The answers are kept with the study's
diagnoses.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal

from automl.diagnostics import diagnose_study
from automl.diagnostics.measured_advice import ON_ADVICE
from automl.executors.choosing import make_executor
from automl.executors.executor import Executor
from automl.executors.trainers import trainer_for
from automl.investigation import promotion
from automl.investigation.confirmation import judge_confirmation, plan_confirmation
from automl.investigation.promotion import Promotion, check_promotable
from automl.investigation.retraining import (
    judge_data_size,
    judge_decomposition,
    plan_data_size,
    plan_decomposition,
)
from automl.investigation.side_runs import train_beside
from automl.models.own.builders import remember_for
from automl.options.loading import load_again
from automl.options.values import COUNT, DEFAULT_STORAGE, MODEL, TRIAL_NUMBER, WORKERS
from automl.result import SearchResult
from automl.studies import ON_CAUSES, judge, open_existing_store
from automl.tuning.planned_runs import EndedRun, Kept, PlannedRun
from automl.tuning.problem import Problem
from automl.tuning.study import read_known_study
from storage import Store
from storage.records import Diagnosis, StudyRecords

LOG = logging.getLogger("automl")


@dataclass(frozen=True, slots=True)
class _Laboratory:
    """A store, the study's data and an executor: what it takes to train more runs."""

    store: Store
    records: StudyRecords
    problem: Problem
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


@contextmanager
def _laboratory(
    study: str, storage: str, data: Any, model: Any, workers: int | Literal["auto"]
) -> Iterator[_Laboratory]:
    workers = WORKERS.plain("workers", workers)
    model = MODEL.plain("model", model)
    with closing(open_existing_store(storage)) as store:
        records = judge(store, read_known_study(store, study))
        remember_for(model, records.settings)
        LOG.info("reading the data")
        dataset = load_again(records.settings, data).dataset
        problem = Problem(records.settings, dataset)
        executor = make_executor(
            dataset,
            workers=workers,
            engine=problem.engine,
            trainer=trainer_for(problem.space.family, "stacked"),
            model=problem.model,
        )
        with closing(executor):
            for message in executor.take_messages():
                LOG.warning("%s", message)
            yield _Laboratory(store, records, problem, executor)


def confirm(
    study: str,
    storage: str = DEFAULT_STORAGE,
    *,
    data: Any = None,
    model: Any = None,
    n_seeds: int = 5,
    workers: int | Literal["auto"] = "auto",
) -> SearchResult:
    """Try what the verdicts advise on the best trial, and keep which changes helped.

    Each change and the unchanged configuration are trained with the same seeds and epochs; of
    a study with folds, on the first fold only. Runs that fail count for nothing, and the answers
    say how many did, and why.

    Args:
        data: needed where the study was given an object instead of a file.
        model: needed where it searched a network of a person's own: "my_file.py:build", or the
            function.

    Raises:
        StudyError: no trial has completed, or the data are not the study's.
    """
    n_seeds = COUNT.plain("n_seeds", n_seeds)
    with _laboratory(study, storage, data, model, workers) as laboratory:
        records = laboratory.records
        answers = [one for one in records.diagnoses if one.kind in ON_ADVICE | ON_CAUSES]
        advising = [*diagnose_study(records), *answers]  # none of them says yet that it was tried
        plan = plan_confirmation(records, advising, n_seeds=n_seeds)
        if not plan.changes:
            return SearchResult(records, storage)
        told = judge_confirmation(plan, laboratory.train(plan.runs))
        return SearchResult(laboratory.keep(told, ON_ADVICE), storage)


def explain(
    study: str,
    storage: str = DEFAULT_STORAGE,
    *,
    data: Any = None,
    model: Any = None,
    workers: int | Literal["auto"] = "auto",
) -> SearchResult:
    """Split the best trial's error into bias and variance, and draw its data-size curve.

    Of a study with folds, on the train and validation rows of the first fold only.

    Raises:
        StudyError: no trial has completed, the rows are too few, or the data are not the
            study's.
    """
    with _laboratory(study, storage, data, model, workers) as laboratory:
        records = laboratory.records
        parts, sizes = plan_decomposition(records), plan_data_size(records)  # or refused at once
        ended = laboratory.train(parts, keep="best")
        problem = laboratory.problem
        with problem.predicting() as predicts:
            split = judge_decomposition(records, ended, problem.dataset, predicts)
        laboratory.keep([split], frozenset({split.kind}))
        grown = judge_data_size(records, laboratory.train(sizes))
        return SearchResult(laboratory.keep([grown], frozenset({grown.kind})), storage)


def promote(
    study: str,
    trial_number: int,
    storage: str = DEFAULT_STORAGE,
    *,
    data: Any = None,
    model: Any = None,
    workers: int | Literal["auto"] = "auto",
) -> Promotion:
    """Give a pruned trial the full budget that it was denied, in a run beside the study.

    Raises:
        StudyError: there is no such trial, or it was not pruned.
    """
    trial_number = TRIAL_NUMBER.plain("trial_number", trial_number)
    with closing(open_existing_store(storage)) as store:
        check_promotable(read_known_study(store, study), trial_number)
    with _laboratory(study, storage, data, model, workers) as laboratory:
        return promotion.promote(
            laboratory.store,
            laboratory.records,
            trial_number,
            laboratory.problem,
            laboratory.executor,
        )
