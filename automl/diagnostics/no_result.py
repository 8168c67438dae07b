"""A study without a complete trial: why, and what to do about it.

Where all networks were given up before their first epoch, the layers that were looked at then
say why; where training failed, its causes do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from automl.diagnostics.advice import WATCH_HOPELESS, advise
from automl.diagnostics.designs import PLAIN_WORDS
from automl.diagnostics.gradient_flow import begins_with_zeros, start_problem
from automl.diagnostics.situation import Situation
from automl.wording.counts import agree, count, listing
from search_spaces.declared import model_of
from storage.records import (
    CAUSES,
    OVER_LIMIT,
    Advice,
    Diagnosis,
    Outcome,
    Severity,
    StudyRecords,
    TrialRecord,
)
from storage.titles import title_of, titled

REMEDIES: Mapping[str, Advice] = {
    "out_of_memory": Advice(
        "Give it more memory (`--memory-limit`), or fewer trials at once (`--slots 1`)."
    ),
    "timed_out": Advice("Give each trial more time (`--trial-timeout`), or fewer epochs."),
    "crashed": Advice(
        "Run one trial in this process to see the error: `--workers 1 --n-trials 1`."
    ),
    OVER_LIMIT: Advice(
        "Allow more (`--max-parameters`, `--max-latency`), or search smaller networks (`--set`)."
    ),
    "lost": Advice(
        "Run with fewer trials at once (`--slots 1`): the process may be out of memory."
    ),
}
"""By cause, where no hyperparameter is at fault."""


_ENDS: tuple[Outcome, ...] = ("pruned", "paused", "unfinished")


def diagnose_no_result(records: StudyRecords) -> Diagnosis:
    """Say why no trial has completed."""
    n_trials = len(records.trials)
    if not n_trials:
        return _too_little("The study has no trial yet.", records)
    failed = [trial for trial in records.trials if trial.outcome in ("failed", "refused")]
    message = "There is nothing to judge the fit by."
    if not failed:
        counts = Counter(trial.outcome for trial in records.trials)
        ends = [
            f"{counts[outcome]:,} {agree(counts[outcome], 'is', 'are')} {outcome}"
            for outcome in _ENDS
            if counts[outcome]
        ]
        return _too_little(f"{message} Of {count(n_trials, 'trial')} {listing(ends)}.", records)
    cause, n_failed = Counter(str(trial.cause) for trial in failed).most_common(1)[0]
    of_cause = [trial for trial in failed if trial.cause == cause]
    if cause == "hopeless":
        return _hopeless(records, of_cause)
    if cause == "diverged":
        return _diverged(records, of_cause)
    remedy = REMEDIES.get(cause)
    model = model_of(records.settings.space)
    if cause == "crashed" and model is not None:
        remedy = Advice(f"Mend {model} where the message says, and search again with `--new`.")
    end = "were refused" if cause == OVER_LIMIT else "failed"
    why = f"{n_failed} of {count(n_trials, 'trial')} {end}: {CAUSES.get(cause, cause)}."
    return _too_little(f"{message} {why}", records, (remedy,) if remedy else ())


def _too_little(message: str, records: StudyRecords, advice: tuple[Advice, ...] = ()) -> Diagnosis:
    n_trials = len(records.trials)
    severity: Severity = "problem" if advice else "info"
    return Diagnosis("too_little_evidence", severity, message, {"n_trials": n_trials}, advice)


def _hopeless(records: StudyRecords, failed: list[TrialRecord]) -> Diagnosis:
    """The commonest fault of the networks that were looked at before their first epoch."""
    kinds = {trial.number: _start_kind(records, trial) for trial in failed}
    kind, n_alike = Counter(kinds.values()).most_common(1)[0]
    trial = next(trial for trial in failed if kinds[trial.number] == kind)
    words = PLAIN_WORDS.get(kind, "signals were too weak or too strong")
    n_trials = len(records.trials)
    return Diagnosis(
        kind=kind,
        severity="problem",
        message=titled(
            title_of(kind, "problem"),
            f"no network got as far as its first epoch. In {n_alike} of "
            f"{count(n_trials, 'trial')} {words} on the first batch, so that training would be in "
            f"vain.",
        ),
        evidence={"n_trials": n_trials, "n_failed": len(failed), "n_alike": n_alike},
        advice=(*advise(kind, Situation(records.settings, trial)), WATCH_HOPELESS),
        trial_number=None,
    )


def _start_kind(records: StudyRecords, trial: TrialRecord) -> str:
    if begins_with_zeros(Situation(records.settings, trial)):
        return "symmetric_initialization"
    runs = records.search_runs(trial.number)
    found = (start_problem(records.initial_layers.get(run.run_id, ())) for run in runs)
    return next((kind for kind in found if kind), "vanishing_gradients")


def _diverged(records: StudyRecords, failed: list[TrialRecord]) -> Diagnosis:
    """Every training ended in numbers that are none: the gentlest of them says how far to go."""
    situations = [Situation(records.settings, trial) for trial in failed]
    gentlest = min(situations, key=lambda one: one.amount("learning_rate"))
    n_trials = len(records.trials)
    return Diagnosis(
        kind="diverged",
        severity="problem",
        message=titled(
            title_of("diverged", "problem"),
            f"no trial has completed. In {len(failed)} of {count(n_trials, 'trial')} the loss "
            f"became infinite or not a number.",
        ),
        evidence={"n_trials": n_trials, "n_failed": len(failed)},
        advice=advise("diverged", gentlest),
    )
