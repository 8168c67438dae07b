"""A search whose time was up before a trial could train to its end says nothing of networks.

Most of a short time goes to reading, loading, starting and scoring. What little was trained beside
that is held against nothing, and the one advice is more time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from automl.diagnostics.situation import change
from automl.wording.counts import agree, count
from automl.wording.numbers import duration
from storage.records import Advice, Diagnosis, StudyRecords, TrialRecord

N_TRIALS = 10
"""So many are to be trained to their ends in the time that is advised, as far as can be told."""

LEAST_TIMES, MOST_TIMES = 2, 20
"""The time that is advised, in times of the one that did not suffice."""

LEAST_PART = 10
"""A trial that has had no more than this part of its epochs, a tenth, has hardly begun."""


@dataclass(frozen=True, slots=True)
class ShortTime:
    """A search that was cut short: no trial of it has come far.

    All its epochs together are fewer than one trial may have, or none has had a tenth of its own.

    Attributes:
        timeout: seconds of the call.
        training: seconds of them in which workers trained; None where earlier calls trained too.
        n_epochs: of all trials; one of a trial is one of each of its folds.
        longest: the most that a trial has had.
        enough: seconds to give.
    """

    timeout: float
    training: float | None
    n_epochs: int
    longest: int
    max_epochs: int
    enough: int

    @property
    def words(self) -> str:
        """What the time went to, and what would do."""
        epochs = count(self.n_epochs, "epoch")
        trained = f"{epochs} {agree(self.n_epochs, 'was', 'were')} trained"
        far = f", of the {self.max_epochs} that a trial may have"
        if self.n_epochs > self.longest:
            far = f", no trial for more than {self.longest} of its {self.max_epochs}"
        if self.training is not None:
            rest = duration(self.timeout - self.training)
            trained = (
                f"{rest} of {duration(self.timeout)} went to reading, starting and scoring, and "
                f"{trained}"
            )
        return f"{trained}{far}: give it at least {duration(self.enough)}"


def short_time(records: StudyRecords) -> ShortTime | None:
    """Whether, and how, a search was cut short; None where it was not."""
    stop = records.stop
    timeout = None if stop is None else stop.details.get("timeout")
    if stop is None or stop.because != "timeout" or not isinstance(timeout, int | float):
        return None
    curves = [
        (len(runs), [records.epochs.get(run.run_id, ()) for run in runs])
        for trial in records.trials
        if (runs := records.search_runs(trial.number))
    ]
    epochs, most = [sum(map(len, of)) // n for n, of in curves], records.settings.max_epochs
    n_epochs, longest = sum(epochs), max(epochs, default=0)
    if not n_epochs:
        return None  # there is no network, and it is said why
    if n_epochs >= most and LEAST_PART * longest > most:
        return None
    if any(_has_ended_by_itself(records, trial) for trial in records.complete_trials):
        return None
    n_workers = max(1, records.policies[-1].n_workers) if records.policies else 1
    spent = sum(epoch.seconds for _, of in curves for curve in of for epoch in curve) / n_workers
    spent = min(spent, float(timeout))
    wanted = timeout - spent + N_TRIALS * most * spent / n_epochs
    enough = min(max(wanted, LEAST_TIMES * timeout), MOST_TIMES * timeout)
    is_one_call = len(records.stops) == 1
    return ShortTime(
        timeout=float(timeout),
        training=spent if is_one_call else None,
        n_epochs=n_epochs,
        longest=longest,
        max_epochs=most,
        enough=10 * math.ceil(enough / 10),
    )


def _has_ended_by_itself(records: StudyRecords, trial: TrialRecord) -> bool:
    """Whether a complete trial is not one that is so since time was up."""
    return any(run.cause != "out_of_time" for run in records.search_runs(trial.number))


def diagnose_short_time(records: StudyRecords) -> Diagnosis | None:
    """The verdict on such a search, and the one advice."""
    short = short_time(records)
    if short is None:
        return None
    return Diagnosis(
        kind="too_little_time",
        severity="warning",
        message=f"Too little time: {short.words}.",
        evidence={
            "timeout": short.timeout,
            "training_seconds": short.training,
            "n_epochs": short.n_epochs,
            "longest": short.longest,
            "max_epochs": short.max_epochs,
        },
        advice=(
            Advice(
                f"Give the search {duration(short.enough)}.", (change("timeout", short.enough),)
            ),
        ),
    )
