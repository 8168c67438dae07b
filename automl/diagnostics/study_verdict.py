"""The order of verdicts: the cause before the symptom, what voids the rest before all.

For a trial: what is wrong with its gradients or steps, if that explains a bad curve, then
bias and variance; that nothing was found to learn, where no trial does better than guessing.
For a study: what voids the scores, in the data or in the validation rows; too little time; ranges
that leave the optimum out, or end before it; the verdict on the best trial; then the rest. What is
said must not contradict itself: where scores are void nothing is praised, nor where steps are
wrong.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import get_args

from automl.diagnostics.column_use import diagnose_columns
from automl.diagnostics.data_quality import diagnose_data
from automl.diagnostics.decomposition import advise_decomposition
from automl.diagnostics.designs import diagnose_flow_by_design
from automl.diagnostics.evidence import References, find_references, trial_facts
from automl.diagnostics.excluded_range import diagnose_excluded_ranges
from automl.diagnostics.finite_space import is_exhausted
from automl.diagnostics.fit_words import diagnose_budget, diagnose_fit
from automl.diagnostics.gradient_flow import (
    STEP_CAUSES,
    Cause,
    diagnose_flow,
    find_cause,
)
from automl.diagnostics.layer_signals import FlowFacts, trial_flow
from automl.diagnostics.learning_curves import UNFITTED, Fit, FitKind, judge_fit
from automl.diagnostics.metric_choice import diagnose_decisions
from automl.diagnostics.no_result import diagnose_no_result
from automl.diagnostics.objective_fit import diagnose_objective
from automl.diagnostics.search_coverage import diagnose_search
from automl.diagnostics.selection import diagnose_selection
from automl.diagnostics.short_time import diagnose_short_time
from automl.diagnostics.signal import Gain, missing_signal
from automl.diagnostics.situation import Situation
from automl.diagnostics.thresholds import MIN_EPOCHS, NOT_LEARNING_SHARE, WEIGHT_GROWTH
from automl.errors import StudyError
from storage.records import CAUSES, Diagnosis, StudyRecords, TrialRecord

FIT_KINDS: frozenset[str] = frozenset(get_args(FitKind))
"""The kinds of the bias/variance verdict; exactly one of each trial's diagnoses has one."""

PRAISE = frozenset({"good_fit", "weak_signal"})
"""The verdicts by which nothing is wrong with the network: nothing else may say that it is."""

VOID: Mapping[str, str] = {
    "leakage": "the answer is among its inputs",
    "shift": "its rows are not like those that it was trained on",
    "duplicated_rows": "it was tested on rows that it was trained on",
    "validation_mismatch": "its validation rows do not belong to the others",
}
"""Why a score says nothing of the fit, by what makes it void."""


def diagnose_trial(records: StudyRecords, trial_number: int) -> tuple[Diagnosis, ...]:
    """Judge one trial: the main verdict first.

    Raises:
        StudyError: the study has no such trial.
    """
    trial = _find_trial(records, trial_number)
    facts = trial_facts(records, trial_number)
    if facts is None:
        return (_nothing_to_judge(trial),)
    if records.settings.is_objective:
        return (diagnose_objective(records, trial, facts),)
    references = find_references(records, trial_number)
    situation = Situation(
        records.settings,
        trial,
        n_folds=max(1, len(records.search_runs(trial_number))),
        n_trials=len(records.trials),
        is_exhausted=is_exhausted(records),
    )
    fit = judge_fit(facts, references, situation)
    flow = trial_flow(records, trial_number)
    cause = find_cause(fit, flow, situation)
    gain = None if fit.kind in ("diverged", "too_little_evidence") else missing_signal(records)
    if gain and _is_in_vain(records, references, gain):
        fit, cause = replace(fit, kind="no_signal", gain=gain), None
    situation = replace(situation, update_ratio=_step_size(flow, cause))
    if cause and fit.kind in PRAISE:
        fit = replace(fit, kind="too_little_evidence")
    verdicts = [diagnose_fit(fit, situation)]
    if cause:
        verdicts.insert(0, diagnose_flow(cause, fit, flow, situation))
    budget = diagnose_budget(fit, situation)
    return (*verdicts, budget) if budget else tuple(verdicts)


def diagnose_study(records: StudyRecords) -> tuple[Diagnosis, ...]:
    """Judge a study: its data, its search and its best trial; the main verdict first."""
    if records.space is not records.settings.space:  # ranges are judged as they are by now
        records = replace(records, settings=replace(records.settings, space=records.space))
    data = diagnose_data(records.data_checks)
    search = diagnose_search(records)
    flow = diagnose_flow_by_design(records)
    voiding = [one for one in data if one.severity == "problem"]
    selection = diagnose_selection(records)
    if selection and selection.kind == "validation_mismatch":
        voiding.append(selection)
    best = _without_contradiction(_judge_best(records), voiding)
    short = _known(diagnose_short_time(records))
    leading = [*voiding, *short, *_search_and_fit(records, best, search, selection)]
    decisions = diagnose_decisions(records)
    columns = diagnose_columns(records, data)
    rest = (*_known(decisions), *search, *_known(flow), *data, *columns)
    named = {str(one.evidence.get("parameter")) for one in leading if one.kind == "range_edge"}
    return (
        *leading,
        *(one for one in rest if one not in leading and not _is_edge_of(one, named)),
    )


def _known(one: Diagnosis | None) -> tuple[Diagnosis, ...]:
    return () if one is None else (one,)


def _search_and_fit(
    records: StudyRecords,
    best: Sequence[Diagnosis],
    search: Sequence[Diagnosis],
    selection: Diagnosis | None,
) -> list[Diagnosis]:
    """Ranges that end before the optimum, what validation rows hide, the verdict on the fit."""
    excluded = diagnose_excluded_ranges(records, best)
    named = {str(one.evidence["parameter"]) for one in excluded}
    edges = [one for one in search if one.kind == "range_edge" and not _is_edge_of(one, named)]
    gap = [selection] if selection and selection.kind == "selection_gap" else []
    kinds = {one.kind for one in best}
    if kinds & UNFITTED:
        best, gap = [*best, *gap], []
    if kinds & {"high_variance", "no_signal", "weak_signal", "too_little_evidence"}:
        # Variance asks for restraint, whatever range the search would like to have wider; and
        # where nothing is better than guessing, the best trials lie where chance has them.
        return [*excluded, *gap, *best, *edges]
    return [*excluded, *gap, *edges, *best]


def _is_edge_of(one: Diagnosis, parameters: Collection[str]) -> bool:
    is_edge = one.kind in ("range_edge", "best_at_range_end")
    return is_edge and str(one.evidence.get("parameter")) in parameters


def _without_contradiction(
    best: Sequence[Diagnosis], voiding: Sequence[Diagnosis]
) -> tuple[Diagnosis, ...]:
    """No word on the fit where its scores are void; a want of fit stays one all the same."""
    if not voiding:
        return tuple(best)
    why = VOID.get(voiding[0].kind, "its scores mean something else")
    untold = PRAISE | {"no_signal", "behind_reference"}
    if voiding[0].kind != "leakage":
        untold |= {"high_variance", "high_bias_and_variance"}
    if voiding[0].kind in ("duplicated_rows", "validation_mismatch"):
        untold |= {"high_bias", "over_regularized"}
    return tuple(
        Diagnosis(
            "too_little_evidence",
            "info",
            f"How well trial {one.trial_number} fits cannot be said: {why}.",
            one.evidence,
            (),
            one.trial_number,
        )
        if one.kind in untold
        else one
        for one in best
    )


def fit_verdict(diagnoses: Sequence[Diagnosis]) -> Diagnosis | None:
    """The bias/variance verdict among diagnoses, whatever leads them."""
    return next((one for one in diagnoses if one.kind in FIT_KINDS), None)


def agree_with_verdict(records: StudyRecords, answer: Diagnosis) -> Diagnosis:
    """Advise on a stored decomposition what fits the verdict on its trial, as it is by now."""
    if answer.kind != "decomposition" or answer.trial_number is None:
        return answer
    verdict = fit_verdict(diagnose_trial(records, answer.trial_number))
    is_biased = verdict is not None and verdict.kind in UNFITTED
    return replace(answer, advice=advise_decomposition(answer.evidence, is_biased=is_biased))


def _judge_best(records: StudyRecords) -> tuple[Diagnosis, ...]:
    best = records.best_trial
    if best is not None:
        return diagnose_trial(records, best.number)
    return (diagnose_no_result(records),)


def _is_in_vain(records: StudyRecords, references: References, gain: Gain) -> bool:
    """Whether training did its part: then want of a signal is no failure of the steps.

    Some trial, pruned or not, learned its own train rows; or a linear model finds nothing
    either, and nothing was wrong with the gradients of one, or steps too small and too large
    both found nothing.
    """
    causes: set[str] = set()
    limit = (1 - NOT_LEARNING_SHARE) * references.baseline_loss
    for trial in records.trials:
        facts = trial_facts(records, trial.number)
        if facts is None or not facts.is_finite or facts.n_epochs < MIN_EPOCHS:
            continue
        if facts.lowest_train_loss <= limit:
            return True
        flow = trial_flow(records, trial.number)
        unlearned = Fit("not_learning", facts, references, None, 0.0)
        cause = find_cause(unlearned, flow, Situation(records.settings, trial))
        causes.add(cause.kind if cause else "none")
    return bool(gain.references) and ("none" in causes or causes >= STEP_CAUSES)


def _step_size(flow: FlowFacts | None, cause: Cause | None) -> float | None:
    """The update ratio, where it tells whether the learning rate is too small or too large.

    It does not where the signals are at fault, nor beside weights that were thrown far.
    """
    if flow is None or flow.weight_growth > WEIGHT_GROWTH:
        return None
    is_of_signals = cause is not None and cause.kind not in STEP_CAUSES
    return None if is_of_signals else flow.update_ratio


def _nothing_to_judge(trial: TrialRecord) -> Diagnosis:
    why = CAUSES.get(trial.cause or "", "it has not finished an epoch")
    return Diagnosis(
        kind="too_little_evidence",
        severity="info",
        message=f"Trial {trial.number} has no finished epoch to judge: {why}.",
        evidence={"cause": trial.cause},
        trial_number=trial.number,
    )


def _find_trial(records: StudyRecords, trial_number: int) -> TrialRecord:
    for trial in records.trials:
        if trial.number == trial_number:
            return trial
    numbers = [trial.number for trial in records.trials]
    known = f"0 to {max(numbers)}" if numbers else "none yet"
    raise StudyError(
        f"the study {records.settings.study_name!r} has no trial {trial_number} (trials: {known})"
    )
