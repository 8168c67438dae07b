"""Is there anything to learn? The best trial against guessing, on the same rows.

Guessing is the class frequencies, or the mean. A search whose target has nothing to do with
its inputs ends with the trial that guesses best, and its curve looks like a good fit. What
tells it is the gain over guessing against that gain's own standard error: taken row by row,
since a row with a far target costs both alike. A linear model that does better than guessing
shows that there is a signal, whatever the networks do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from statistics import NormalDist

from automl.diagnostics.evidence import trial_facts
from automl.diagnostics.thresholds import (
    CHANCE_GAIN,
    LEAST_GAP_SHARE,
    NOISE_MULTIPLE,
)
from automl.diagnostics.wording import count, number
from storage.records import EvaluationRecord, Json, PairedDifference, StudyRecords

N_PENALTIES = 6
"""The linear model is the best of so many on the validation rows (`automl/data/baselines.py`)."""

SPLITS = {"valid": "validation", "test": "test"}


@dataclass(frozen=True, slots=True)
class Gain:
    """What a trial has on guessing, on the same rows."""

    trial_number: int
    split: str  # "valid", or "test" in studies that compared nothing on validation rows
    loss: float
    baseline_loss: float
    noise: float  # standard error of the gain
    is_paired: bool  # row by row; else that of the trial's loss alone, which is larger
    n_trials: int = 1  # the trial is the best of so many
    linear: str = "unknown"  # how the linear model does: "guesses" as well, or is "unknown"

    @property
    def value(self) -> float:
        """Loss of guessing minus loss of the trial."""
        return self.baseline_loss - self.loss

    @property
    def is_certain(self) -> bool:
        """Whether the gain is beyond chance; with a loose error, one worth naming is."""
        beyond = self.value > _multiple(self.n_trials) * self.noise
        worth_naming = self.value > LEAST_GAP_SHARE * self.baseline_loss
        return self.value > 0 and (beyond or (worth_naming and not self.is_paired))


def missing_signal(records: StudyRecords) -> Gain | None:
    """The best trial's gain over guessing where it is none, and no linear model has one.

    None also where this cannot be known: without a measured baseline, and with class weights,
    by which probabilities are moved away from the frequencies on purpose.
    """
    best = records.best_trial
    if best is None or records.settings.class_weights:
        return None
    # Pruned trials ran in the same contest for the lowest validation loss.
    n_trials = sum(trial.outcome in ("complete", "pruned") for trial in records.trials)
    source = _latest(records, "valid") or _latest(records, "test")
    gain = _measured(records, best.number, source, n_trials) if source else None
    if source is None or gain is None or gain.is_certain or _has_linear_signal(source):
        return None
    guessing = source.reference("guessing")
    beats = guessing is not None and _exceeds(
        guessing.network_gains, "accuracy", _multiple(n_trials)
    )
    if gain.is_paired and beats:
        return None  # fewer rows are wrong than by guessing, however little the loss shows of it
    return replace(gain, linear="guesses" if source.reference("linear_model") else "unknown")


def gain_words(gain: Gain, guessing: str) -> str:
    """What was compared, in one to three sentences."""
    compared = (
        f"On {SPLITS[gain.split]} rows the best of them, trial {gain.trial_number}, has a loss of "
        f"{number(gain.loss)}; {guessing} gives {number(gain.baseline_loss)} on the same rows"
    )
    if gain.value <= 0:
        ending = ", which is no worse."
    else:
        ending = f". The difference of {number(gain.value, 2)} may be chance"
        if gain.noise > 0:
            ending += f" (standard error {number(gain.noise, 2)}"
            ending += f", best of {count(gain.n_trials, 'trial')})" if gain.n_trials > 1 else ")"
        ending += "."
    linear = " A linear model does no better than guessing either."
    return compared + ending + (linear if gain.linear == "guesses" else "")


def gain_evidence(gain: Gain) -> dict[str, Json]:
    """The numbers that the words rest on."""
    return {
        "gain_of_trial": gain.trial_number,
        "gain_over_guessing": gain.value,
        "gain_standard_error": gain.noise,
        "gain_is_paired": gain.is_paired,
        "gain_rows": SPLITS[gain.split],
    }


def _multiple(n_trials: int) -> float:
    """Standard errors that the best of so many trials exceeds by chance in 5 % of studies."""
    return max(NOISE_MULTIPLE, NormalDist().inv_cdf(1 - CHANCE_GAIN / n_trials))


def _latest(records: StudyRecords, split: str) -> EvaluationRecord | None:
    known = [
        one
        for one in records.evaluations
        if one.split == split and "loss" in one.reference_scores("guessing")
    ]
    return max(known, key=lambda one: one.evaluated_at, default=None)


def _measured(
    records: StudyRecords, number: int, source: EvaluationRecord, n_trials: int
) -> Gain | None:
    """From the scores of the trial itself; else from its curve, on the same validation rows."""
    guessing = source.reference("guessing")
    if guessing and source.trial_number == number and "loss" in guessing.network_gains:
        # Test rows chose no trial, so it does not matter of how many it is the best.
        best_of = n_trials if source.split == "valid" else 1
        error = guessing.network_gains["loss"].standard_error
        loss, baseline = source.scores["loss"], guessing.scores["loss"]
        return Gain(number, source.split, loss, baseline, error, True, best_of)
    facts = trial_facts(records, number)
    if facts is None or source.split == "test":
        return None
    baseline = source.reference_scores("guessing")["loss"]
    return Gain(number, "valid", facts.valid_loss, baseline, facts.valid_noise, False, n_trials)


def _has_linear_signal(record: EvaluationRecord) -> bool:
    """Whether the linear model does better than guessing, by loss or by rows wrong."""
    linear = record.reference("linear_model")
    if linear is None:
        return False
    if not linear.guessing_gains:
        guessed = record.reference_scores("guessing")["loss"]
        return guessed - linear.scores.get("loss", guessed) > LEAST_GAP_SHARE * guessed
    multiple = _multiple(N_PENALTIES)
    return any(_exceeds(linear.guessing_gains, name, multiple) for name in ("loss", "accuracy"))


def _exceeds(gains: Mapping[str, PairedDifference], name: str, multiple: float) -> bool:
    """Whether a score is better than that of guessing by so many standard errors."""
    gain = gains.get(name)
    return gain is not None and gain.value > multiple * gain.standard_error
