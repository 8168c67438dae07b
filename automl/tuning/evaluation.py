"""The honest score: what a study hands over, its stored weights, on the test rows.

Nothing is retrained. Beside the networks of the answer stand the references (guessing, a linear
model, boosted trees), on the same rows and the same bootstrap resamples, so that a person sees
whether they earned their place. The answer's members predict together, by their weighted mean;
references of several folds by their mean. Each look at the test rows is a record; an answer that
has one is not evaluated again. A second record compares all on the validation rows, where the
curves of all trials were measured: verdicts hold them against it. A refit, of which these were
train rows, is scored on test rows alone. Where the answer is not the
best trial, that one is scored beside it on the same resamples: verdicts speak of its curves.
Predictions are kept, so that figures need no data.
"""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable, Mapping, Sequence, Set
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from automl.data.dataset import Dataset
from automl.data.references import FittedReferences
from automl.data.weight_scales import pooled_weights
from automl.errors import StudyError
from automl.executors.predicting import Predict
from automl.system.threads import beside
from automl.training.decisions import Decided, best_threshold, decide
from automl.training.metrics import Resampled, Weighted, resample
from automl.training.trained_model import WeightedNetwork, weighted_mean
from automl.tuning.earlier_references import Deciding
from automl.tuning.kept_models import kept_networks
from automl.tuning.network_problem import NetworkProblem
from automl.tuning.retrained import problem_of
from automl.tuning.seeds import derive_seed
from automl.tuning.study import check_metric
from automl.wording.counts import trial_words
from storage import Store
from storage.answers import (
    evaluation_of,
    single_answer,
    standing_answers,
    study_answer,
    trials_of,
)
from storage.errors import StorageError
from storage.records import StudyRecords, StudySettings
from storage.score_records import (
    AnswerRecord,
    EvaluationRecord,
    ReferenceName,
    ReferenceRecord,
)

Floats = NDArray[np.float64]

_Whose: TypeAlias = Literal["network", "single"]
"""Of the answer, or of the best trial beside it."""


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows of a split with all that is predicted of them.

    Shape:
        targets: (N,); network, single and references: (N, C) or (N,), as in `metrics.score`;
        target_scale: (N,), each row's fold's; weights: (N,), None where all weigh the same.
    """

    split: Literal["valid", "test"]
    targets: NDArray[Any]
    target_scale: Floats
    network: Floats | None  # None: it was trained on these rows
    single: Floats | None  # of the best trial alone, where that is not the answer
    references: Mapping[ReferenceName, Floats]
    unfinished: frozenset[ReferenceName]
    weights: Floats | None = None


def evaluate_answer(
    store: Store,
    problem: NetworkProblem,
    records: StudyRecords,
    references: Callable[[], FittedReferences],
    wanted: Set[ReferenceName] = frozenset(),
    predict: Predict | None = None,
) -> EvaluationRecord | None:
    """Score a study's answer on the test rows, unless it has been; None if no trial has completed.

    Args:
        records: of the study.
        references: gives them when they are needed.
        wanted: it is scored again if an earlier record lacks some of these, and they could be
            fitted now.
        predict: what predicts; None: what the problem has for it.
    """
    answer, dataset = study_answer(records), problem.dataset
    if answer is None:
        return None
    deciding = Deciding.beside(answer, records.settings.metric)
    earlier = evaluation_of(records, answer, "test")
    known = frozenset[ReferenceName]() if earlier is None else deciding.names(earlier)
    if earlier is not None and not deciding.holds(earlier):
        earlier = None
    if earlier and wanted <= known:
        return earlier
    is_refit = answer.kind == "refit"
    networks, single = kept_networks(store, records, answer), _best_alone(store, records, answer)
    fitted = references()
    if earlier and fitted.keys() <= known:
        return earlier
    logging.getLogger("automl").info(
        "scoring %s on the test rows", trial_words(trials_of(records, answer))
    )
    with ExitStack() as stack:
        predicts = predict or stack.enter_context(problem.predicting())
        of_answer = predicts
        if is_refit:
            of_answer = stack.enter_context(problem_of(problem, answer.kind).predicting())
        members = _Members(networks, single, predicts, of_answer, is_refit)
        rows = [make(members, dataset, fitted) for make in (_valid_rows, _test_rows)]
    thresholds = _thresholds(records, answer, rows[0])
    scores = _scored_beside(rows, dataset, records.settings, thresholds)
    return _kept(store, records, answer, rows, scores)


def _thresholds(
    records: StudyRecords, answer: AnswerRecord, valid: _Rows
) -> Mapping[str, float | None]:
    """By which two classes are decided between, by who predicts; None: the more probable one.

    Where the answer has a threshold of its own, so have the references, by the same rows.
    """
    single = single_answer(records, answer.best_trial_number)
    own = {"network": answer.threshold, "single": single.threshold}
    metric = records.settings.metric
    if metric is None or not Deciding.beside(answer, metric).by_thresholds:
        return own
    is_second = valid.targets == 1
    return own | {
        name: best_threshold(predicted[:, 1], is_second, metric, valid.weights)
        for name, predicted in valid.references.items()
    }


@dataclass(frozen=True, slots=True)
class _Members:
    """The networks of an answer, and those of the best trial where it is another."""

    networks: Sequence[WeightedNetwork]
    single: Sequence[WeightedNetwork]  # none where the best trial is the answer
    predict: Predict
    predict_answer: Predict  # another where the answer's train rows are others
    is_refit: bool


def _best_alone(
    store: Store, records: StudyRecords, answer: AnswerRecord
) -> Sequence[WeightedNetwork]:
    """The best trial's networks; none where they are the answer, or their files are gone."""
    single = single_answer(records, answer.best_trial_number)
    if single.members == answer.members:
        return ()
    with suppress(StorageError, StudyError):
        return kept_networks(store, records, single)
    return ()


def _kept(
    store: Store,
    records: StudyRecords,
    answer: AnswerRecord,
    rows: Sequence[_Rows],
    scores: Sequence[Mapping[_Whose, EvaluationRecord]],
) -> EvaluationRecord:
    """Keep an answer with what it predicts and its scores, the last of which are returned.

    Predictions of answers that stand no more go. The best trial's own scores come first: the last
    ones are the answer's.
    """
    name, deciding = records.settings.study_name, Deciding.beside(answer, records.settings.metric)
    standing = {
        one.answer_id for one in standing_answers(records) if one.answer_id != answer.answer_id
    }
    with store.transaction(at_once=True):
        check_metric(store, records)
        if answer.answer_id < 0:
            answer = store.add_answer(name, answer)
        for artifact in records.kept_artifacts("predictions"):
            if artifact.answer_id not in standing:
                store.artifacts.remove(artifact)
        store.artifacts.save_predictions(name, answer.answer_id, _arrays(rows))
        if any("single" in each for each in scores):
            single = single_answer(records, answer.best_trial_number)
            if single.answer_id < 0:
                single = store.add_answer(name, single)
                answer = store.add_answer(name, replace(answer, answer_id=-1))
            _keep_scores(store, records, single, [each["single"] for each in scores], deciding)
        own = [each["network"] for each in scores if "network" in each]
        return _keep_scores(store, records, answer, own, deciding)[-1]


def _keep_scores(
    store: Store,
    records: StudyRecords,
    answer: AnswerRecord,
    scores: Sequence[EvaluationRecord],
    deciding: Deciding,
) -> list[EvaluationRecord]:
    """Keep an answer's scores, beside them references that only an earlier call could fit."""
    kept = []
    for one in scores:
        earlier = evaluation_of(records, answer, one.split)
        kept.append(deciding.with_earlier(replace(one, answer_id=answer.answer_id), earlier))
        store.add_evaluation(records.settings.study_name, kept[-1])
    return kept


def _valid_rows(members: _Members, dataset: Dataset, references: FittedReferences) -> _Rows:
    """The networks of each fold predict its validation rows, and so do its references.

    Of a refit the best trial alone does.
    """
    networks = members.single if members.is_refit else members.networks
    numbers = list(dict.fromkeys(one.network.run.fold for one in networks))
    numbers = numbers or list(range(len(dataset.folds)))
    folds = [dataset.folds[number] for number in numbers]

    def predicted(networks: Sequence[WeightedNetwork]) -> Floats:
        of_folds = [[one for one in networks if one.network.run.fold == n] for n in numbers]
        return np.concatenate([_prediction(each, members.predict, "valid") for each in of_folds])

    return _Rows(
        split="valid",
        targets=np.concatenate([fold.original_targets("valid").numpy() for fold in folds]),
        target_scale=np.concatenate(
            [np.full(len(fold.valid), fold.target_scale, dtype=np.float64) for fold in folds]
        ),
        network=None if members.is_refit else predicted(members.networks),
        single=predicted(members.single) if members.single else None,
        references={
            name: np.concatenate([by_fold[number].valid.double().numpy() for number in numbers])
            for name, by_fold in references.items()
        },
        unfinished=_unfinished(references),
        weights=pooled_weights(fold.valid for fold in folds),
    )


def _test_rows(members: _Members, dataset: Dataset, references: FittedReferences) -> _Rows:
    """All networks predict the same test rows, by their weighted mean; references by theirs."""
    fold = dataset.folds[members.networks[0].network.run.fold]
    return _Rows(
        split="test",
        targets=fold.original_targets("test").numpy(),
        target_scale=np.full(len(fold.test), fold.target_scale, dtype=np.float64),
        network=_prediction(members.networks, members.predict_answer, "test"),
        single=_prediction(members.single, members.predict, "test") if members.single else None,
        references={
            name: np.mean([of_fold.test.double().numpy() for of_fold in by_fold], axis=0)
            for name, by_fold in references.items()
        },
        unfinished=_unfinished(references),
        weights=pooled_weights((fold.test,)),
    )


def _unfinished(references: FittedReferences) -> frozenset[ReferenceName]:
    """Those whose effort was spent on some fold."""
    return frozenset(
        name
        for name, by_fold in references.items()
        if not all(of_fold.is_final for of_fold in by_fold)
    )


def _scored_beside(
    splits: Sequence[_Rows],
    dataset: Dataset,
    settings: StudySettings,
    thresholds: Mapping[str, float | None],
) -> list[dict[_Whose, EvaluationRecord]]:
    """Score the rows of all splits, beside each other: nearly all of it is NumPy's own work."""
    first, *others = [
        functools.partial(_scored, rows, dataset, settings, thresholds) for rows in splits
    ]
    return beside(first, others)


def _scored(
    rows: _Rows,
    dataset: Dataset,
    settings: StudySettings,
    thresholds: Mapping[str, float | None],
) -> dict[_Whose, EvaluationRecord]:
    """Score networks and references on the same resamples of the rows; of no answer yet."""
    networks: dict[_Whose, Floats] = {}
    if rows.network is not None:
        networks["network"] = rows.network
    if rows.single is not None:
        networks["single"] = rows.single
    predictions: dict[str, Floats] = {}
    predictions.update(networks.items())
    predictions.update(rows.references.items())
    resampled = resample(
        {name: Decided(each, thresholds.get(name)) for name, each in predictions.items()},
        Weighted(rows.targets, rows.weights),
        task=dataset.task,
        loss=dataset.loss,
        target_scale=rows.target_scale,
        metric=settings.metric,
        seed=derive_seed(settings.seed, "bootstrap"),
    )
    now = time.time()
    return {
        whose: EvaluationRecord(
            answer_id=-1,
            split=rows.split,
            scores=resampled[whose].scores,
            intervals=resampled[whose].intervals,
            references=tuple(
                replace(
                    reference_record(name, resampled, whose),
                    is_final=name not in rows.unfinished,
                    metric=settings.metric,
                    threshold=thresholds.get(name),
                )
                for name in rows.references
            ),
            evaluated_at=now,
            only_class=_only_class(networks[whose], thresholds[whose], settings),
        )
        for whose in networks
    }


def _only_class(predicted: Floats, threshold: float | None, settings: StudySettings) -> str | None:
    """The class that is decided for on all rows; None where there are several."""
    if predicted.ndim == 1:
        return None
    codes = np.unique(decide(predicted, threshold))
    return settings.class_names[codes[0]] if len(codes) == 1 else None


def reference_record(
    name: ReferenceName, resampled: Mapping[str, Resampled], whose: str = "network"
) -> ReferenceRecord:
    """A reference beside the network and guessing, from the same resamples of the rows.

    Args:
        resampled: by the references' names; the network's by `whose`, where there is one.
    """
    reference, network = resampled[name], resampled.get(whose)
    return ReferenceRecord(
        name=name,
        scores=reference.scores,
        intervals=reference.intervals,
        network_gains={} if network is None else network.gains(reference),
        guessing_gains={} if name == "guessing" else reference.gains(resampled["guessing"]),
    )


def _arrays(rows: Sequence[_Rows]) -> dict[str, NDArray[Any]]:
    """Predictions, targets and weights of rows that no network was trained on."""
    told = [(one, one.network) for one in rows if one.network is not None]
    predictions = {f"{one.split}_predictions": network for one, network in told}
    weights = {f"{one.split}_weights": one.weights for one, _ in told if one.weights is not None}
    return predictions | weights | {f"{one.split}_targets": one.targets for one, _ in told}


def _prediction(
    networks: Sequence[WeightedNetwork], predict: Predict, split: Literal["valid", "test"]
) -> Floats:
    """What networks predict together of a split of their folds."""
    return weighted_mean(
        [
            predict(one.run, one.weights, split).double().numpy()
            for one in (each.network for each in networks)
        ],
        [each.weight for each in networks],
    )
