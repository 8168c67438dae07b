"""How the trials of a study ended, and what was spent on them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from automl.report.numbers.study import StudyTable
from automl.wording.counts import count
from storage.records import OUTCOMES, TRAINED_IN_PART, Outcome


@dataclass(frozen=True, slots=True)
class Effort:
    """Trials and epochs by outcome."""

    n_trials: int
    outcomes: Mapping[Outcome, int]
    causes: Mapping[str, int]  # why trials ended by themselves
    messages: Mapping[str, str]  # by cause: what the last such trial said, if anything
    n_epochs: int
    n_epochs_by_outcome: Mapping[Outcome, int]
    n_epochs_saved: int  # if trials in part had trained as long as complete ones do
    seconds: float  # in training, all trials and workers together

    @property
    def in_words(self) -> str:
        """Trials and epochs by outcome, as a sentence."""
        words = [
            f"{count(trials, 'trial')} {outcome} ({self.n_epochs_by_outcome[outcome]:,} epochs)"
            for outcome, trials in self.outcomes.items()
        ]
        return ", ".join(words) + "." if words else "No trials yet."


def effort(table: StudyTable) -> Effort:
    """Counts of trials by outcome and cause, and of epochs spent and saved."""
    trials = table.trials
    epochs: Counter[Outcome] = Counter()
    for trial in trials:
        epochs[trial.outcome] += trial.effort.n_epochs
    counts = Counter(trial.outcome for trial in trials)
    complete = [t.effort.n_epochs for t in trials if t.outcome == "complete"]
    usual = sum(complete) / len(complete) if complete else 0.0
    in_part = [t.effort.n_epochs for t in trials if t.outcome in TRAINED_IN_PART]
    saved = sum(max(0.0, usual - n_epochs) for n_epochs in in_part)
    return Effort(
        n_trials=len(trials),
        outcomes={outcome: counts[outcome] for outcome in OUTCOMES if counts[outcome]},
        causes=dict(Counter(t.record.cause for t in trials if t.record.cause).most_common()),
        messages={t.record.cause: t.message for t in trials if t.record.cause and t.message},
        n_epochs=sum(epochs.values()),
        n_epochs_by_outcome={o: epochs[o] for o in OUTCOMES if counts[o]},
        n_epochs_saved=round(saved),
        seconds=sum(trial.effort.seconds for trial in trials),
    )
