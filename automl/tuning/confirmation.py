"""Is the advice good? Train the advised changes and the unchanged best side by side.

    plan_confirmation -> side_runs.train_beside -> judge_confirmation

Each change is tried in the best trial's configuration with a handful of seeds, at equal
epochs; seeds are shared with the unchanged configuration, so that differences are paired. A
pair counts where both of its runs were trained to their ends; how many failed, and why, is said.
The rows are the validation rows, which the search has seen too: good for comparing, not for
a score of what was chosen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from automl.diagnostics.wording import count, number
from automl.tuning.planned_runs import (
    EndedRun,
    Params,
    PlannedRun,
    best_configuration,
    best_losses,
    planned_run,
    say_failures,
    study_space,
)
from automl.tuning.seeds import derive_seed
from search_spaces import SearchSpace, SearchSpaceError
from search_spaces.parameters import (
    CategoricalParameter,
    FixedParameter,
    FloatParameter,
    IntParameter,
    Parameter,
)
from storage.records import Advice, Diagnosis, Json, ParameterValue, SpaceChange, StudyRecords

UNCHANGED = "unchanged"

NOT_TRAINED = frozenset({"max_epochs", "patience", "n_trials"})
"""Changes of the search, not of a configuration: they cannot be tried at equal epochs."""

STUDENT_95 = (12.71, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179)
"""Two-sided 95 % points of Student's t for 1, 2, ... degrees of freedom; beyond, 2.0 is near."""


@dataclass(frozen=True, slots=True)
class AdvisedChange:
    """One advice as a configuration to try."""

    label: str  # "hidden_size=128, dropout=0.2"
    kind: str  # of the diagnosis that advised it
    advice: Advice
    params: Params  # complete
    changed: Params  # what differs


@dataclass(frozen=True, slots=True)
class ConfirmationPlan:
    """The changes to try, and all runs: of the unchanged configuration first."""

    trial_number: int
    n_epochs: int
    changes: tuple[AdvisedChange, ...]
    runs: tuple[PlannedRun, ...]


def plan_confirmation(
    records: StudyRecords,
    diagnoses: Sequence[Diagnosis],
    *,
    n_seeds: int = 5,
    max_changes: int = 6,
) -> ConfirmationPlan:
    """Plan the runs that try the advice of these diagnoses on the best trial.

    Five seeds make an interval of 2.8 standard errors; ten would make it 2.3 for twice the
    time. Advice that changes no configuration, or to what the trial already has, is left out.

    Raises:
        StudyError: no trial has completed.
    """
    best, params = best_configuration(records)
    space = study_space(records.settings)
    changes: dict[str, AdvisedChange] = {}
    for diagnosis in diagnoses:
        for advice in diagnosis.advice:
            change = advised_change(diagnosis.kind, advice, params, space)
            if change and change.label not in changes and len(changes) < max_changes:
                changes[change.label] = change
    seeds = [derive_seed(records.settings.seed, best.number, "confirm", i) for i in range(n_seeds)]
    tried: list[tuple[str, Params, Params | None]] = [(UNCHANGED, params, None)]
    tried += [(change.label, change.params, change.changed) for change in changes.values()]
    runs = [
        planned_run(
            records.settings,
            best.number,
            configuration,
            purpose="confirm",
            label=label,
            seed=seed,
            changed=changed,
        )
        for label, configuration, changed in tried
        for seed in seeds
    ]
    return ConfirmationPlan(
        best.number, records.settings.max_epochs, tuple(changes.values()), tuple(runs)
    )


def advised_change(
    kind: str, advice: Advice, params: Params, space: SearchSpace
) -> AdvisedChange | None:
    """The configuration that an advice leads to; None where it changes nothing that trains."""
    changed: dict[str, ParameterValue] = {}
    for change in advice.changes:
        if change.parameter in NOT_TRAINED:
            continue
        value = advised_value(change, space)
        if value is not None and value != params.get(change.parameter):
            changed[change.parameter] = value
    if not changed:
        return None
    words = [f"{name}={_shown(value)}" for name, value in changed.items()]
    return AdvisedChange(", ".join(words), kind, advice, {**params, **changed}, changed)


def advised_value(change: SpaceChange, space: SearchSpace) -> ParameterValue:
    """The value that stands for a change: the fixed one, the first choice, a range's middle.

    Where the range reaches beyond the space's, it is the middle of the part that is new.
    None where the space does not allow it.
    """
    try:
        narrowed = space.narrow([f"{change.parameter}={change.set}"])
    except SearchSpaceError:
        return None
    parameter = narrowed.parameters[change.parameter]
    if isinstance(parameter, FixedParameter):
        return parameter.value
    if isinstance(parameter, CategoricalParameter):
        return parameter.choices[0]
    return _middle(parameter, space.parameters.get(change.parameter))


def judge_confirmation(plan: ConfirmationPlan, ended: Sequence[EndedRun]) -> tuple[Diagnosis, ...]:
    """Say for each change whether it helped and by how much, the most helpful first."""
    unchanged = [run for run in ended if run.planned.label == UNCHANGED]
    judged = [
        _judge_change(
            plan, change, unchanged, [run for run in ended if run.planned.label == change.label]
        )
        for change in plan.changes
    ]
    return tuple(sorted(judged, key=_gain, reverse=True))


def paired_interval(differences: Sequence[float]) -> tuple[float, float, float]:
    """Mean and 95 % interval of paired differences (Student's t); infinite for fewer than two."""
    mean = float(np.mean(differences))
    if len(differences) < 2:
        return mean, -math.inf, math.inf
    degrees = len(differences) - 1
    quantile = STUDENT_95[degrees - 1] if degrees <= len(STUDENT_95) else 2.0
    half = quantile * float(np.std(differences, ddof=1)) / math.sqrt(len(differences))
    return mean, mean - half, mean + half


def _judge_change(
    plan: ConfirmationPlan,
    change: AdvisedChange,
    unchanged: Sequence[EndedRun],
    changed: Sequence[EndedRun],
) -> Diagnosis:
    before, after = best_losses(unchanged), best_losses(changed)
    shared = sorted(before.keys() & after.keys())
    failures = say_failures([*unchanged, *changed])
    diverged = {run.planned.config.seed for run in changed if run.cause == "diverged"}
    n_diverged = len(diverged & before.keys())  # where the unchanged configuration did not
    evidence: dict[str, Json] = {
        "label": change.label,
        "advised_by": change.kind,
        "changed": dict(change.changed),
        "n_seeds": len(shared),
        "n_seeds_planned": len(changed),
        "n_failed": sum(not run.is_evidence for run in (*unchanged, *changed)),
        "n_diverged": n_diverged,
        "n_epochs": plan.n_epochs,
    }
    if not shared:
        words = f"nothing can be said of it: no pair of runs was trained to its end. {failures}"
        return _diagnosis(plan, change, "advice_failed", evidence, words)
    gain, low, high = paired_interval([before[seed] - after[seed] for seed in shared])
    old, new = np.mean([before[s] for s in shared]), np.mean([after[s] for s in shared])
    evidence |= {
        "loss_before": float(old),
        "loss_after": float(new),
        "gain": gain,
        "gain_low": low if math.isfinite(low) else None,
        "gain_high": high if math.isfinite(high) else None,
    }
    kind = "advice_helps" if low > 0 else "advice_harms" if high < 0 else "advice_undecided"
    if kind == "advice_helps" and n_diverged:  # the seeds that are left are those that it suits
        kind = "advice_undecided"
    n_pairs = count(len(shared), "seed")
    if len(shared) < len(changed):
        n_pairs = f"only {len(shared)} of {count(len(changed), 'seed')}"
    words = (
        f"{_verdict(kind, n_diverged)}. Validation loss {number(float(new))} against "
        f"{number(float(old))} unchanged, {_difference(gain, low, high)}; {n_pairs}, paired, "
        f"{plan.n_epochs} epochs each). {failures}"
    )
    return _diagnosis(plan, change, kind, evidence, words.rstrip())


def _verdict(kind: str, n_diverged: int) -> str:
    says = {
        "advice_helps": "it helps",
        "advice_harms": "it makes things worse",
        "advice_undecided": "it cannot be told whether it helps",
    }[kind]
    if not n_diverged:
        return says
    return f"{says}, and with {count(n_diverged, 'seed')} it diverged where unchanged did not"


def _difference(gain: float, low: float, high: float) -> str:
    """How much lower or higher the loss is, with its interval: the parenthesis is left open."""
    if gain < 0:
        gain, low, high, direction = -gain, -high, -low, "higher"
    else:
        direction = "lower"
    interval = (
        f"95 % interval {number(low, 2)} to {number(high, 2)}"
        if math.isfinite(low)
        else "one seed gives no interval"
    )
    return f"{direction} by {number(gain, 2)} ({interval}"


def _diagnosis(
    plan: ConfirmationPlan,
    change: AdvisedChange,
    kind: str,
    evidence: dict[str, Json],
    words: str,
) -> Diagnosis:
    return Diagnosis(
        kind=kind,
        severity="good" if kind == "advice_helps" else "info",
        message=f"{change.label}, in trial {plan.trial_number}'s configuration: {words}",
        evidence=evidence,
        advice=(change.advice,) if kind == "advice_helps" else (),
        trial_number=plan.trial_number,
    )


def _gain(diagnosis: Diagnosis) -> float:
    gain = diagnosis.evidence.get("gain")
    return float(gain) if isinstance(gain, int | float) else -math.inf


def _middle(parameter: Parameter, known: Parameter | None) -> ParameterValue:
    """The middle of a range, in the scale in which it is searched."""
    if not isinstance(parameter, FloatParameter | IntParameter):
        return None
    low, high = float(parameter.low), float(parameter.high)
    if isinstance(known, FloatParameter | IntParameter):
        if high > known.high and low >= known.low:
            low = max(low, float(known.high))
        elif low < known.low and high <= known.high:
            high = min(high, float(known.low))
    middle = math.sqrt(low * high) if parameter.log and low > 0 else (low + high) / 2
    return round(middle) if isinstance(parameter, IntParameter) else float(f"{middle:.3g}")


def _shown(value: ParameterValue) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
