"""Bias and variance from learning curves: the lecture's table of errors, made quantitative.

    train error   validation error   verdict
    low           low                good fit
    low           higher             high variance
    high          as high            high bias
    high          higher still       both

"High" is held against what is known to be reachable: the linear model, boosted trees, the best
other trial, the error that a person hopes for. "Higher" is held against the noise of the
validation estimate. High bias of a network that strong penalties or dropout hold back is
over-regularization. A fit without these is good only where the references are no better, and
where more than little is explained. Reads facts (`evidence.py`), gives a `Fit`; `fit_words.py`
words it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from automl.diagnostics.evidence import CurveFacts, Reference, References
from automl.diagnostics.restraint import smoothing_loss, strong_restraints
from automl.diagnostics.rivals import Rival
from automl.diagnostics.signal import Gain
from automl.diagnostics.situation import Situation
from automl.diagnostics.thresholds import (
    APART_RISE_SHARE,
    BIAS_SHARE,
    CERTAIN_BIAS_SHARE,
    END_LOST_SHARE,
    IMPROVING_SHARE,
    LEAST_GAP_SHARE,
    LOST_SHARE,
    MIN_EPOCHS,
    MIN_VALID_ROWS,
    NEAR_ZERO_SHARE,
    NOISE_MULTIPLE,
    NOT_LEARNING_SHARE,
    RISE_SHARE,
    WEAK_SHARE,
)
from storage.records import Severity, StudySettings

FitKind = Literal[
    "too_little_evidence",
    "diverged",
    "not_learning",
    "no_signal",
    "over_regularized",
    "high_bias",
    "high_variance",
    "high_bias_and_variance",
    "behind_reference",
    "weak_signal",
    "good_fit",
]

SEVERITIES: dict[FitKind, Severity] = {
    "too_little_evidence": "info",
    "diverged": "problem",
    "not_learning": "problem",
    "no_signal": "problem",
    "over_regularized": "warning",
    "high_bias": "warning",
    "high_variance": "warning",
    "high_bias_and_variance": "warning",
    "behind_reference": "warning",
    "weak_signal": "info",
    "good_fit": "good",
}

UNFITTED: frozenset[str] = frozenset(
    {"diverged", "not_learning", "over_regularized", "high_bias", "high_bias_and_variance"}
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
    restraints: tuple[str, ...] = ()  # of over_regularized: what holds the network back
    n_valid_rows: int = 0  # of all folds
    gain: Gain | None = None  # of no_signal: what the study's best trial has on guessing

    @property
    def severity(self) -> Severity:
        """Good is only what is better than each reference."""
        if self.kind == "good_fit" and not self.is_ahead:
            return "info"
        if self.kind == "behind_reference" and not self.is_far_behind:
            return "info"
        if self.kind == "too_little_evidence" and 0 < self.n_valid_rows < MIN_VALID_ROWS:
            return "warning"
        return SEVERITIES[self.kind]

    @property
    def is_ahead(self) -> bool:
        """Whether the network is better than every reference, where known beyond chance."""
        gains = {one.name: g for one in self.references.rivals if (g := one.test or one.valid)}
        if gains:
            # Guessing alone is no model that a good fit could be better than.
            worst = min(gains.values(), key=lambda gain: gain.value)
            return worst.is_better and gains.keys() != {"guessing"} and self._has_all_rivals
        limit = min(self.references.baseline_loss, self.references.lowest_other_model)
        return self.facts.valid_loss < limit - NOISE_MULTIPLE * self.facts.valid_noise

    @property
    def _has_all_rivals(self) -> bool:
        """Whether boosted trees, the strongest, are among them, and were grown to their best."""
        return any(one.name == "boosted_trees" and one.is_final for one in self.references.rivals)

    @property
    def leader(self) -> Rival | None:
        """The reference that is certainly better."""
        return self.references.leader

    @property
    def is_far_behind(self) -> bool:
        """Whether the leader's lead is worth an action."""
        return self.leader is not None and self.leader.matters(self.references.baseline_loss)

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


def judge_fit(facts: CurveFacts, references: References, situation: Situation) -> Fit:
    """Decide bias and variance of one curve."""
    settings, reference = situation.settings, references.lowest
    bias = facts.lowest_train_loss - reference.loss if reference else 0.0
    hoped = _misses_hoped_error_rate(facts, references, settings)
    restraints = strong_restraints(situation)
    n_rows = situation.n_valid_rows

    def fit(kind: FitKind) -> Fit:
        return Fit(kind, facts, references, reference, bias, hoped, restraints, n_rows)

    if not facts.is_finite:
        return fit("diverged")
    if facts.n_epochs < MIN_EPOCHS:
        return fit("too_little_evidence")
    unlearned = facts.lowest_train_loss > (1 - NOT_LEARNING_SHARE) * references.baseline_loss
    if unlearned and not (restraints and reference and _is_biased(facts, references, situation)):
        return fit("not_learning")
    if 0 < n_rows < MIN_VALID_ROWS:
        return fit("too_little_evidence")
    is_behind = references.leader is not None
    if settings.target_error is not None and facts.valid_metric <= settings.target_error:
        return fit("behind_reference" if is_behind else "good_fit")
    biased = hoped or _is_biased(facts, references, situation)
    if _is_variable(facts, references):
        return fit("high_bias_and_variance" if biased else "high_variance")
    if biased:
        is_tiny = situation.is_tiny and not unlearned
        return fit("over_regularized" if restraints and not is_tiny else "high_bias")
    if references.leader:
        excess = facts.lowest_train_loss - smoothing_loss(situation) - references.leader.shown_loss
        is_held = restraints and excess > LEAST_GAP_SHARE * references.baseline_loss
        return fit("over_regularized" if is_held else "behind_reference")
    return fit("weak_signal" if _is_weak(facts, references) else "good_fit")


def _is_biased(facts: CurveFacts, references: References, situation: Situation) -> bool:
    """Whether the train rows are fitted worse than others fit rows that they never saw.

    By a large share of what is learnable. A scored trial is compared row by row with the fitted
    references, whose rows may be easier than the train rows: those count that are certainly
    better. Where test rows and validation rows both say it, a smaller share is enough of the
    linear model, which a network can be, and of a network that is held back. What label smoothing
    adds to the loss is no want of fit.
    """
    smoothing, is_held = smoothing_loss(situation), bool(strong_restraints(situation))
    measured = (one for one in references.rivals if one.is_measured)
    rivals = {one.words: one for one in measured}
    for reference in references.known:
        share, learnable = BIAS_SHARE, references.baseline_loss - reference.loss
        above = facts.lowest_train_loss - smoothing - reference.loss
        behind = facts.valid_loss - reference.loss
        if rival := rivals.get(reference.name):
            if not rival.is_better:
                continue
            if rival.is_certainly_better and (is_held or rival.name == "linear_model"):
                share = CERTAIN_BIAS_SHARE
            if is_near_zero(reference.loss, references) and rival.is_certainly_better:
                share = 0.0  # the other has the target almost exactly
        elif above <= NOISE_MULTIPLE * facts.valid_noise or behind <= share * learnable:
            continue
        if above > share * learnable:
            return True
    return False


def is_near_zero(loss: float, references: References) -> bool:
    """Whether a loss is so small that an input holds the answer, or something like it."""
    return loss < NEAR_ZERO_SHARE * references.baseline_loss


def _is_weak(facts: CurveFacts, references: References) -> bool:
    """Whether little of guessing's loss is gone, and no other model takes more off."""
    lowest = min(facts.valid_loss, references.lowest_other_model)
    return lowest > (1 - WEAK_SHARE) * references.baseline_loss


def lost_share(facts: CurveFacts, references: References) -> float:
    """The generalization gap as a share of what was learned on the train rows."""
    learned = references.baseline_loss - facts.train_loss
    return facts.gap / learned if learned > 0 else 0.0


def _is_variable(facts: CurveFacts, references: References) -> bool:
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
    reference = references.lowest
    lowest = min(facts.valid_loss, reference.loss) if reference else facts.valid_loss
    gained = max(references.baseline_loss - lowest, 0.0)
    gap_at_end = facts.valid_loss + facts.rise - facts.last_train_loss
    if gap_at_end <= noise:
        return False
    is_apart = gap_at_end > END_LOST_SHARE * (references.baseline_loss - facts.last_train_loss)
    return facts.rise > (APART_RISE_SHARE if is_apart else RISE_SHARE) * gained


def _misses_hoped_error_rate(
    facts: CurveFacts, references: References, settings: StudySettings
) -> bool:
    """Whether the train rows themselves have more errors than a person hopes for."""
    hoped = settings.target_error
    if (
        hoped is None
        or settings.epoch_metric != "error_rate"
        or not math.isfinite(facts.train_metric)
    ):
        return False
    n_rows = max(settings.n_rows.get("valid", 0), 1)
    noise = math.sqrt(max(hoped * (1 - hoped), 1e-12) / n_rows)
    guess = references.baseline_metric or 0.5
    miss = facts.train_metric - hoped
    return miss > NOISE_MULTIPLE * noise and miss > BIAS_SHARE * guess
