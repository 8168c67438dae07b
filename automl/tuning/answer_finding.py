"""What a study hands over: the best trial, several together, or the smallest as good as the best.

    candidates with weights -> a library of predictions -> cross_fit -> stored answers

All of it is decided by validation rows, of several folds by those out of fold. What each way to
choose is worth is measured on rows that its choice has not seen (`cross_fitting.py`). By default
several trials together are handed over where they are better than the best one by that: the mean
difference of the rows' losses is above 0, or that of the study's metric where a person has named
one (`metric_fitting.py`). Then the trial that is best by the metric takes the place of the one of
the lowest loss, and of two classes a threshold may decide. Two more answers are trained for, and
so there only if they are asked for (`retrained.py`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from automl.diagnostics.choice import is_worth_it
from automl.executors.predicting import Predict
from automl.system.threads import one_thread
from automl.tuning.answer_library import Library, Reading
from automl.tuning.candidates import Candidate, find_candidates, with_weights
from automl.tuning.cross_fitting import CrossFit, Repeated, cross_fit
from automl.tuning.metric_fitting import Chooseable, cross_fit_by_metric
from automl.tuning.network_problem import NetworkProblem
from automl.tuning.retrained import RETRAINED, equal_members, planned_sets, stored_sets
from automl.tuning.study import agree_on_metric, metric_of
from storage import Store
from storage.answers import (
    KINDS,
    answers_side_by_side,
    single_answer,
    standing_answers,
    study_answer,
)
from storage.errors import ArtifactError
from storage.records import RunRecord, StudyRecords
from storage.score_records import (
    AnswerKind,
    AnswerMember,
    AnswerRecord,
    CrossFitted,
    is_choice,
    score_to_choose_by,
)

MOST_CANDIDATES: Final = 32

LEAST_ROWS: Final = 2


def choose_answer(
    store: Store,
    problem: NetworkProblem,
    records: StudyRecords,
    wanted: str,
    predict: Predict,
    seconds: float = math.inf,
    metric: str | None = None,
) -> StudyRecords:
    """Find what a study hands over, and store it with what it was held against.

    Args:
        wanted: "auto", or an `AnswerKind`. Where there is no such answer, the best trial is it.
        seconds: that predictions may take. Without a limit of time they take as long as they do,
            so that the answer does not depend on the machine's speed.
        metric: that this call wants it to be chosen by; with the answer it becomes the study's.
            None: the study's.

    Returns:
        The records with the answers; without any where no trial has completed.

    Raises:
        ArtifactError: weights went while they were read.
        StudyError: another process has given the study another metric meanwhile.
    """
    if metric is not None:
        records = replace(records, settings=replace(records.settings, metric=metric))
    best = records.best_trial
    if best is None:
        with store.transaction(at_once=True):
            agree_on_metric(store, records, metric)
        return records
    found: Mapping[AnswerKind, AnswerRecord] = {}
    if is_choice(wanted, records.settings.metric):
        reading = Reading(store, problem.dataset, records, predict)
        found = _held_against_each_other(reading, problem, best.number, wanted, seconds)
    single = single_answer(records, best.number)
    answers = {**found, "single": found.get("single", replace(single, kind="single"))}
    if wanted == "auto" and records.settings.has_limits:
        wanted = "single"  # limits are of one network: who sets them wants a small or fast one
    return _stored(store, records, answers, chosen(answers, wanted), metric)


def _held_against_each_other(
    reading: Reading, problem: NetworkProblem, best_number: int, wanted: str, seconds: float
) -> Mapping[AnswerKind, AnswerRecord]:
    """The answers that candidates with weights give."""
    store, records = reading.store, reading.records
    candidates = with_weights(store, records, find_candidates(records, MOST_CANDIDATES))
    library, is_cut = reading.library(candidates, seconds)
    sets = stored_sets(store, records, planned_sets(records, problem, wanted))
    further = [run for one in sets for run in one]
    repeated = reading.repeated(library, sets) if wanted == "seeds" else None
    with one_thread():
        ways = _ways(reading, library, repeated)
    found = _found(best_number, list(library), ways, further)
    if is_cut and wanted != "seeds":  # these are held against what was found with them
        found = _of_more(store, records, found)
    if wanted == "refit" and further:
        found = {**found, "refit": _refit(best_number, further, ways.get("refit"))}
    return found


def chosen(answers: Mapping[AnswerKind, AnswerRecord], wanted: str) -> AnswerKind:
    """Which of the answers is handed over.

    Args:
        wanted: "auto": several trials together, if their validation loss is below the best
            trial's by the mean difference of rows that neither was chosen by, and by more than
            next to nothing; or if their metric is so much better on these.
    """
    if wanted == "auto":
        ensemble = answers.get("ensemble")
        return "ensemble" if ensemble is not None and is_worth_it(ensemble) else "single"
    return next((kind for kind in answers if kind == wanted), "single")


def _refit(best_number: int, runs: Sequence[RunRecord], best: CrossFit | None) -> AnswerRecord:
    """Held against nothing: it was trained on all rows that could tell what it is worth.

    So the threshold that it decides by is the one of the best trial's own networks.

    Args:
        best: how the best trial was chosen; None where no metric chooses.
    """
    return AnswerRecord(
        "refit",
        equal_members(runs),
        best_number,
        n_parameters=_sum_of_parameters(runs),
        threshold=None if best is None else best.threshold,
    )


def _ways(
    reading: Reading, library: Library, repeated: Repeated | None
) -> Mapping[AnswerKind, CrossFit]:
    """Each way to choose among candidates; none where the best trial is not among them.

    Args:
        repeated: the best trial with its further seeds.
    """
    best, candidates = reading.records.best_trial, list(library)
    numbers = [one.trial.number for one in candidates]
    if best is None or best.number not in numbers or len(library[candidates[0]]) < LEAST_ROWS:
        return {}
    values = np.stack([library[one] for one in candidates])
    sizes = [_n_parameters(one) for one in candidates]
    if reading.metric is None:
        loss, weights = reading.dataset.loss, reading.weights
        return cross_fit(values, loss, sizes, reading.seed, repeated, weights)
    judged = reading.judged(reading.metric)
    finished, place = [one.is_complete for one in candidates], numbers.index(best.number)
    chooseable = Chooseable(values, sizes, finished, place, repeated)
    return cross_fit_by_metric(chooseable, judged, reading.seed)


def _found(
    best_number: int,
    candidates: Sequence[Candidate],
    ways: Mapping[AnswerKind, CrossFit],
    further: Sequence[RunRecord],
) -> Mapping[AnswerKind, AnswerRecord]:
    """The answers that ways to choose give.

    Args:
        further: the runs of the best trial's further seeds.
    """
    answers: dict[AnswerKind, AnswerRecord] = {}
    for kind, way in ways.items():
        if kind == "refit":  # what its kind of network predicts, without its rows
            continue
        shares = {
            one: float(share) for one, share in zip(candidates, way.shares, strict=True) if share
        }
        if kind == "seeds" or (kind == "single" and way.is_by_loss):
            # The study's best trial, by all rows; of unfinished ones none is handed over alone.
            shares = {one: 1.0 for one in candidates if one.trial.number == best_number}
        runs = [run for one in shares for run in one.runs]
        members = _members(shares)
        if kind == "seeds":
            runs = [*runs, *further]
            members = equal_members(runs)
        answers[kind] = AnswerRecord(
            kind,
            members,
            best_number,
            n_parameters=_sum_of_parameters(runs),
            validation=_worth(way, ways["single"], len(candidates)),
            threshold=way.threshold,
        )
    alone = answers["single"].members if answers else ()
    return {kind: one for kind, one in answers.items() if kind == "single" or one.members != alone}


def _of_more(
    store: Store, records: StudyRecords, found: Mapping[AnswerKind, AnswerRecord]
) -> Mapping[AnswerKind, AnswerRecord]:
    """The answers now found, or the stored ones if these were chosen among more trials.

    A machine that is busy predicts with fewer candidates in its time; what was chosen before with
    more of them is worth more, as long as its weights are whole. What was trained for is no part
    of it: its weights are others, and whoever asks for it has it found again.
    """
    answers, score = answers_side_by_side(records), score_to_choose_by(records.settings.metric)
    chosen_kinds = [kind for kind in KINDS if kind not in RETRAINED]
    stored = {
        kind: one
        for kind in chosen_kinds
        for one in answers
        if one.kind == kind and one.validation and one.validation.score == score
    }
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


def _sum_of_parameters(runs: Sequence[RunRecord]) -> int | None:
    """Of all networks that are in an answer."""
    counts = [run.n_parameters for run in runs]
    known = [one for one in counts if one is not None]
    return sum(known) if len(known) == len(counts) else None


def _stored(
    store: Store,
    records: StudyRecords,
    answers: Mapping[AnswerKind, AnswerRecord],
    kind: AnswerKind,
    metric: str | None,
) -> StudyRecords:
    """Store answers that are not stored yet, the one that is handed over last: it stands.

    Args:
        metric: as in `choose_answer`.
    """
    before = {one.kind: replace(one, answer_id=-1) for one in standing_answers(records)}
    now = study_answer(records)
    is_known = all(replace(one, answer_id=-1) == before.get(one.kind) for one in answers.values())
    last = answers[kind]
    stands = now is not None and replace(now, answer_id=-1) == replace(last, answer_id=-1)
    name, alone = records.settings.study_name, single_answer(records, last.best_trial_number)
    is_by_it = metric is None or metric_of(store, name) == metric
    # Verdicts are on the trial of the lowest loss, whoever is handed over.
    has_alone = alone.answer_id >= 0 or alone.members == answers["single"].members
    if is_by_it and has_alone and stands and (is_known or answers.keys() == {"single"}):
        return records
    with store.transaction(at_once=True):
        agree_on_metric(store, records, metric)
        kept = {
            one.run_id
            for one in store.artifacts.list(name)
            if one.kind in ("weights", "answer_weights")
        }
        needed = {member.run_id for member in last.members}
        if kind != "single" and not needed <= kept:
            raise ArtifactError(
                "The weights of an answer must be kept, but another process has let some go. "
                "Give the same search again."
            )
        if not has_alone:
            store.add_answer(name, alone)
        for one in (*(each for each in answers.values() if each is not last), last):
            store.add_answer(name, replace(one, answer_id=-1))
    return store.refreshed(records)
