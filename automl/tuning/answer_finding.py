"""What a study hands over: the best trial, several together, or the smallest as good as the best.

    candidates with weights -> predictions of validation rows -> cross_fit -> stored answers

All of it is decided by validation rows, of several folds by those out of fold. What each way to
choose is worth is measured on rows that its choice has not seen (`cross_fitting.py`). By
default several trials together are handed over where they are better than the best one by
that: the mean difference of the rows' losses is above 0, or that of the study's metric where a
person has named one (`metric_fitting.py`). Then the trial that is best by the metric takes the
place of the one of the lowest loss, and of two classes a threshold may decide. Predictions are
made from the kept weights when a search has ended, so that nothing travels while it trains.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from automl.data.dataset import Dataset, Fold
from automl.errors import DataError
from automl.executors.predicting import Predict
from automl.training.metrics import row_values
from automl.training.trained_model import run_from_details, to_tensors
from automl.tuning.candidates import Candidate, find_candidates, with_weights
from automl.tuning.cross_fitting import MOST_ROWS, CrossFit, cross_fit
from automl.tuning.metric_fitting import Judged, cross_fit_by_metric
from automl.tuning.network_problem import NetworkProblem
from automl.tuning.seeds import derive_seed
from storage import Store
from storage.answers import (
    KINDS,
    answers_side_by_side,
    single_answer,
    standing_answers,
    study_answer,
)
from storage.errors import ArtifactError
from storage.records import ArtifactRecord, StudyRecords
from storage.score_records import AnswerKind, AnswerMember, AnswerRecord, CrossFitted, score_of
from storage.stored_values import damaged_in

Floats: TypeAlias = NDArray[np.float64]
Kept: TypeAlias = Callable[[Floats, Fold], Floats]
"""What is kept of predictions of a fold's validation rows, to choose by."""

MOST_CANDIDATES: Final = 32

MOST_OPERATIONS: Final = 2e10
"""Multiplications of numbers of networks with rows, in all predictions: about half a second of
a core. Where networks are larger there are fewer candidates, the best ones."""

LEAST_ROWS: Final = 2


def choose_answer(
    store: Store,
    problem: NetworkProblem,
    records: StudyRecords,
    wanted: str,
    predict: Predict,
    seconds: float = math.inf,
) -> StudyRecords:
    """Find what a study hands over, and store it with what it was held against.

    Args:
        wanted: "auto", or an `AnswerKind`. Where there is no such answer, the best trial is it.
        seconds: that predictions may take. Without a limit of time they take as long as they do,
            so that the answer does not depend on the machine's speed.

    Returns:
        The records with the answers; as they were where no trial has completed.

    Raises:
        ArtifactError: weights went while they were read.
    """
    best = records.best_trial
    if best is None:
        return records
    single = single_answer(records, best.number)
    found: Mapping[AnswerKind, AnswerRecord] = {}
    metric = _metric_of_choice(records)
    if wanted != "single" or metric is not None:
        candidates = with_weights(store, records, find_candidates(records, MOST_CANDIDATES))
        dataset = problem.dataset
        kept = _values_of_losses(dataset) if metric is None else _predictions
        library, is_cut = _library(store, dataset, records, candidates, predict, seconds, kept)
        found = _found(records, library, dataset, metric)
        if is_cut:
            found = _of_more(store, records, found)
    answers = {**found, "single": found.get("single", replace(single, kind="single"))}
    if wanted == "auto" and records.settings.has_limits:
        wanted = "single"  # limits are of one network: who sets them wants a small or fast one
    return _stored(store, records, answers, chosen(answers, wanted))


def chosen(answers: Mapping[AnswerKind, AnswerRecord], wanted: str) -> AnswerKind:
    """Which of the answers is handed over.

    Args:
        wanted: "auto": several trials together, if their validation loss is below the best
            trial's by the mean difference of rows that neither was chosen by; or if their metric
            is better on these.
    """
    if wanted == "auto":
        ensemble = answers.get("ensemble")
        worth = None if ensemble is None else ensemble.validation
        gain = None if worth is None else (worth.metric or worth).gain
        return "ensemble" if gain is not None and gain.value > 0 else "single"
    return next((kind for kind in answers if kind == wanted), "single")


def _metric_of_choice(records: StudyRecords) -> str | None:
    """The metric, where to choose by it is something else than to choose by the loss."""
    metric = records.settings.metric
    return None if metric is None or score_of(metric) == "loss" else metric


def _library(
    store: Store,
    dataset: Dataset,
    records: StudyRecords,
    candidates: Sequence[Candidate],
    predict: Predict,
    seconds: float,
    kept: Kept,
) -> tuple[dict[Candidate, Floats], bool]:
    """What is kept to choose by of each validation row, by candidate, as long as there is room.

    A network that predicts what is no number is left out. The best trial comes first, whatever
    the room: without it there is nothing to hold others against.

    Returns:
        With it, whether time was too short for some.

    Shape:
        each (N,) or (N, C), of the rows that are chosen by, of all folds in their order.
    """
    weights = {one.run_id: one for one in records.kept_artifacts("weights") if one.run_id}
    rows = _chosen_rows(dataset, derive_seed(records.settings.seed, "answer"))
    until = time.monotonic() + seconds
    best = records.best_trial
    number = None if best is None else best.number
    library: dict[Candidate, Floats] = {}
    n_operations, is_cut = 0.0, False
    for candidate in sorted(candidates, key=lambda one: one.trial.number != number):
        n_operations += sum(
            weights[run.run_id].n_bytes / 4 * len(dataset.folds[run.fold].valid)
            for run in candidate.runs
        )
        is_late = time.monotonic() > until
        is_too_much = n_operations > MOST_OPERATIONS or is_late
        if len(candidate.runs) != len(dataset.folds) or (library and is_too_much):
            is_cut |= is_late
            continue
        artifacts = [weights[run.run_id] for run in candidate.runs]
        values = _values(store, dataset, artifacts, predict, kept)
        if values is not None:
            library[candidate] = values[rows]
    return library, is_cut


def _values(
    store: Store,
    dataset: Dataset,
    artifacts: Iterable[ArtifactRecord],
    predict: Predict,
    kept: Kept,
) -> Floats | None:
    """Of all validation rows, of the first fold first; None where one has no number."""
    by_fold: dict[int, Floats] = {}
    for artifact in artifacts:
        with damaged_in("automl_artifacts", "details", artifact_id=artifact.artifact_id):
            run = run_from_details(artifact.details)
        fold = dataset.folds[run.fold]
        try:
            predicted = predict(run, to_tensors(store.artifacts.load_weights(artifact)), "valid")
        except DataError:
            return None
        by_fold[run.fold] = kept(predicted.double().numpy(), fold)
    return np.concatenate([by_fold[fold] for fold in sorted(by_fold)])


def _values_of_losses(dataset: Dataset) -> Kept:
    """What the loss of each row follows from."""
    return lambda predicted, fold: row_values(
        predicted,
        fold.original_targets("valid").numpy(),
        loss=dataset.loss,
        target_scale=fold.target_scale,
    )


def _predictions(predicted: Floats, _: Fold) -> Floats:
    """All of them: a metric may depend on all rows and classes at once."""
    return predicted


def _judged(dataset: Dataset, metric: str, seed: int) -> Judged:
    """The rows of a library, with their targets."""
    rows = _chosen_rows(dataset, seed)
    folds = dataset.folds
    targets = np.concatenate([fold.original_targets("valid").numpy() for fold in folds])
    scales = np.concatenate([np.full(len(fold.valid), fold.target_scale) for fold in folds])
    return Judged(targets[rows], scales[rows], dataset.task, dataset.loss, metric)


def _chosen_rows(dataset: Dataset, seed: int) -> NDArray[np.intp]:
    n_rows = sum(len(fold.valid) for fold in dataset.folds)
    if n_rows <= MOST_ROWS:
        return np.arange(n_rows)
    drawn = np.random.default_rng(seed).choice(n_rows, MOST_ROWS, replace=False)
    return np.sort(drawn)


def _found(
    records: StudyRecords,
    library: Mapping[Candidate, Floats],
    dataset: Dataset,
    metric: str | None,
) -> Mapping[AnswerKind, AnswerRecord]:
    """The answers that candidates give; none where the best trial is not among them."""
    best, candidates = records.best_trial, list(library)
    is_there = best is not None and any(one.trial.number == best.number for one in candidates)
    if best is None or not is_there or len(next(iter(library.values()))) < LEAST_ROWS:
        return {}
    values = np.stack([library[one] for one in candidates])
    sizes = [_n_parameters(one) for one in candidates]
    seed = derive_seed(records.settings.seed, "answer")
    if metric is None:
        ways = cross_fit(values, records.settings.loss, sizes, seed)
    else:
        judged = _judged(dataset, metric, seed)
        finished = [one.is_complete for one in candidates]
        ways = cross_fit_by_metric(values, judged, sizes, finished, seed)
    answers: dict[AnswerKind, AnswerRecord] = {}
    for kind, way in ways.items():
        shares = {
            one: float(share) for one, share in zip(candidates, way.shares, strict=True) if share
        }
        if kind == "single" and metric is None:  # of unfinished ones none is handed over alone
            shares = {one: 1.0 for one in candidates if one.trial.number == best.number}
        answers[kind] = AnswerRecord(
            kind,
            _members(shares),
            best.number,
            n_parameters=_sum_of_parameters(shares),
            validation=_worth(way, ways["single"], len(candidates)),
            threshold=way.threshold,
        )
    alone = answers["single"].members
    return {kind: one for kind, one in answers.items() if kind == "single" or one.members != alone}


def _of_more(
    store: Store, records: StudyRecords, found: Mapping[AnswerKind, AnswerRecord]
) -> Mapping[AnswerKind, AnswerRecord]:
    """The answers now found, or the stored ones if these were chosen among more trials.

    A machine that is busy predicts with fewer candidates in its time; what was chosen before with
    more of them is worth more, as long as its weights are whole.
    """
    answers = answers_side_by_side(records)
    stored = {kind: one for kind in KINDS for one in answers if one.kind == kind}
    kept = records.kept_artifacts("weights")
    whole = {one.run_id for one in kept if store.artifacts.is_whole(one)}
    is_there = all(member.run_id in whole for one in stored.values() for member in one.members)
    return stored if is_there and _n_candidates(stored) > _n_candidates(found) else found


def _n_candidates(answers: Mapping[AnswerKind, AnswerRecord]) -> int:
    """Trials that answers were chosen among; 0: there are none."""
    return max(
        (one.validation.n_candidates for one in answers.values() if one.validation), default=0
    )


def _members(shares: Mapping[Candidate, float]) -> tuple[AnswerMember, ...]:
    """A trial's share is divided among its folds' runs; shares add up to 1 exactly enough."""
    total = sum(shares.values())
    return tuple(
        AnswerMember(run.run_id, share / total / len(candidate.runs))
        for candidate, share in shares.items()
        for run in sorted(candidate.runs, key=lambda run: run.fold)
    )


def _worth(way: CrossFit, single: CrossFit, n_candidates: int) -> CrossFitted:
    low, high = way.interval
    gain = None if way is single else way.gain_over(single)
    return CrossFitted(way.loss, low, high, way.luck, n_candidates, gain, way.metric)


def _n_parameters(candidate: Candidate) -> int | None:
    """Of one of its networks; of several folds the largest."""
    known = [run.n_parameters for run in candidate.runs if run.n_parameters is not None]
    return max(known) if len(known) == len(candidate.runs) else None


def _sum_of_parameters(shares: Mapping[Candidate, float]) -> int | None:
    """Of all networks that are in an answer."""
    counts = [run.n_parameters for candidate in shares for run in candidate.runs]
    known = [one for one in counts if one is not None]
    return sum(known) if len(known) == len(counts) else None


def _stored(
    store: Store,
    records: StudyRecords,
    answers: Mapping[AnswerKind, AnswerRecord],
    kind: AnswerKind,
) -> StudyRecords:
    """Store answers that are not stored yet, the one that is handed over last: it stands."""
    before = {replace(one, answer_id=-1) for one in standing_answers(records)}
    now = study_answer(records)
    is_known = all(replace(one, answer_id=-1) in before for one in answers.values())
    last = answers[kind]
    stands = now is not None and replace(now, answer_id=-1) == replace(last, answer_id=-1)
    if stands and (is_known or answers.keys() == {"single"}):
        return records
    name, alone = records.settings.study_name, single_answer(records, last.best_trial_number)
    with store.transaction(at_once=True):
        kept = {one.run_id for one in store.artifacts.list(name) if one.kind == "weights"}
        needed = {member.run_id for member in last.members}
        if kind != "single" and not needed <= kept:
            raise ArtifactError(
                "The weights of an answer must be kept, but another process has let some go. "
                "Give the same search again."
            )
        if alone.answer_id < 0 and alone.members != answers["single"].members:
            store.add_answer(name, alone)  # verdicts are on the trial of the lowest loss
        for one in (*(each for each in answers.values() if each is not last), last):
            store.add_answer(name, replace(one, answer_id=-1))
    return store.refreshed(records)
