"""Bias and variance from learning curves: the lecture's table of errors, made quantitative.

    train error   validation error   verdict
    low           low                good fit
    low           higher             high variance
    high          as high            high bias
    high          higher still       both

"High" is held against what is known to be reachable: the linear model, the best other
trial, the error that a person hopes for. "Higher" is held against the noise of the
validation estimate. Reads facts (`evidence.py`), gives a `Fit`, and words it as a Diagnosis.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from automl.diagnostics.advice import advise
from automl.diagnostics.evidence import CurveFacts, Reference, References
from automl.diagnostics.signal import Gain, gain_evidence, gain_words
from automl.diagnostics.situation import Situation
from automl.diagnostics.thresholds import (
    BIAS_SHARE,
    IMPROVING_SHARE,
    LEAST_GAP_SHARE,
    LOST_SHARE,
    MIN_EPOCHS,
    NOISE_MULTIPLE,
    NOT_LEARNING_SHARE,
    RISE_SHARE,
)
from automl.diagnostics.wording import count, error, listing, number, percent
from storage.records import Diagnosis, Json, Severity, StudySettings

FitKind = Literal[
    "too_little_evidence",
    "diverged",
    "not_learning",
    "no_signal",
    "high_bias",
    "high_variance",
    "high_bias_and_variance",
    "good_fit",
]

SEVERITIES: dict[FitKind, Severity] = {
    "too_little_evidence": "info",
    "diverged": "problem",
    "not_learning": "problem",
    "no_signal": "problem",
    "high_bias": "warning",
    "high_variance": "warning",
    "high_bias_and_variance": "warning",
    "good_fit": "good",
}

UNFITTED: frozenset[str] = frozenset(
    {"diverged", "not_learning", "high_bias", "high_bias_and_variance"}
)
"""The verdicts by which a network does not fit its own train rows."""


@dataclass(frozen=True, slots=True)
class Fit:
    """The verdict on one curve, with the parts of the loss it rests on."""

    kind: FitKind
    facts: CurveFacts
    references: References
    reference: Reference | None  # the lowest loss known to be reachable
    bias: float  # train loss above what is reachable
    is_hoped_for: bool = False  # the bias is held against the hoped-for error rate
    gain: Gain | None = None  # of no_signal: what the study's best trial has on guessing

    @property
    def learned_share(self) -> float:
        """The share of the baseline's loss that training removed on the train rows."""
        return 1.0 - self.facts.lowest_train_loss / self.references.baseline_loss

    @property
    def lost_share(self) -> float:
        """The share of what was learned on the train rows that does not hold for new ones."""
        return lost_share(self.facts, self.references)

    @property
    def explained_share(self) -> float:
        """The share of the baseline's loss that is gone on the validation rows."""
        return 1.0 - self.facts.valid_loss / self.references.baseline_loss

    @property
    def is_improving(self) -> bool:
        """Whether the last epochs still lowered the validation loss."""
        at_end = self.facts.best_epoch > 0.9 * self.facts.n_epochs
        return at_end and self.facts.last_progress > IMPROVING_SHARE


def judge_fit(facts: CurveFacts, references: References, settings: StudySettings) -> Fit:
    """Decide bias and variance of one curve."""
    reference = _lowest(references)
    bias = facts.lowest_train_loss - reference.loss if reference else 0.0
    hoped = _misses_hoped_error_rate(facts, references, settings)

    def fit(kind: FitKind) -> Fit:
        return Fit(kind, facts, references, reference, bias, hoped)

    if not facts.is_finite:
        return fit("diverged")
    if facts.n_epochs < MIN_EPOCHS:
        return fit("too_little_evidence")
    if facts.lowest_train_loss > (1 - NOT_LEARNING_SHARE) * references.baseline_loss:
        return fit("not_learning")
    if settings.target_error is not None and facts.valid_metric <= settings.target_error:
        return fit("good_fit")
    biased = hoped or _is_biased(bias, facts, references, reference)
    if _is_variable(facts, references, reference):
        return fit("high_bias_and_variance" if biased else "high_variance")
    return fit("high_bias" if biased else "good_fit")


def diagnose_fit(fit: Fit, situation: Situation) -> Diagnosis:
    """Word a verdict on bias and variance for people, with its evidence and advice."""
    return Diagnosis(
        kind=fit.kind,
        severity=SEVERITIES[fit.kind],
        message=_message(fit, situation),
        evidence=_evidence(fit),
        advice=advise(fit.kind, situation),
        trial_number=situation.trial.number,
    )


def diagnose_budget(fit: Fit, situation: Situation) -> Diagnosis | None:
    """Say that the curve still improves where its epochs ended."""
    unclear = ("diverged", "not_learning", "no_signal", "too_little_evidence")
    if fit.kind in unclear or not fit.is_improving:
        return None
    facts = fit.facts
    if situation.trial.outcome != "complete" or facts.n_epochs < situation.settings.max_epochs:
        return None
    return Diagnosis(
        kind="still_improving",
        severity="info",
        message=(
            f"Trial {situation.trial.number} was still improving when its epochs ended: the last "
            f"fifth of {count(facts.n_epochs, 'epoch')} brought {percent(facts.last_progress)} of "
            f"all progress on the validation rows."
        ),
        evidence={"n_epochs": facts.n_epochs, "best_epoch": facts.best_epoch}
        | {"last_progress": facts.last_progress},
        advice=advise("still_improving", situation),
        trial_number=situation.trial.number,
    )


def _lowest(references: References) -> Reference | None:
    """The lowest of the losses known to be reachable, or hoped for."""
    known = [references.linear, references.best_trial, references.target]
    return min((one for one in known if one), key=lambda one: one.loss, default=None)


def _is_biased(
    bias: float, facts: CurveFacts, references: References, reference: Reference | None
) -> bool:
    if reference is None:
        return False
    # Reference and trial are measured on the same validation rows: their noise is shared.
    learnable = references.baseline_loss - reference.loss
    return bias > NOISE_MULTIPLE * facts.valid_noise and bias > BIAS_SHARE * learnable


def lost_share(facts: CurveFacts, references: References) -> float:
    """The generalization gap as a share of what was learned on the train rows."""
    learned = references.baseline_loss - facts.train_loss
    return facts.gap / learned if learned > 0 else 0.0


def _is_variable(facts: CurveFacts, references: References, reference: Reference | None) -> bool:
    """A gap beyond noise and worth acting on, or a validation loss that rises that much."""
    noise = NOISE_MULTIPLE * facts.valid_noise
    learned = max(references.baseline_loss - facts.train_loss, 0.0)
    if facts.gap > max(noise, LEAST_GAP_SHARE * references.baseline_loss):
        at_least = facts.gap - noise
        if facts.gap > LOST_SHARE * learned and at_least > 0.5 * LOST_SHARE * learned:
            return True
    if facts.valid_loss >= references.baseline_loss and 2 * learned > references.baseline_loss:
        return True  # learned on its own rows, and worse than guessing on others
    if facts.onset is None:
        return False
    lowest = min(facts.valid_loss, reference.loss) if reference else facts.valid_loss
    gained = max(references.baseline_loss - lowest, 0.0)
    gap_at_end = facts.valid_loss + facts.rise - facts.last_train_loss
    return facts.rise > RISE_SHARE * gained and gap_at_end > noise


def _misses_hoped_error_rate(
    facts: CurveFacts, references: References, settings: StudySettings
) -> bool:
    """Whether the train rows themselves have more errors than a person hopes for."""
    hoped = settings.target_error
    if hoped is None or settings.metric != "error_rate" or not math.isfinite(facts.train_metric):
        return False
    n_rows = max(settings.n_rows.get("valid", 0), 1)
    noise = math.sqrt(max(hoped * (1 - hoped), 1e-12) / n_rows)
    guess = references.baseline_metric or 0.5
    miss = facts.train_metric - hoped
    return miss > NOISE_MULTIPLE * noise and miss > BIAS_SHARE * guess


def _evidence(fit: Fit) -> dict[str, Json]:
    facts, references = fit.facts, fit.references
    evidence: dict[str, Json] = {
        "train_loss": facts.train_loss,
        "valid_loss": facts.valid_loss,
        "valid_loss_standard_error": facts.valid_noise,
        "train_metric": facts.train_metric,
        "valid_metric": facts.valid_metric,
        "generalization_gap": facts.gap,
        "lost_share": fit.lost_share,
        "baseline_loss": references.baseline_loss,
        "baseline_is_measured": references.baseline_is_measured,
        "lowest_train_loss": facts.lowest_train_loss,
        "n_epochs": facts.n_epochs,
        "best_epoch": facts.best_epoch,
        "overfitting_from_epoch": facts.onset,
        "rise_after_best_epoch": facts.rise,
    }
    if fit.reference:
        evidence["reference"] = fit.reference.name
        evidence["reference_loss"] = fit.reference.loss
        evidence["avoidable_bias"] = max(0.0, fit.bias)
    if references.best_train_loss is not None:
        evidence["best_train_loss_of_any_trial"] = references.best_train_loss
    return evidence | (gain_evidence(fit.gain) if fit.gain else {})


def _message(fit: Fit, situation: Situation) -> str:
    words = {
        "too_little_evidence": _too_little,
        "diverged": _diverged,
        "not_learning": _not_learning,
        "no_signal": _no_signal,
        "high_bias": _high_bias,
        "high_variance": _high_variance,
        "high_bias_and_variance": _both,
        "good_fit": _good_fit,
    }
    return words[fit.kind](fit, situation)


def _too_little(fit: Fit, situation: Situation) -> str:
    ending = "was pruned" if situation.trial.outcome == "pruned" else "ended"
    return (
        f"Trial {situation.trial.number} {ending} after {count(fit.facts.n_epochs, 'epoch')}: "
        f"too short a curve to tell bias from variance."
    )


def _diverged(fit: Fit, situation: Situation) -> str:
    return (
        f"The loss of trial {situation.trial.number} became infinite or not a number in epoch "
        f"{fit.facts.n_epochs}."
    )


def _not_learning(fit: Fit, situation: Situation) -> str:
    lowest, baseline = fit.facts.lowest_train_loss, fit.references.baseline_loss
    return (
        f"Trial {situation.trial.number} did not learn: in {count(fit.facts.n_epochs, 'epoch')} "
        f"its loss on its own train rows never went below {number(lowest)}; "
        f"{_guessing(situation)} gives {number(baseline)}."
    )


def _no_signal(fit: Fit, situation: Situation) -> str:
    words = gain_words(fit.gain, _guessing(situation)) if fit.gain else ""
    return f"No signal beyond guessing was found by this study's trials. {words}"


def _high_bias(fit: Fit, situation: Situation) -> str:
    return (
        f"High bias: trial {situation.trial.number} does not even fit its own train rows as well "
        f"as is possible ({_errors(fit, situation)}). {_against(fit, situation)} More rows would "
        f"help little; the network has to fit better first."
    )


def _high_variance(fit: Fit, situation: Situation) -> str:
    return (
        f"High variance: trial {situation.trial.number} does much better on the rows it was "
        f"trained on than on new ones ({_errors(fit, situation)}). {_certainty(fit)}{_onset(fit)}"
    )


def _both(fit: Fit, situation: Situation) -> str:
    return (
        f"High bias and high variance: trial {situation.trial.number} does not fit its train "
        f"rows as well as is possible, and does worse still on new ones "
        f"({_errors(fit, situation)}). {_against(fit, situation)} {_certainty(fit)}{_onset(fit)}"
    )


def _good_fit(fit: Fit, situation: Situation) -> str:
    settings = situation.settings
    if settings.target_error is not None and fit.facts.valid_metric <= settings.target_error:
        opening = "Good fit: the error you hoped for is reached by trial"
    else:
        opening = "Good fit: no sign of high bias or high variance in trial"
    remaining = percent(max(0.0, 1 - fit.explained_share))
    return (
        f"{opening} {situation.trial.number} ({_errors(fit, situation)}). On validation rows its "
        f"loss is {remaining} of what {_guessing(situation)} gives."
        f"{_rests_on(fit, situation)}{_onset(fit)}"
    )


def _guessing(situation: Situation) -> str:
    return "predicting the mean" if situation.is_regression else "guessing by class frequency"


def _rests_on(fit: Fit, situation: Situation) -> str:
    """What "no bias" rests on: held against weak references, a fit far from the best is good."""
    hoped, metric = situation.settings.target_error, situation.settings.metric
    if hoped is None:
        known = [_guessing(situation)]
        known += ["the linear model"] if fit.references.linear else []
        known += ["this study's other trials"] if fit.references.best_trial else []
        return (
            f" Bias was judged against {listing(known)} only; another kind of model may still "
            f"do much better."
        )
    if fit.facts.valid_metric > hoped:
        return f" You hope for {error(hoped, metric)}, which is not reached on these rows."
    return ""


def _errors(fit: Fit, situation: Situation) -> str:
    """Train against validation, in the metric that people read, then in loss."""
    facts, metric = fit.facts, situation.settings.metric
    return (
        f"train: {error(facts.train_metric, metric)}, validation: "
        f"{error(facts.valid_metric, metric)}; loss {number(facts.train_loss)} against "
        f"{number(facts.valid_loss)}"
    )


def _against(fit: Fit, situation: Situation) -> str:
    parts = []
    if fit.is_hoped_for:
        hoped = error(situation.settings.target_error or 0.0, situation.settings.metric)
        parts.append(f"you hope for {hoped}")
    if fit.reference and fit.bias > 0:
        where = "" if fit.reference is fit.references.target else " on rows it was not trained on"
        parts.append(
            f"{fit.reference.name} {'means' if not where else 'reaches'} a loss of "
            f"{number(fit.reference.loss)}{where}, this trial never went below "
            f"{number(fit.facts.lowest_train_loss)} on its own train rows"
        )
    text = listing(parts)
    return text[:1].upper() + text[1:] + "."


def _certainty(fit: Fit) -> str:
    facts = fit.facts
    if facts.valid_noise <= 0 or facts.gap <= 0:
        return ""
    return (
        f"{percent(fit.lost_share)} of what it learned on its train rows does not hold for new "
        f"ones; the gap of {number(facts.gap)} is {number(facts.gap / facts.valid_noise, 2)} "
        f"times the standard error of the validation loss."
    )


def _onset(fit: Fit) -> str:
    facts = fit.facts
    if facts.onset is None:
        return ""
    return (
        f" After epoch {facts.onset} the validation loss rose again, by {number(facts.rise)}, "
        f"while the train loss went on falling; the weights of epoch {facts.best_epoch} are kept."
    )
