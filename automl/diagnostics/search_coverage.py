"""What the search itself has and has not covered: ranges, trials, epochs, seeds, failures.

Each function looks at one question over the whole study and gives a Diagnosis or None.
`range_edge.py`, `slow_range.py` and `best_at_end.py` look at the ranges, `trade_off.py` at the
networks' sizes; `diagnose_search` asks all questions in turn.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from automl.diagnostics.advice import WATCH_HOPELESS
from automl.diagnostics.best_at_end import diagnose_best_at_end
from automl.diagnostics.evidence import trial_facts
from automl.diagnostics.finite_space import is_exhausted
from automl.diagnostics.range_edge import diagnose_range_edges, ranked_trials
from automl.diagnostics.short_time import short_time
from automl.diagnostics.situation import change, change_range, space_parameters
from automl.diagnostics.slow_range import diagnose_slow_range, range_verdicts
from automl.diagnostics.thresholds import (
    BUDGET_SHARE,
    FAILURE_SHARE,
    IMPROVING_SHARE,
    NO_EFFECT_SIGNIFICANCE,
    RANDOM_TRIALS,
    TOP_SHARE,
    TRIALS_PER_PARAMETER,
)
from automl.diagnostics.trade_off import diagnose_refused, diagnose_smallest_equal
from automl.wording.counts import agree, count, listing
from automl.wording.numbers import number
from storage.records import (
    CAUSES,
    TRAINED,
    Advice,
    Diagnosis,
    ParameterValue,
    RunRecord,
    StudyRecords,
    TrialRecord,
)

MIN_TRIALS_FOR_EFFECTS = 20
"""Complete ones: with fewer, an effect and its absence look alike."""

PERMUTATIONS = 400
"""Resolves a chance of 0.20 to about 0.02 (binomial standard error)."""


def diagnose_search(records: StudyRecords) -> tuple[Diagnosis, ...]:
    """All verdicts about the search, ranges first."""
    found = [
        *range_verdicts(diagnose_slow_range(records), diagnose_range_edges(records)),
        diagnose_failures(records),
        diagnose_refused(records),
        diagnose_short_budget(records),
        diagnose_too_few_trials(records),
        *diagnose_best_at_end(records),
        diagnose_smallest_equal(records),
        diagnose_no_effect(records),
        diagnose_seeds(records),
        diagnose_duplicates(records),
    ]
    return tuple(diagnosis for diagnosis in found if diagnosis)


def best_trials(records: StudyRecords) -> tuple[TrialRecord, ...]:
    """The best quarter of the complete trials, best first, but five where there are so many."""
    complete = records.complete_trials
    return complete[: max(5, math.ceil(TOP_SHARE * len(complete)))]


def diagnose_failures(records: StudyRecords) -> Diagnosis | None:
    """Failed trials by cause; where they diverged, from which learning rate on."""
    failed = [trial for trial in records.trials if trial.outcome == "failed"]
    if not failed:
        return None
    causes = Counter(str(trial.cause) for trial in failed)
    words = [_cause_words(cause, n) for cause, n in causes.most_common()]
    n_trials = len(records.trials)
    share = len(failed) / n_trials
    return Diagnosis(
        kind="failures",
        severity="warning" if share >= FAILURE_SHARE else "info",
        message=f"{len(failed)} of {count(n_trials, 'trial')} failed: {listing(words)}.",
        evidence={"causes": dict(causes), "share": share},
        advice=(
            *_without_divergence(records),
            *([WATCH_HOPELESS] if "hopeless" in causes else []),
        ),
    )


def diagnose_short_budget(records: StudyRecords) -> Diagnosis | None:
    """Most of the best trials were at their best when their epochs ended."""
    best, max_epochs = best_trials(records), records.settings.max_epochs
    if len(best) < 3:
        return None
    facts = [fact for trial in best if (fact := trial_facts(records, trial.number))]
    late = [
        fact
        for fact in facts
        if fact.best_epoch > 0.9 * max_epochs and fact.last_progress > IMPROVING_SHARE
    ]
    if len(late) < BUDGET_SHARE * len(best):
        return None
    return Diagnosis(
        kind="budget_too_short",
        severity="warning",
        message=(
            f"{len(late)} of the best {count(len(best), 'trial')} were still getting better when "
            f"their {max_epochs} epochs ended: the search compares unfinished trainings."
        ),
        evidence={"n_late": len(late), "n_best": len(best), "max_epochs": max_epochs},
        advice=(Advice("Allow twice the epochs.", (change("max_epochs", 2 * max_epochs),)),),
    )


def diagnose_too_few_trials(records: StudyRecords) -> Diagnosis | None:
    """Fewer trials than the number of searched hyperparameters asks for."""
    varied = varied_parameters(records)
    n_trials = sum(trial.outcome in TRAINED for trial in records.trials)
    wanted = min(RANDOM_TRIALS, TRIALS_PER_PARAMETER * len(varied))
    if not n_trials or n_trials >= wanted or is_exhausted(records) or short_time(records):
        return None
    total = wanted + len(records.trials) - n_trials  # those that have failed count in no other way
    return Diagnosis(
        kind="too_few_trials",
        severity="info",
        message=(
            f"{count(n_trials, 'trial')} for {count(len(varied), 'searched hyperparameter')} "
            f"{agree(n_trials, 'is', 'are')} few: the best of them may be luck, and "
            f"better ones are likely to be found."
        ),
        evidence={"n_trials": n_trials, "n_parameters": len(varied), "wanted": wanted},
        advice=(Advice(f"Let the search go on to {total} trials.", (change("n_trials", total),)),),
    )


def diagnose_no_effect(records: StudyRecords) -> Diagnosis | None:
    """Hyperparameters whose values made no visible difference.

    All trials with a loss are ranked, pruned ones after complete ones: those that a search lets
    complete are alike, so that among them alone even what decided who completes has no effect.
    """
    ranked = ranked_trials(records)
    n_complete = Counter(name for trial in records.complete_trials for name in trial.params)
    effects = {
        name: effect
        for name in varied_parameters(records)
        if n_complete[name] >= MIN_TRIALS_FOR_EFFECTS and (effect := _effect(ranked, name))
    }
    without = {name: e for name, e in effects.items() if e[1] > NO_EFFECT_SIGNIFICANCE}
    if not without:
        return None
    n_trials = len(ranked)
    return Diagnosis(
        kind="no_effect",
        severity="info",
        message=(
            f"In {count(n_trials, 'trial')} no effect on the validation loss can be seen of "
            f"{listing(list(without))}: between their values it differs no more than by chance."
        ),
        evidence={
            "explained_rank_variance": {name: e[0] for name, e in effects.items()},
            "chance": {name: e[1] for name, e in effects.items()},
        },
        advice=_fix_at_best(records, list(without)),
    )


def diagnose_seeds(records: StudyRecords) -> Diagnosis | None:
    """Repetitions of one configuration differ as much as the best configurations do."""
    by_trial: dict[int, list[float]] = defaultdict(list)
    for run in records.runs:
        curve = [
            epoch.valid_loss for epoch in records.epochs.get(run.run_id, ()) if epoch.is_finite
        ]
        if _is_repetition(run) and curve:
            by_trial[run.trial_number].append(min(curve))
    variances = [float(np.var(losses, ddof=1)) for losses in by_trial.values() if len(losses) >= 3]
    values = [trial.value for trial in best_trials(records) if trial.value is not None]
    if not variances or len(values) < 3:
        return None
    seed_spread, best_spread = math.sqrt(float(np.mean(variances))), float(np.std(values, ddof=1))
    if seed_spread < best_spread:
        return None
    return Diagnosis(
        kind="seeds_matter_more",
        severity="info",
        message=(
            f"Another seed changes the validation loss by {number(seed_spread, 2)} (standard "
            f"deviation), the choice among the best {count(len(values), 'trial')} by "
            f"{number(best_spread, 2)}: their order is mostly luck."
        ),
        evidence={"seed_spread": seed_spread, "best_spread": best_spread},
        advice=(
            Advice("Compare the best few with several seeds: `automl diagnose STUDY --confirm`."),
        ),
    )


def diagnose_duplicates(records: StudyRecords) -> Diagnosis | None:
    """Trials that tried a configuration again."""
    seen = Counter(tuple(sorted((k, str(v)) for k, v in t.params.items())) for t in records.trials)
    n_repeated = sum(n - 1 for n in seen.values())
    if not n_repeated or not varied_parameters(records):
        return None
    return Diagnosis(
        kind="duplicates",
        severity="info",
        message=(
            f"{n_repeated} of {count(len(records.trials), 'trial')} tried a configuration that an "
            f"earlier one had tried: the search space has few configurations left."
        ),
        evidence={"n_repeated": n_repeated},
        advice=(Advice("Stop the search, or widen its space."),),
    )


def varied_parameters(records: StudyRecords) -> list[str]:
    """Hyperparameters that took more than one value in this study."""
    values: dict[str, set[ParameterValue]] = defaultdict(set)
    for trial in records.trials:
        for name, value in trial.params.items():
            values[name].add(value)
    return [name for name, found in values.items() if len(found) > 1]


def _is_repetition(run: RunRecord) -> bool:
    plain = run.params is None and run.rows_fraction == 1.0 and run.fold == 0
    return plain and run.purpose in ("search", "confirm")


def _effect(ranked: Sequence[TrialRecord], name: str) -> tuple[float, float] | None:
    """The share of the rank variance that a parameter explains, and its chance without effect.

    Numbers are cut at their terciles. The chance comes from permutations with a fixed seed.

    Args:
        ranked: best first.
    """
    trials = [trial for trial in ranked if name in trial.params]
    groups = _groups([trial.params[name] for trial in trials])
    if len(set(groups)) < 2:
        return None
    ranks = np.arange(len(trials), dtype=float)
    labels = np.array(groups)
    generator = np.random.default_rng(0)
    permuted = [generator.permutation(ranks) for _ in range(PERMUTATIONS)]
    explained, *chance = _explained(np.stack([ranks, *permuted]), labels).tolist()
    return explained, float(np.mean([other >= explained for other in chance]))


def _groups(values: Sequence[ParameterValue]) -> list[int]:
    numbers = [value for value in values if isinstance(value, int | float)]
    if len(numbers) == len(values) and len(set(numbers)) > 3:
        cuts = np.quantile(numbers, [1 / 3, 2 / 3])
        return [int(np.searchsorted(cuts, value)) for value in numbers]
    names = sorted({str(value) for value in values})
    return [names.index(str(value)) for value in values]


def _explained(ranks: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The share of the variance of each row of ranks that lies between the groups of columns."""
    is_in = (labels[:, None] == np.unique(labels)).astype(float)  # (trials, groups)
    sizes = is_in.sum(axis=0)
    mean, variance = ranks[0].mean(), ranks[0].var()  # alike in all rows: they are permutations
    between = ((ranks @ is_in / sizes - mean) ** 2 @ sizes) / labels.size
    return np.asarray(between / variance)


def _fix_at_best(records: StudyRecords, names: Sequence[str]) -> tuple[Advice, ...]:
    best = records.best_trial
    params: Mapping[str, ParameterValue] = best.params if best else {}
    changes = tuple(change(name, params[name]) for name in names if name in params)
    if not changes:
        return ()
    named = listing([name for name in names if name in params])
    return (
        Advice(
            f"Fix what shows no effect ({named}) at the best trial's values, so that the search "
            "has less to learn.",
            changes,
        ),
    )


def _without_divergence(records: StudyRecords) -> tuple[Advice, ...]:
    """Lower the top of the learning rate's range to where trials end well."""

    def rates(trials: Sequence[TrialRecord]) -> list[float]:
        found = [trial.params.get("learning_rate") for trial in trials]
        return [float(rate) for rate in found if isinstance(rate, int | float)]

    diverged = rates([trial for trial in records.trials if trial.cause == "diverged"])
    fine = rates(records.complete_trials)
    entry = space_parameters(records.settings).get("learning_rate", {})
    low = entry.get("low")
    if len(diverged) < 2 or not fine or not isinstance(low, int | float):
        return ()
    top = max(fine)
    if float(np.median(diverged)) <= float(np.median(fine)) or min(diverged) >= top * 10:
        return ()
    if 2 * sum(rate > top for rate in diverged) <= len(diverged):
        return ()
    text = f"Search learning rates up to {number(top, 2)}: higher ones mostly diverge."
    return (Advice(text, (change_range("learning_rate", float(low), top),)),)


def _cause_words(cause: str, n: int) -> str:
    return f"{n} {cause.replace('_', ' ')} ({CAUSES.get(cause, cause)})"
