"""What is true of a study, by losses on test rows and never by the verdict's own thresholds.

The best configuration is trained again with several seeds, and so are mended ones; what they
differ by on test rows, row by row, says what may be said:

* a mended network is clearly better: its cause, and nothing else, is right;
* it is better by little: the cause is right, and so is what a healthy study is told;
* it is no better: the network was not sick. Right is what a healthy study is told, which
  follows from what more restraint, a larger network and the references reach on those rows.

That an optimum lies beyond a range is right too where a network beyond its end is better.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from automl.data.dataset import Dataset
from automl.tuning.planned_runs import study_space
from benchmarks.table_cases import ENLARGED, RESTRAINED, Case
from benchmarks.table_runs import (
    Difference,
    Floats,
    Params,
    Scale,
    Trained,
    difference,
    references,
    train_configurations,
)
from storage.records import StudyRecords

CERTAIN = 2.0
"""Standard errors from which on a difference is none of chance: 95 % of a normal one."""

LIKELY = 1.0
"""Standard errors on test rows from which on a lead may be told that validation rows show."""

SIGNAL = 3.0
"""The same where the best of six is asked: by chance, one is beyond two in 15 % of cases."""

MATTERS = 0.05
"""A difference worth an action, as a share of what can be learned (guessing's loss less the lowest
loss that anything here reaches); or twice that share of the network's own loss, since a tenth of
the errors less is worth as much where few are left."""

CLEAR = 0.15
"""A difference that a verdict must not miss. Between the two, both words are true."""

WEAK, STRONG = 0.08, 0.25
"""Below the first share of guessing's loss, a network that took it off explains little; above
the second it explains enough for a good fit. Between the two, both words are true."""

LOST = 0.10
"""The share of what was learned on train rows that does not hold for test rows, from which on
high variance is true; `verdict_training.is_as_made` has the same healthy limit."""

UNLEARNED = 0.05
"""A network that took less off guessing's loss on its own train rows did not begin to learn."""

DAMAGED = frozenset(
    {"leaked", "shifted", "shuffled validation", "tiny validation", "repeated validation"}
)
"""Kinds that are true by construction: the paired run says only whether they matter."""


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """Losses of test rows by all that stand beside a study's network."""

    network: Floats  # (N,) of the network that the study kept; a guess where that is better
    references: dict[str, Floats]  # guessing is one
    again: Trained  # the best configuration with other seeds
    others: dict[str, Trained]  # "mended", and where it mattered "restrained" and "enlarged"
    compared: dict[str, Floats]  # of "network" and references: what a standing is judged by
    valid: Floats | None = None  # (N',) the kept network's losses of the validation rows

    @property
    def learnable(self) -> float:
        """What guessing loses beside the best of all."""
        best = min(float(one.mean()) for one in self.all)
        return max(float(self.guess.mean()) - best, 1e-12)

    @property
    def guess(self) -> Floats:
        """The row losses of guessing."""
        return self.references["guessing"]

    @property
    def all(self) -> list[Floats]:
        """The row losses of everything but guessing."""
        fitted = [rows for name, rows in self.references.items() if name != "guessing"]
        others = [one.rows for one in self.others.values()]
        return [self.network, self.again.rows, *fitted, *others]

    @property
    def best_reference(self) -> str:
        """The one that is ahead of the others, by what a standing is judged by."""
        return min(self.references, key=lambda name: self.compared[name].mean())

    @property
    def lead(self) -> Difference:
        """How far the best reference is ahead of the kept network."""
        return difference(self.compared["network"], self.compared[self.best_reference])

    @property
    def standing(self) -> str:
        """The network beside the best reference."""
        errors = self.lead.errors
        return "worse" if errors > CERTAIN else "better" if errors < -CERTAIN else "no_better"

    def gain(self, name: str) -> float:
        """By what share of the learnable another is better than what the study found.

        That is the network that was kept, the best of several trials, and its configuration
        with other seeds: the smaller gain counts, and one that may be chance is none.
        """
        return min(self._certain_gains(name), default=0.0)

    def harm(self, name: str) -> float:
        """The same share, by which another is worse."""
        return min((-gain for gain in self._certain_gains(name)), default=0.0)

    def _certain_gains(self, name: str) -> list[float]:
        if name not in self.others:
            return []
        other = self.others[name].rows
        return [self._share(one, other) for one in (self.network, self.again.rows)]

    def _share(self, rows: Floats, other: Floats) -> float:
        """Of the learnable, or half of that of its own loss: 0.02 of 0.04 is much, too."""
        found = difference(rows, other)
        if abs(found.errors) <= CERTAIN:
            return 0.0
        share, of_own = found.gain / self.learnable, found.gain / (2 * float(rows.mean()))
        return max(share, of_own, key=abs)


@dataclass(frozen=True, slots=True)
class Truth:
    """What may be said first, and what it rests on."""

    expected: frozenset[str]
    standing: str
    best_reference: str
    lead_errors: float  # of that reference over the kept network, in standard errors
    figures: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What a search left: records, predictions, and what is said first."""

    records: StudyRecords
    predictions: tuple[Floats | None, Floats | None]  # of test and validation rows
    verdict: str
    claim: Params | None = None  # what it says is better, where it says so of a range


def find_truth(case: Case, found: Found, dataset: Dataset, undamaged: Dataset | None) -> Truth:
    """Train what would mend the study, and say what is true of it.

    Args:
        undamaged: the data set without what was done to its rows, with the same test rows.
    """
    scale = Scale.of(dataset)
    runs = _Runs(found.records, scale)
    mended = runs.best_valid(undamaged or dataset, case.mended) if case.mended else None
    known = references(dataset, scale)
    tested, validated = found.predictions
    network = known["guessing"] if tested is None else tested
    measured = Measured(
        min(scale.losses(network), scale.losses(known["guessing"]), key=np.mean),
        {name: scale.losses(predicted) for name, predicted in known.items()},
        runs.train(dataset, [{}])[0],
        {"mended": mended} if mended else {},
        {
            name: scale.compared(predicted)
            for name, predicted in {**known, "network": network}.items()
        },
        _valid_losses(dataset, validated),
    )
    if not _is_clear(case, measured):
        for name, changes in (("restrained", RESTRAINED), ("enlarged", ENLARGED)):
            if mended is None or case.mended != changes:
                measured.others[name] = runs.best_valid(dataset, changes)
            else:
                measured.others[name] = mended
    expected = expected_kinds(case, measured)
    if found.claim is not None and found.verdict not in expected:
        measured.others["claimed"] = runs.train(dataset, [found.claim])[0]
        if measured.gain("claimed") > 0:
            expected |= {found.verdict}
    return Truth(
        expected,
        measured.standing,
        measured.best_reference,
        measured.lead.errors,
        _figures(measured),
    )


class _Runs:
    """Trains the study's best configuration, changed or not, on data of the same task."""

    def __init__(self, records: StudyRecords, scale: Scale) -> None:
        self.settings, self.scale = records.settings, scale
        trial = records.best_trial or records.trials[0]
        self.params: Params = study_space(records.settings).complete(trial.params)

    def train(self, dataset: Dataset, changes: Sequence[Params]) -> tuple[Trained, ...]:
        return train_configurations(
            dataset,
            [{**self.params, **changed} for changed in changes],
            self.scale,
            self.settings,
        )

    def best_valid(self, dataset: Dataset, changes: Sequence[Params]) -> Trained:
        """Of several, the one that validation rows choose: test rows choose nothing."""
        return min(self.train(dataset, changes), key=lambda one: one.valid_loss)


def expected_kinds(case: Case, measured: Measured) -> frozenset[str]:
    """What the first verdict may be."""
    if case.kind == "shuffled":
        return case.causes if _signal(measured) < SIGNAL else healthy_kinds(measured)
    if _is_clear(case, measured):
        return case.causes | _not_learned(case, measured)
    if case.kind in DAMAGED or _gain(case, measured) > MATTERS:
        return case.causes | healthy_kinds(measured)
    return healthy_kinds(measured)


def _is_clear(case: Case, measured: Measured) -> bool:
    return bool(case.causes) and case.kind != "tiny validation" and _gain(case, measured) > CLEAR


def _gain(case: Case, measured: Measured) -> float:
    """What mending gains; a leak does harm by going."""
    return measured.harm("mended") if case.kind == "leaked" else measured.gain("mended")


def _not_learned(case: Case, measured: Measured) -> frozenset[str]:
    """A network of one unit that did not even begin to learn is told so."""
    unlearned = measured.again.learned_share < UNLEARNED
    return frozenset({"not_learning"} if case.kind == "too small" and unlearned else set())


def healthy_kinds(measured: Measured) -> frozenset[str]:
    """What may be said of a network that nothing was done to."""
    kinds = set() if _signal(measured) > SIGNAL else {"no_signal", "weak_signal"}
    if _signal(measured) < CERTAIN:
        return frozenset(
            kinds | ({"high_variance"} if measured.again.lost_share > LOST else set())
        )
    is_behind = measured.standing == "worse"
    explained = 1 - float(measured.network.mean()) / float(measured.guess.mean())
    kinds |= {"behind_reference"} if measured.lead.errors > LIKELY else set()
    if not is_behind and explained < STRONG:
        kinds.add("weak_signal")
    if not is_behind and explained > WEAK:
        kinds.add("good_fit")
    if _has_selection_gap(measured):
        kinds.add("selection_gap")
    best_reference = float(measured.references[measured.best_reference].mean())
    varies = measured.gain("restrained") > MATTERS or measured.again.lost_share > LOST
    is_biased = measured.gain("enlarged") > MATTERS or (
        is_behind and measured.again.train_loss > best_reference
    )
    kinds |= {"high_variance"} if varies else set()
    kinds |= {"high_bias"} if is_biased else set()
    kinds |= {"high_bias_and_variance"} if varies and is_biased else set()
    if max(measured.gain("restrained"), measured.gain("enlarged")) > CLEAR:
        kinds -= {"good_fit", "weak_signal"}
    return frozenset(kinds)


def _signal(measured: Measured) -> float:
    """Standard errors by which the best of all is better than guessing."""
    return max(difference(measured.guess, one).errors for one in measured.all)


def _has_selection_gap(measured: Measured) -> bool:
    """Whether the validation rows, by which the network was chosen, made it look better."""
    if measured.valid is None:
        return False
    valid, test = measured.valid, measured.network
    error = np.hypot(*(one.std(ddof=1) / np.sqrt(len(one)) for one in (valid, test)))
    return bool(test.mean() - valid.mean() > CERTAIN * error)


def _valid_losses(dataset: Dataset, predictions: Floats | None) -> Floats | None:
    """Of the first fold's rows, which come first; plain, so none where classes have weights."""
    fold = dataset.folds[0]
    if predictions is None or fold.class_weights is not None or len(fold.valid) < 2:
        return None
    targets = fold.original_targets("valid").numpy()
    scale = replace(Scale.of(dataset), targets=targets)
    return scale.losses(predictions[: len(targets)])


def _figures(measured: Measured) -> dict[str, float]:
    losses = {"network": measured.network, "again": measured.again.rows}
    losses |= measured.references
    losses |= {name: one.rows for name, one in measured.others.items()}
    figures = {f"{name} test loss": float(rows.mean()) for name, rows in losses.items()}
    figures |= {f"{name} gain": measured.gain(name) for name in measured.others}
    figures |= {
        "lost share": measured.again.lost_share,
        "again train loss": measured.again.train_loss,
    }
    return {name: round(value, 4) for name, value in figures.items()}
