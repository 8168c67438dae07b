"""What curves alone tell of a trial of a person's own objective: no more than they can.

    only validation losses               nothing of bias and variance, and that is said
    train loss much lower, or falling    high variance
      while validation loss rises
    train loss above what another        high bias
      trial reaches on new rows
    train loss no lower than at first    not learning

There is no guessing to be held against, and no model fitted beside it. So what was learned counts
from the train loss after a first epoch: the upper quartile over the study's trials, since quick
ones have learned much by then. The shares are those of networks (`thresholds.py`), where they were
calibrated; here they were not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from automl.diagnostics.evidence import CurveFacts, trial_facts
from automl.diagnostics.learning_curves import SEVERITIES, FitKind
from automl.diagnostics.thresholds import (
    BIAS_SHARE,
    LOST_SHARE,
    MIN_EPOCHS,
    NOISE_MULTIPLE,
    RISE_SHARE,
)
from automl.wording.counts import count
from automl.wording.numbers import number, percent
from search_spaces.declared import is_foreign
from storage.records import Advice, Diagnosis, Json, Severity, StudyRecords, TrialRecord
from storage.titles import title_of, titled

LESS_VARIANCE = Advice(
    "Regularize more, or search smaller models: widen those ranges towards what restrains, or "
    "train on more data."
)
LESS_BIAS = Advice(
    "Search larger models, weaker regularization or other step sizes: what holds this trial back "
    "is the fit to its own train data."
)
GIVE_TRAIN_LOSS = Advice(
    'Yield {"valid_loss": ..., "train_loss": ...} after each epoch, so that bias and variance can '
    "be told apart."
)


@dataclass(frozen=True, slots=True)
class _Judged:
    """One trial's curve, and what it is held against."""

    trial: TrialRecord
    facts: CurveFacts
    start: float  # train loss of who has learned little; NaN where none is given
    other: tuple[int, float] | None  # the best other trial, and its validation loss

    @property
    def learned(self) -> float:
        """How far the train loss fell; NaN where none is given."""
        return max(self.start, self.facts.first_train_loss) - self.facts.train_loss

    @property
    def noise(self) -> float:
        """What chance does to the validation loss, where the objective says it."""
        return NOISE_MULTIPLE * self.facts.valid_noise

    @property
    def has_train_loss(self) -> bool:
        """Whether the objective gives one."""
        return not math.isnan(self.facts.train_loss)


def diagnose_objective(records: StudyRecords, trial: TrialRecord, facts: CurveFacts) -> Diagnosis:
    """Judge one trial of an objective by its curve."""
    judged = _Judged(trial, facts, _start(records), _best_other(records, trial.number))
    kind, words = _verdict(judged)
    advice = {
        "high_variance": (LESS_VARIANCE,),
        "high_bias": (LESS_BIAS,),
        "not_learning": (LESS_BIAS,),
    }.get(kind, ())
    if (
        kind == "too_little_evidence"
        and not judged.has_train_loss
        and facts.n_epochs >= MIN_EPOCHS
        and not is_foreign(records.settings.space)  # a loop of Optuna's has no place for one
    ):
        advice = (GIVE_TRAIN_LOSS,)
    severity: Severity = "info" if kind == "good_fit" else SEVERITIES[kind]
    title = title_of(kind, severity, is_compared=False)
    message = titled(title, f"{words}{_rise(facts)}")
    return Diagnosis(kind, severity, message, _evidence(judged), advice, trial.number)


def _verdict(judged: _Judged) -> tuple[FitKind, str]:
    facts, who = judged.facts, f"trial {judged.trial.number}"
    if not facts.is_finite:
        return "diverged", (
            f"the loss of {who} became infinite or not a number in epoch {facts.n_epochs}."
        )
    if facts.n_epochs < MIN_EPOCHS:
        epochs = count(facts.n_epochs, "epoch")
        return "too_little_evidence", (
            f"{who} has {epochs}: too short a curve to tell bias from variance."
        )
    if not judged.has_train_loss:
        return "too_little_evidence", (
            f"{who} gives no train loss, and validation losses alone cannot tell bias from "
            "variance."
        )
    losses = f"train loss {number(facts.train_loss)}, validation loss {number(facts.valid_loss)}"
    if facts.lowest_train_loss >= facts.first_train_loss:
        return "not_learning", (
            f"in {count(facts.n_epochs, 'epoch')} the train loss of {who} never fell below "
            f"{number(facts.first_train_loss)}, what it was after the first."
        )
    if judged.other and _is_biased(judged, judged.other[1]):
        number_of_other, loss = judged.other
        return "high_bias", (
            f"{who} does not even fit its own train data as well as trial {number_of_other} does "
            f"new ones: its train loss never went below {number(facts.lowest_train_loss)}, that "
            f"one's validation loss is {number(loss)}."
        )
    if _is_variable(judged):
        share = facts.gap / judged.learned if judged.learned > 0 else math.inf
        lost = f" {percent(share)} of what it learned does not hold for new data."
        return "high_variance", (
            f"{who} does much better on the data it was trained on than on new ones "
            f"({losses}).{lost if share < 1 else ''}"
        )
    return "good_fit", f"no sign of variance in {who} ({losses})."


def _is_variable(judged: _Judged) -> bool:
    """A gap beyond noise and a share of what was learned, or a rise that takes so much back."""
    facts, learned = judged.facts, max(judged.learned, 0.0)
    if facts.gap > max(judged.noise, LOST_SHARE * learned):
        return True
    gained = max(judged.start, facts.first_train_loss) - facts.valid_loss
    return facts.onset is not None and facts.rise > RISE_SHARE * max(gained, 0.0)


def _is_biased(judged: _Judged, reached: float) -> bool:
    """Whether the train loss stays above a validation loss that another trial reaches."""
    above = judged.facts.lowest_train_loss - reached
    learnable = max(judged.start, judged.facts.first_train_loss) - reached
    return above > max(judged.noise, BIAS_SHARE * learnable)


def _rise(facts: CurveFacts) -> str:
    """That the validation loss rose again, and how much."""
    if facts.onset is None and not math.isnan(facts.train_loss):
        return ""
    if facts.best_epoch == facts.n_epochs or facts.rise <= 0 or not facts.is_finite:
        return ""
    return (
        f" After epoch {facts.best_epoch} the validation loss rose again, by "
        f"{number(facts.rise)} at the end."
    )


def _start(records: StudyRecords) -> float:
    """The upper quartile of all trials' train losses after their first epochs; NaN without any."""
    first = [
        curve[0].train_loss
        for number in records.last_attempts
        for run in records.search_runs(number)
        if (curve := records.epochs.get(run.run_id, ())) and math.isfinite(curve[0].train_loss)
    ]
    return float(np.quantile(first, 0.75)) if first else math.nan


def _best_other(records: StudyRecords, trial_number: int) -> tuple[int, float] | None:
    others = (one for one in records.complete_trials if one.number != trial_number)
    best = next(others, None)
    facts = trial_facts(records, best.number) if best else None
    return (best.number, facts.valid_loss) if best and facts else None


def _evidence(judged: _Judged) -> dict[str, Json]:
    facts = judged.facts
    found: dict[str, float | None] = {
        "train_loss": facts.train_loss,
        "valid_loss": facts.valid_loss,
        "valid_loss_standard_error": facts.valid_noise or None,
        "generalization_gap": facts.gap,
        "lowest_train_loss": facts.lowest_train_loss,
        "rise_after_best_epoch": facts.rise,
    }
    known = {name: one for name, one in found.items() if one is not None and math.isfinite(one)}
    return {**known, "n_epochs": facts.n_epochs, "best_epoch": facts.best_epoch}
