"""Is the advice good? Train the advised changes and the unchanged best side by side.

    plan_confirmation -> side_runs.train_beside -> judge_confirmation -> measured_advice.py

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
from scipy.special import stdtrit

from automl.diagnostics.evidence import find_references
from automl.investigation.advised_changes import AdvisedChange, advised_change
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
from automl.wording.counts import agree, count
from automl.wording.numbers import number
from storage.records import Diagnosis, Json, StudyRecords

UNCHANGED = "unchanged"

MAX_CHANGES = 6
"""Changes that are tried, in the order of the verdicts: with five seeds, 35 runs."""

LEAST_SHARE_LEFT = 0.01
"""A change of the loss matters from a hundredth of the loss that is left on ..."""

LEAST_SHARE_OF_BASELINE = 0.001
"""... and of a thousandth of the baseline's: of what guessing loses, that is the third digit. A
network at a loss of 0.0001 where guessing has 1 has learned all there is to be learned."""


@dataclass(frozen=True, slots=True)
class ConfirmationPlan:
    """The changes to try, and all runs: of the unchanged configuration first."""

    baseline_loss: float  # of guessing

    trial_number: int
    n_epochs: int
    changes: tuple[AdvisedChange, ...]
    left_out: tuple[str, ...]  # labels of further changes that are not tried
    runs: tuple[PlannedRun, ...]


def plan_confirmation(
    records: StudyRecords,
    diagnoses: Sequence[Diagnosis],
    *,
    n_seeds: int = 5,
    max_changes: int = MAX_CHANGES,
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
            if change and change.label not in changes:
                changes[change.label] = change
    tried = list(changes.values())[:max_changes]
    seeds = [derive_seed(records.settings.seed, best.number, "confirm", i) for i in range(n_seeds)]
    asked: list[tuple[str, Params, Params | None]] = [(UNCHANGED, params, None)]
    asked += [(change.label, change.params, change.changed) for change in tried]
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
        for label, configuration, changed in asked
        for seed in seeds
    ]
    return ConfirmationPlan(
        baseline_loss=find_references(records, best.number).baseline_loss,
        trial_number=best.number,
        n_epochs=records.settings.max_epochs,
        changes=tuple(tried),
        left_out=tuple(changes)[max_changes:],
        runs=tuple(runs),
    )


def judge_confirmation(plan: ConfirmationPlan, ended: Sequence[EndedRun]) -> tuple[Diagnosis, ...]:
    """Say for each change whether it helped and by how much, the most helpful first.

    Changes that were not tried, since there were too many, are named at the end.
    """
    unchanged = [run for run in ended if run.planned.label == UNCHANGED]
    judged = [
        _judge_change(
            plan, change, unchanged, [run for run in ended if run.planned.label == change.label]
        )
        for change in plan.changes
    ]
    judged.sort(key=_gain, reverse=True)
    return (*judged, *([_say_left_out(plan)] if plan.left_out else []))


def _say_left_out(plan: ConfirmationPlan) -> Diagnosis:
    n_left_out = len(plan.left_out)
    return Diagnosis(
        kind="advice_left_out",
        severity="info",
        message=(
            f"{count(n_left_out, 'further change')} {agree(n_left_out, 'was', 'were')} not tried, "
            f"since {len(plan.changes)} are at a time: {'; '.join(plan.left_out)}."
        ),
        evidence={"n_left_out": n_left_out, "n_tried": len(plan.changes)},
        trial_number=plan.trial_number,
    )


def least_difference(loss: float, baseline_loss: float) -> float:
    """The smallest change of a loss that matters: see the shares above."""
    return max(LEAST_SHARE_LEFT * abs(loss), LEAST_SHARE_OF_BASELINE * abs(baseline_loss))


def verdict_on(gain: float, low: float, high: float, least: float) -> str:
    """Whether a gain with its 95 % interval helps, harms or makes no difference that matters.

    It makes none where the whole interval is smaller than what matters (two one-sided tests,
    Schuirmann 1987); a difference that is certain, but perhaps smaller, is undecided.
    """
    if low > -least and high < least:
        return "advice_no_difference"
    if low > 0 and gain >= least:
        return "advice_helps"
    if high < 0 and gain <= -least:
        return "advice_harms"
    return "advice_undecided"


def paired_interval(differences: Sequence[float]) -> tuple[float, float, float]:
    """Mean and 95 % interval of paired differences (Student's t); infinite for fewer than two."""
    mean = float(np.mean(differences))
    if len(differences) < 2:
        return mean, -math.inf, math.inf
    degrees = len(differences) - 1
    half = (
        float(stdtrit(degrees, 0.975))
        * float(np.std(differences, ddof=1))
        / math.sqrt(len(differences))
    )
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
        "changes": {one.parameter: one.set for one in change.advice.changes},
        "n_seeds": len(shared),
        "n_seeds_planned": len(changed),
        "n_failed": sum(not run.is_evidence for run in (*unchanged, *changed)),
        "n_diverged": n_diverged,
        "n_epochs": plan.n_epochs,
    }
    if not shared:
        words = f"Nothing can be said of it: no pair of runs was trained to its end. {failures}"
        return _diagnosis(plan, change, "advice_failed", evidence, words)
    gain, low, high = paired_interval([before[seed] - after[seed] for seed in shared])
    old = float(np.mean([before[seed] for seed in shared]))
    new = float(np.mean([after[seed] for seed in shared]))
    least = least_difference(old, plan.baseline_loss)
    evidence |= {
        "loss_before": old,
        "loss_after": new,
        "least_difference": least,
        "gain": gain,
        "gain_low": low if math.isfinite(low) else None,
        "gain_high": high if math.isfinite(high) else None,
    }
    kind = verdict_on(gain, low, high, least)
    if kind != "advice_harms" and n_diverged:  # the seeds that are left are those that it suits
        kind = "advice_undecided"
    n_pairs = count(len(shared), "seed")
    if len(shared) < len(changed):
        n_pairs = f"only {len(shared)} of {count(len(changed), 'seed')}"
    words = (
        f"{_verdict(kind, n_diverged)}. Validation loss {number(new)} against "
        f"{number(old)} unchanged, {_difference(gain, low, high)}; {n_pairs}, paired, "
        f"{plan.n_epochs} epochs each). {failures}"
    )
    return _diagnosis(plan, change, kind, evidence, words.rstrip())


def _verdict(kind: str, n_diverged: int) -> str:
    says = {
        "advice_helps": "It helps",
        "advice_harms": "It makes things worse",
        "advice_no_difference": "It makes no difference that matters",
        "advice_undecided": "It cannot be told whether it helps",
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
        message=f"Tried in trial {plan.trial_number}'s configuration: {change.label}. {words}",
        evidence=evidence,
        advice=(change.advice,) if kind == "advice_helps" else (),
        trial_number=plan.trial_number,
    )


def _gain(diagnosis: Diagnosis) -> float:
    gain = diagnosis.evidence.get("gain")
    return float(gain) if isinstance(gain, int | float) else -math.inf
