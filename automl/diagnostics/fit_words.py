"""A verdict on bias and variance in words, with its evidence and advice.

What is decided is decided in `learning_curves.py`; here it becomes sentences with the numbers
that they rest on.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from automl.diagnostics.advice import advise, advise_behind, advise_less
from automl.diagnostics.evidence import CurveFacts
from automl.diagnostics.learning_curves import Fit, FitKind, is_near_zero
from automl.diagnostics.left_out import texts_words
from automl.diagnostics.restraint import restraint_words
from automl.diagnostics.rivals import Rival
from automl.diagnostics.signal import gain_evidence, gain_words
from automl.diagnostics.situation import Situation
from automl.diagnostics.thresholds import MIN_EPOCHS, MIN_VALID_ROWS, NOISE_MULTIPLE
from automl.wording.counts import count, listing
from automl.wording.numbers import number, percent
from automl.wording.references import is_plural, reference_words
from automl.wording.scores import SPLIT_NAMES, error, gain_text, score_name
from storage.records import Diagnosis, Json
from storage.titles import title_of, titled


def diagnose_fit(fit: Fit, situation: Situation) -> Diagnosis:
    """Word a verdict on bias and variance for people, with its evidence and advice."""
    advice = advise(fit.kind, situation)
    if fit.kind == "behind_reference" and fit.leader:
        has_gap = fit.facts.gap > NOISE_MULTIPLE * fit.facts.valid_noise and not fit.restraints
        is_unfitted = _is_unfitted(fit, fit.leader)
        advice = advise_behind(
            situation, fit.leader.words, is_unfitted=is_unfitted, has_gap=has_gap
        )
    if fit.kind == "good_fit" and fit.facts.gap < NOISE_MULTIPLE * fit.facts.valid_noise:
        advice = advise_less(situation)
    return Diagnosis(
        kind=fit.kind,
        severity=fit.severity,
        message=titled(_title(fit), MESSAGES[fit.kind](fit, situation)),
        evidence=_evidence(fit),
        advice=advice,
        trial_number=situation.trial.number,
    )


def diagnose_budget(fit: Fit, situation: Situation) -> Diagnosis | None:
    """Say that the curve still improves where its epochs ended."""
    unclear = ("diverged", "not_learning", "no_signal", "too_little_evidence", "over_regularized")
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
        evidence={**_epoch_evidence(facts), "last_progress": facts.last_progress},
        advice=advise("still_improving", situation),
        trial_number=situation.trial.number,
    )


def _title(fit: Fit) -> str:
    leader = fit.leader.words if fit.leader else "a reference"
    return title_of(fit.kind, fit.severity, leader, is_compared=bool(fit.references.fitted))


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
        **_epoch_evidence(facts),
        "rise_after_best_epoch": facts.rise,
    }
    if not facts.epochs_of_folds:
        evidence["overfitting_from_epoch"] = facts.onset
    if fit.kind == "good_fit":
        evidence["compared_with"] = [one.name for one in references.fitted]
    if fit.reference:
        evidence["reference"] = fit.reference.name
        evidence["reference_loss"] = fit.reference.loss
        evidence["avoidable_bias"] = max(0.0, fit.bias)
    if references.best_train_loss is not None:
        evidence["best_train_loss_of_any_trial"] = references.best_train_loss
    if fit.kind == "over_regularized":
        evidence["restraints"] = list(fit.restraints)
    if fit.leader and fit.leader.gain:
        evidence["leader"] = fit.leader.words
        evidence["leader_rows"] = SPLIT_NAMES[fit.leader.split]
        evidence["leader_gain"] = -fit.leader.gain.value
        evidence["leader_gain_standard_error"] = fit.leader.gain.standard_error
    return evidence | (gain_evidence(fit.gain) if fit.gain else {})


def _epoch_evidence(facts: CurveFacts) -> dict[str, Json]:
    """How long it trained and when it was best; of several folds, each has its own."""
    if not facts.epochs_of_folds:
        return {"n_epochs": facts.n_epochs, "best_epoch": facts.best_epoch}
    epochs, best = facts.epochs_of_folds, facts.best_epochs_of_folds
    return {"n_epochs": list(epochs), "best_epoch": list(best)}


def _too_little(fit: Fit, situation: Situation) -> str:
    n_rows = fit.n_valid_rows
    if fit.facts.n_epochs >= MIN_EPOCHS and n_rows >= MIN_VALID_ROWS:
        return (
            f"the curve of trial {situation.trial.number} cannot tell bias from variance before "
            f"its steps are of the right size."
        )
    if fit.facts.n_epochs >= MIN_EPOCHS:
        rows = count(n_rows, "validation row")
        return (
            f"{rows} cannot tell bias from variance: which epoch and which trial do best on so "
            f"few is mostly luck."
        )
    endings = {"pruned": "was pruned", "paused": "pauses"}
    ending = endings.get(situation.trial.outcome, "ended")
    return (
        f"trial {situation.trial.number} {ending} after {count(fit.facts.n_epochs, 'epoch')}: "
        f"too short a curve to tell bias from variance."
    )


def _diverged(fit: Fit, situation: Situation) -> str:
    return (
        f"the loss of trial {situation.trial.number} became infinite or not a number in epoch "
        f"{fit.facts.n_epochs}."
    )


def _not_learning(fit: Fit, situation: Situation) -> str:
    lowest, baseline = fit.facts.lowest_train_loss, fit.references.baseline_loss
    return (
        f"in {count(fit.facts.n_epochs, 'epoch')} the loss of trial {situation.trial.number} on "
        f"its own train rows never went below {number(lowest)}{_on_average(fit)}; "
        f"{_guessing(situation)} gives {number(baseline)}."
    )


def _no_signal(fit: Fit, situation: Situation) -> str:
    words = gain_words(fit.gain, situation.settings.loss) if fit.gain else ""
    left_out = texts_words(situation.settings)
    return f"this study's trials found nothing beyond guessing. {words}{left_out}"


def _over_regularized(fit: Fit, situation: Situation) -> str:
    held = listing(restraint_words(situation, fit.restraints))
    verb = "hold" if len(fit.restraints) > 1 else "holds"
    return (
        f"{held} {verb} trial {situation.trial.number} back from fitting even "
        f"its own train rows ({_errors(fit, situation)}). {_against(fit, situation)}"
    )


def _high_bias(fit: Fit, situation: Situation) -> str:
    return (
        f"trial {situation.trial.number} does not even fit its own train rows as well "
        f"as is possible ({_errors(fit, situation)}). {_against(fit, situation)} More rows would "
        f"help little; the network has to fit better first."
    )


def _high_variance(fit: Fit, situation: Situation) -> str:
    return (
        f"trial {situation.trial.number} does much better on the rows it was "
        f"trained on than on new ones ({_errors(fit, situation)}). {_certainty(fit)}{_onset(fit)}"
    )


def _both(fit: Fit, situation: Situation) -> str:
    return (
        f"trial {situation.trial.number} does not fit its train "
        f"rows as well as is possible, and does worse still on new ones "
        f"({_errors(fit, situation)}). {_against(fit, situation)} {_certainty(fit)}{_onset(fit)}"
    )


def _good_fit(fit: Fit, situation: Situation) -> str:
    settings = situation.settings
    is_reached = (
        settings.target_error is not None and fit.facts.valid_metric <= settings.target_error
    )
    words = (
        "the error you hoped for is reached by" if is_reached else "no sign of bias or variance in"
    )
    text = (
        f"{words} trial {situation.trial.number} ({_errors(fit, situation)})."
        f"{_remaining(fit, situation)}{_beside_references(fit)}"
    )
    hoped, metric = settings.target_error, settings.epoch_metric
    if hoped is not None and not is_reached:
        text += f" You hope for {error(hoped, metric)}, which is not reached on these rows."
    return text + _onset(fit)


def _behind(fit: Fit, situation: Situation) -> str:
    leader = fit.leader
    if leader is None or leader.gain is None:
        return ""
    facts, lead = fit.facts, leader.gain
    text = (
        f"{_where_behind(leader)} {'do' if is_plural(leader.name) else 'does'} better than trial "
        f"{situation.trial.number}, whose {score_name(leader.score)} is there "
        f"{gain_text(leader.score, lead)}."
    )
    if leader.score == "loss" and math.isfinite(leader.shown_loss):
        want = "for want of fit" if _is_unfitted(fit, leader) else "not for want of fit"
        reach = "reach" if is_plural(leader.name) else "reaches"
        text += (
            f" It is {want}: the network has a loss of {number(facts.train_loss)} on its own "
            f"train rows{_on_average(fit)}, {leader.words} {reach} {number(leader.shown_loss)} on "
            f"{SPLIT_NAMES[leader.split]} rows."
        )
    return text + (f" {_certainty(fit)}" if fit.facts.gap > 0 else "") + _onset(fit)


def _where_behind(leader: Rival) -> str:
    """The rows that show the lead, and what test rows say where it is not they."""
    if leader.split == "test" or leader.test is None:
        return f"on {SPLIT_NAMES[leader.split]} rows {leader.words}"
    if leader.test.is_better:
        return f"on validation rows, though not on test rows, {leader.words}"
    return f"test rows alone cannot tell, but on validation rows {leader.words}"


def _is_unfitted(fit: Fit, leader: Rival) -> bool:
    """Whether a reference fits new rows better than the network its train rows."""
    return leader.score == "loss" and fit.facts.train_loss > leader.shown_loss


def _weak_signal(fit: Fit, situation: Situation) -> str:
    others = fit.references.fitted
    text = (
        f"little of the target is explained by trial {situation.trial.number} "
        f"({_errors(fit, situation)}).{_remaining(fit, situation)}"
    )
    if others:
        losses = [f"{one.name} {number(one.loss)}" for one in others]
        text += (
            f" No reference finds much more ({listing(losses)}, "
            f"{_guessing(situation)} {number(fit.references.baseline_loss)})."
        )
    return text + texts_words(situation.settings)


def _remaining(fit: Fit, situation: Situation) -> str:
    """The loss beside that of guessing; class weights have another aim than the loss."""
    if situation.settings.class_weights:
        return ""
    remaining = percent(max(0.0, 1 - fit.explained_share))
    return f" On validation rows its loss is {remaining} of what {_guessing(situation)} gives."


def _beside_references(fit: Fit) -> str:
    """Which fitted references it is better than, and which do as well."""
    fitted = [one for one in fit.references.rivals if one.name != "guessing"]
    beaten = [one.words for one in fitted if (g := one.test or one.valid) and g.is_better]
    equal = [one.words for one in fitted if one.words not in beaten]
    rows = SPLIT_NAMES["test" if any(one.test for one in fitted) else "valid"]
    text = f" On {rows} rows it does better than {listing(beaten, 'and')}" if beaten else ""
    if equal and beaten:
        return f"{text}, and no better than {listing(equal, 'or')}."
    if equal:
        return f" On {rows} rows it does no better than {listing(equal, 'or')}."
    return f"{text}." if text else ""


def _guessing(situation: Situation) -> str:
    return reference_words("guessing", situation.settings.loss)


def _on_average(fit: Fit) -> str:
    return " on average over its folds" if fit.facts.epochs_of_folds else ""


def _errors(fit: Fit, situation: Situation) -> str:
    """Train against validation, in the metric that people read, then in loss."""
    facts, metric = fit.facts, situation.settings.epoch_metric
    return (
        f"train: {error(facts.train_metric, metric)}, validation: "
        f"{error(facts.valid_metric, metric)}; loss {number(facts.train_loss)} against "
        f"{number(facts.valid_loss)}"
    )


def _against(fit: Fit, situation: Situation) -> str:
    parts = []
    if fit.is_hoped_for:
        hoped = error(situation.settings.target_error or 0.0, situation.settings.epoch_metric)
        parts.append(f"you hope for {hoped}")
    if fit.reference and fit.bias > 0:
        where = "" if fit.reference is fit.references.target else " on rows it was not trained on"
        verb = "means" if not where else "reach" if fit.reference.is_plural else "reaches"
        parts.append(
            f"{fit.reference.name} {verb} a loss of "
            f"{number(fit.reference.loss)}{where}, this trial never went below "
            f"{number(fit.facts.lowest_train_loss)} on its own train rows{_on_average(fit)}"
        )
    text = listing(parts)
    exact = ""
    if fit.reference and is_near_zero(fit.reference.loss, fit.references):
        exact = " A loss so near 0 is rare: check that no column holds the answer."
    return f"{text[:1].upper()}{text[1:]}.{exact}"


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
    if facts.epochs_of_folds:
        return (
            f" On most folds the validation loss rose again after the best epoch, by "
            f"{number(facts.rise)} on average, while the train loss went on falling; of each the "
            f"weights of its own best epoch are kept."
        )
    return (
        f" After epoch {facts.onset} the validation loss rose again, by {number(facts.rise)}, "
        f"while the train loss went on falling; the weights of that epoch are kept."
    )


MESSAGES: Mapping[FitKind, Callable[[Fit, Situation], str]] = {
    "too_little_evidence": _too_little,
    "diverged": _diverged,
    "not_learning": _not_learning,
    "no_signal": _no_signal,
    "over_regularized": _over_regularized,
    "high_bias": _high_bias,
    "high_variance": _high_variance,
    "high_bias_and_variance": _both,
    "behind_reference": _behind,
    "weak_signal": _weak_signal,
    "good_fit": _good_fit,
}
