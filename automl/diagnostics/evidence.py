"""What the verdicts rest on: the facts of a trial's curves, and what they are held against.

A trial of several folds is judged by the mean of its folds' facts. The references are the
losses shown to be reachable: by guessing from class frequencies or the mean, by a linear
model or boosted trees, by another trial, and the error that the person hopes for.

Class weights move probabilities away from the frequencies on purpose: a network that has learned
nothing then guesses all classes alike, and the frequencies' loss is no measure.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from automl.diagnostics.rivals import Rival, best_rival, find_rivals
from automl.diagnostics.thresholds import NOISE_MULTIPLE
from automl.wording.references import is_plural, reference_words
from storage.answers import latest_evaluation
from storage.records import EpochRecord, StudyRecords, best_epoch
from storage.score_records import EvaluationRecord, ReferenceName


@dataclass(frozen=True, slots=True)
class CurveFacts:
    """The learning curve of a trial in numbers: means over its folds."""

    n_epochs: int
    best_epoch: int  # of the lowest validation loss; its weights are kept
    valid_loss: float  # at the best epoch
    valid_noise: float  # standard error of valid_loss over the rows that measure it
    train_loss: float  # at the best epoch
    valid_metric: float
    train_metric: float
    first_train_loss: float  # after the first epoch
    lowest_train_loss: float  # at any epoch
    highest_train_loss: float
    climb: float  # largest rise of the train loss above its lowest until then
    last_train_loss: float
    rise: float  # of the validation loss from its best epoch to the end (smoothed)
    onset: int | None  # epoch from which validation loss rises while train loss falls
    last_progress: float  # share of the fall of the validation loss in the last fifth
    last_train_progress: float  # the same of the train loss
    roughness: float  # upward moves of the train loss, as a share of all moves
    is_finite: bool
    epochs_of_folds: tuple[int, ...] = ()  # of several: those of each, and its best one
    best_epochs_of_folds: tuple[int, ...] = ()

    @property
    def gap(self) -> float:
        """Validation minus train loss at the best epoch."""
        return self.valid_loss - self.train_loss


@dataclass(frozen=True, slots=True)
class Reference:
    """A loss that is known to be reachable, or hoped for."""

    name: str  # "the linear model", "trial 7", "the hoped-for error"
    loss: float
    noise: float = 0.0  # its standard error, where known
    is_plural: bool = False  # its name: "boosted trees"


@dataclass(frozen=True, slots=True)
class References:
    """What a trial is held against."""

    baseline_loss: float  # of class frequencies or the mean
    baseline_is_measured: bool  # False: assumed from the number of classes or the loss
    baseline_metric: float | None = None
    linear: Reference | None = None
    trees: Reference | None = None
    best_trial: Reference | None = None  # lowest validation loss of any complete trial
    best_train_loss: float | None = None  # lowest train loss any trial reached
    target: Reference | None = None  # the hoped-for error, as a loss where it can be one
    rivals: tuple[Rival, ...] = ()  # of a scored trial: the references, row by row

    @property
    def fitted(self) -> tuple[Reference, ...]:
        """The models fitted beside the network."""
        return tuple(one for one in (self.linear, self.trees) if one)

    @property
    def known(self) -> tuple[Reference, ...]:
        """The losses known to be reachable, or hoped for."""
        return (*self.fitted, *(one for one in (self.best_trial, self.target) if one))

    @property
    def lowest(self) -> Reference | None:
        """The lowest of them."""
        return min(self.known, key=lambda one: one.loss, default=None)

    @property
    def lowest_other_model(self) -> float:
        """The lowest validation loss of another kind of model; infinite without one."""
        return min((one.loss for one in self.fitted), default=math.inf)

    @property
    def leader(self) -> Rival | None:
        """The reference that is certainly better than the trial."""
        return best_rival(self.rivals)


def trial_facts(records: StudyRecords, trial_number: int) -> CurveFacts | None:
    """The facts of a trial's curve, or None where it has no epoch."""
    curves = [records.epochs.get(run.run_id, ()) for run in records.search_runs(trial_number)]
    facts = [curve_facts(curve) for curve in curves if curve]
    return average_facts(facts) if facts else None


def curve_facts(epochs: Sequence[EpochRecord]) -> CurveFacts:
    """The facts of one run's curve, epochs in order."""
    best = best_epoch(epochs)
    if best is None:
        return _diverged_at_once(epochs[0])
    finite = [epoch for epoch in epochs if epoch.is_finite]
    train = np.array([epoch.train_loss for epoch in finite])
    valid = np.array([epoch.valid_loss for epoch in finite])
    place = finite.index(best)
    rise = _rise(valid, place)
    moves = np.diff(train)
    return CurveFacts(
        n_epochs=epochs[-1].epoch,
        best_epoch=best.epoch,
        valid_loss=best.valid_loss,
        valid_noise=_noise(best),
        train_loss=best.train_loss,
        valid_metric=best.valid_metric,
        train_metric=best.train_metric,
        first_train_loss=float(train[0]),
        lowest_train_loss=float(train.min()),
        highest_train_loss=float(train.max()),
        climb=float((train - np.minimum.accumulate(train)).max()),
        last_train_loss=float(train[-1]),
        rise=rise,
        onset=_onset(finite, train, valid, place, rise),
        last_progress=_last_progress(valid),
        last_train_progress=_last_progress(train),
        roughness=_roughness(moves),
        is_finite=len(finite) == len(epochs),
    )


def average_facts(facts: Sequence[CurveFacts]) -> CurveFacts:
    """The facts of a trial from those of its folds."""
    if len(facts) == 1:
        return facts[0]
    onsets = [fact.onset for fact in facts if fact.onset is not None]

    def mean(name: str) -> float:
        return float(np.mean([getattr(fact, name) for fact in facts]))

    return CurveFacts(
        n_epochs=max(fact.n_epochs for fact in facts),
        best_epoch=round(float(np.median([fact.best_epoch for fact in facts]))),
        valid_loss=mean("valid_loss"),
        # Folds have different validation rows, so their errors are nearly independent.
        valid_noise=math.sqrt(sum(fact.valid_noise**2 for fact in facts)) / len(facts),
        train_loss=mean("train_loss"),
        valid_metric=mean("valid_metric"),
        train_metric=mean("train_metric"),
        first_train_loss=mean("first_train_loss"),
        lowest_train_loss=mean("lowest_train_loss"),
        highest_train_loss=mean("highest_train_loss"),
        climb=mean("climb"),
        last_train_loss=mean("last_train_loss"),
        rise=mean("rise"),
        onset=round(float(np.median(onsets))) if 2 * len(onsets) > len(facts) else None,
        last_progress=mean("last_progress"),
        last_train_progress=mean("last_train_progress"),
        roughness=mean("roughness"),
        is_finite=all(fact.is_finite for fact in facts),
        epochs_of_folds=tuple(fact.n_epochs for fact in facts),
        best_epochs_of_folds=tuple(fact.best_epoch for fact in facts),
    )


def find_references(records: StudyRecords, trial_number: int | None = None) -> References:
    """What a trial of this study is held against; it is no reference for itself."""
    # Curves are of validation rows; test rows stand in where only they were scored.
    evaluation = latest_evaluation(records, "valid") or latest_evaluation(records, "test")
    guessing = evaluation.reference_scores("guessing") if evaluation else {}
    is_weighted = records.settings.class_weights
    baseline = None if is_weighted else guessing.get("loss")
    facts = _completed_facts(records)
    others = {number: fact for number, fact in facts.items() if number != trial_number}
    best = min(others, key=lambda number: others[number].valid_loss, default=None)
    return References(
        baseline_loss=baseline if baseline else assumed_baseline(records),
        baseline_is_measured=bool(baseline),
        baseline_metric=_metric(guessing, records.settings.epoch_metric),
        linear=_fitted(records, evaluation, "linear_model"),
        trees=_fitted(records, evaluation, "boosted_trees"),
        best_trial=None
        if best is None
        else Reference(f"trial {best}", others[best].valid_loss, others[best].valid_noise),
        best_train_loss=min((fact.lowest_train_loss for fact in facts.values()), default=None),
        target=_target(records, facts.get(-1 if trial_number is None else trial_number)),
        rivals=() if trial_number is None else find_rivals(records, trial_number),
    )


def assumed_baseline(records: StudyRecords) -> float:
    """The loss of guessing where no evaluation has measured it.

    Source: for classes the entropy of equal frequencies, an upper bound; for a standardized
    target the variance 1, the mean absolute deviation of a normal variable sqrt(2 / pi), and
    the Huber loss (threshold 1) of a standard normal variable, 0.4247 by integration.
    """
    loss = records.settings.loss
    if loss == "binary_cross_entropy":
        return math.log(2)
    if loss == "cross_entropy":
        return math.log(max(len(records.settings.class_names), 2))
    return {"mean_squared": 1.0, "mean_absolute": math.sqrt(2 / math.pi), "huber": 0.4247}[loss]


def _completed_facts(records: StudyRecords) -> Mapping[int, CurveFacts]:
    facts: dict[int, CurveFacts] = {}
    for trial in records.complete_trials:
        fact = trial_facts(records, trial.number)
        if fact is not None and fact.is_finite:
            facts[trial.number] = fact
    return facts


def _fitted(
    records: StudyRecords, evaluation: EvaluationRecord | None, name: ReferenceName
) -> Reference | None:
    loss = evaluation.reference_scores(name).get("loss") if evaluation else None
    if loss is None:
        return None
    words = reference_words(name, records.settings.loss)
    return Reference(words, loss, is_plural=is_plural(name))


def _metric(scores: Mapping[str, float], metric: str) -> float | None:
    """A score as curves have it: the share of wrong rows, or the RMSE."""
    if metric == "error_rate" and "accuracy" in scores:
        return 1.0 - scores["accuracy"]
    return scores.get(metric)


def _target(records: StudyRecords, facts: CurveFacts | None) -> Reference | None:
    """The hoped-for RMSE as a loss; an error rate has no loss that it equals."""
    hoped = records.settings.target_error
    if hoped is None or facts is None or records.settings.loss != "mean_squared":
        return None
    if facts.valid_metric <= 0:
        return None
    # RMSE is in the target's unit and the loss in standardized ones: their ratio is fixed.
    return Reference("the hoped-for error", facts.valid_loss * (hoped / facts.valid_metric) ** 2)


def _noise(epoch: EpochRecord) -> float:
    error = epoch.valid_loss_standard_error
    return error if math.isfinite(error) else 0.0


def _rise(valid: np.ndarray, place: int) -> float:
    """How far the end lies above the best epoch; the end is the mean of up to three epochs."""
    end = valid[max(place, len(valid) - 3) :]
    return float(end.mean() - valid[place])


def _onset(
    epochs: Sequence[EpochRecord],
    train: np.ndarray,
    valid: np.ndarray,
    place: int,
    rise: float,
) -> int | None:
    """The best epoch, if from there on validation loss rises while train loss falls."""
    if len(valid) - place < 3:
        return None
    jitter = float(np.median(np.abs(np.diff(valid))))
    falls = train[-1] < train[place]
    return epochs[place].epoch if falls and rise > NOISE_MULTIPLE * jitter else None


def _last_progress(losses: np.ndarray) -> float:
    """The share of the whole fall that came in the last fifth of the epochs."""
    fall = float(losses[0] - losses.min())
    fifth = max(1, len(losses) // 5)
    if fall <= 0 or len(losses) <= fifth:
        return 0.0
    before = float(losses[:-fifth].min())
    return max(0.0, before - float(losses[-fifth:].min())) / fall


def _roughness(moves: np.ndarray) -> float:
    total = float(np.abs(moves).sum())
    return float(moves[moves > 0].sum()) / total if total > 0 else 0.0


def _diverged_at_once(first: EpochRecord) -> CurveFacts:
    nothing = math.nan
    return CurveFacts(
        n_epochs=first.epoch,
        best_epoch=first.epoch,
        valid_loss=math.inf,
        valid_noise=0.0,
        train_loss=math.inf,
        valid_metric=nothing,
        train_metric=nothing,
        first_train_loss=math.inf,
        lowest_train_loss=math.inf,
        highest_train_loss=math.inf,
        climb=0.0,
        last_train_loss=math.inf,
        rise=0.0,
        onset=None,
        last_progress=0.0,
        last_train_progress=0.0,
        roughness=0.0,
        is_finite=False,
    )
