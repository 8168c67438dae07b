"""A search whose time was up before a trial could train to its end says nothing of networks.

Most of a short time goes to reading, loading, starting and scoring. What little was trained beside
that is held against nothing, and the one advice is more time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from automl.diagnostics.situation import change
from automl.wording.counts import count
from automl.wording.numbers import duration
from storage.records import Advice, Diagnosis, StudyRecords

N_TRIALS = 10
"""So many are to be trained to their ends in the time that is advised, as far as can be told."""

LEAST_TIMES, MOST_TIMES = 2, 20
"""The time that is advised, in times of the one that did not suffice."""


@dataclass(frozen=True, slots=True)
class ShortTime:
    """A search that was cut short: all its epochs together are fewer than one trial may have.

    Attributes:
        timeout: seconds of the call.
        training: seconds of them in which workers trained; None where earlier calls trained too.
        n_epochs: of all trials; one of a trial is one of each of its folds.
        enough: seconds to give.
    """

    timeout: float
    training: float | None
    n_epochs: int
    max_epochs: int
    enough: int

    @property
    def words(self) -> str:
        """What the time went to, and what would do."""
        epochs = count(self.n_epochs, "epoch")
        trained = f"{epochs} {'was' if self.n_epochs == 1 else 'were'} trained in all"
        if self.training is not None:
            rest = duration(self.timeout - self.training)
            trained = (
                f"{rest} of {duration(self.timeout)} went to reading, starting and scoring, and "
                f"{trained}"
            )
        return (
            f"{trained}, of the {self.max_epochs} that one trial may have: give it at least "
            f"{duration(self.enough)}"
        )


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
    n_epochs = sum(sum(map(len, of)) // n_folds for n_folds, of in curves)
    if n_epochs >= records.settings.max_epochs or not n_epochs:
        return None  # without any epoch there is no network, and it is said why
    if any(one.outcome == "complete" and one.cause != "out_of_time" for one in records.trials):
        return None
    n_workers = max(1, records.policies[-1].n_workers) if records.policies else 1
    spent = sum(epoch.seconds for _, of in curves for curve in of for epoch in curve) / n_workers
    spent = min(spent, float(timeout))
    wanted = timeout - spent + N_TRIALS * records.settings.max_epochs * spent / n_epochs
    enough = min(max(wanted, LEAST_TIMES * timeout), MOST_TIMES * timeout)
    is_one_call = len(records.stops) == 1
    return ShortTime(
        timeout=float(timeout),
        training=spent if is_one_call else None,
        n_epochs=n_epochs,
        max_epochs=records.settings.max_epochs,
        enough=10 * math.ceil(enough / 10),
    )


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
            "max_epochs": short.max_epochs,
        },
        advice=(
            Advice(
                f"Give the search {duration(short.enough)}.", (change("timeout", short.enough),)
            ),
        ),
    )
