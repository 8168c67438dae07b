"""Questions to a stored study that take training: does the advice help, would more rows?

`confirm` tries what the verdicts advise, `explain` splits the error into bias and variance
and draws the data-size curve, `promote` trains a pruned trial on, `reproduce` trains one again.
Their runs are stored beside
the study's; neither the sampler nor the total sees them. The answers are kept with the study's
diagnoses.
"""

from __future__ import annotations

from contextlib import closing
from typing import Any, Literal

from automl.diagnostics import diagnose_study
from automl.diagnostics.measured_advice import ON_ADVICE
from automl.investigation import promotion, reproduction
from automl.investigation.confirmation import judge_confirmation, plan_confirmation
from automl.investigation.laboratory import laboratory_of
from automl.investigation.promotion import Promotion, check_promotable
from automl.investigation.reproduction import ReproducedTrial, means_of, reproducible_trial
from automl.investigation.retraining import (
    judge_data_size,
    judge_decomposition,
    plan_data_size,
    plan_decomposition,
)
from automl.options.values import COUNT, DEFAULT_STORAGE, TRIAL_NUMBER
from automl.result import SearchResult
from automl.studies import ON_CAUSES, open_existing_store
from automl.tuning.study import read_known_study


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
    with laboratory_of(study, storage, data, model, workers) as laboratory:
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
    with laboratory_of(study, storage, data, model, workers) as laboratory:
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
    """Give a trial the full budget that it was denied, in a run beside the study.

    Raises:
        StudyError: there is no such trial, or it is neither pruned, paused nor unfinished, or a
            search is training it now.
    """
    trial_number = TRIAL_NUMBER.plain("trial_number", trial_number)
    with closing(open_existing_store(storage)) as store:
        records = read_known_study(store, study)
        check_promotable(records, trial_number, store.adoption.dead(study))
    with laboratory_of(study, storage, data, model, workers) as laboratory:
        return promotion.promote(
            laboratory.store,
            laboratory.records,
            trial_number,
            laboratory.problem,
            laboratory.executor,
        )


def reproduce(
    study: str,
    trial_number: int,
    storage: str = DEFAULT_STORAGE,
    *,
    data: Any = None,
    model: Any = None,
    workers: int | Literal["auto"] = "auto",
    trainer: str | None = None,
    device: str | None = None,
) -> ReproducedTrial:
    """Train a trial again, as far as it was trained, and say whether its curve is the same.

    In runs beside the study, which touch neither the trial nor the sampler.

    Args:
        data: needed where the study was given an object instead of a file.
        model: needed where it searched a network of a person's own: "my_file.py:build", or the
            function.
        trainer: "stacked" or "plain"; None: the one that trained it. Another one's losses may part
            from those stored as rounding makes them (`compared_curves.py`).
        device: None: the one that it was trained on.

    Raises:
        StudyError: there is no such trial, it has no epoch yet, or the data are not the study's.
        ConfigError: the device is not there.
    """
    trial_number = TRIAL_NUMBER.plain("trial_number", trial_number)
    with closing(open_existing_store(storage)) as store:
        records = read_known_study(store, study)
    reproducible_trial(records, trial_number)
    means = means_of(records, trial_number, trainer, device)
    with laboratory_of(study, storage, data, model, workers, means) as laboratory:
        return reproduction.reproduce(laboratory, trial_number, means)
