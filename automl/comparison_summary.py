"""Studies side by side: what `compare` prints.

The finding first, in sentences: whether one network is better than another, row by row where
both were scored on the same test rows. Then results and verdicts, then only what differs: in the
settings, in the words of the options, and in the best configurations.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from automl.diagnostics.headline import headline, title
from automl.diagnostics.standing import WORDS
from automl.diagnostics.wording import count
from automl.reference_names import reference_words
from automl.result import SearchResult
from automl.score_names import HIGHER_IS_BETTER, SHARES, score_name, score_text
from automl.setting_words import differing_settings
from automl.streams import one_line
from automl.terminal import format_value, stdout_console
from search_spaces import SearchSpace
from storage.records import Json, PairedDifference

ABSENT = "–"
OF_VALIDATION = frozenset({"n_folds", "valid", "valid_fraction"})


def print_comparison(results: Sequence[SearchResult]) -> None:
    """Two or more studies: who is better, how each stands, and what differs."""
    console = stdout_console()
    for sentence in findings(results):
        console.print(Text(one_line(sentence)))
    names = [one_line(result.study_name) for result in results]
    _print_rows(console, "", names, _results(results))
    settings = differing_settings([result.records.settings for result in results])
    policies = {
        f"--{kind}": tuple(_policy(result, kind) for result in results)
        for kind in ("sampler", "pruner")
    }
    changed = {name: words for name, words in policies.items() if len(set(words)) > 1}
    _print_rows(console, "settings that differ", names, {**settings, **changed})
    _print_rows(console, "best configurations differ in", names, _best_parameters(results))


def findings(results: Sequence[SearchResult]) -> list[str]:
    """Whether the network with the lowest validation loss is better than each of the others."""
    settings = [result.records.settings for result in results]
    if len({(one.data_fingerprint, one.target, one.loss) for one in settings}) > 1:
        return [
            "These studies differ in data, target or loss: their scores do not mean the same, so "
            "that none is better than another."
        ]
    scored = [one for one in results if one.records.best_trial and one.evaluation]
    if len(scored) < 2:
        return ["Fewer than two of these studies have a scored network to compare."]
    first, *others = sorted(scored, key=_best_loss)
    return [_finding(first, other) for other in others]


def _finding(first: SearchResult, second: SearchResult) -> str:
    metric = _metric(first)
    gain = paired_gain(first, second, metric)
    names = f"{first.study_name} (the lower validation loss) and {second.study_name}"
    if gain is None:
        return (
            f"{names} were not scored on the same test rows, so that their scores can only be "
            "compared with both intervals in mind."
        )
    verdict = "cannot be told apart"
    if gain.is_better or gain.is_worse:
        better = first if gain.is_better else second
        verdict = f"differ: {better.study_name} is better"
    n_rows = first.records.settings.n_rows.get("test", 0)
    return (
        f"On the same {count(n_rows, 'test row')} {names} {verdict}: {score_name(metric)} is "
        f"{difference_words(metric, gain)}."
    )


def _best_loss(result: SearchResult) -> float:
    value = result.best.value
    return math.inf if value is None else value


def paired_gain(first: SearchResult, second: SearchResult, metric: str) -> PairedDifference | None:
    """By how much the first network is better, row by row; None where their rows are not the same.

    From the predictions that are kept with the studies, by the bootstrap of the scores.
    """
    from automl.training.metrics import resample

    kept = [result.predictions() for result in (first, second)]
    rows = [one for one in kept if one is not None]
    if len(rows) < 2 or _test_split(first) != _test_split(second):
        return None
    if not np.array_equal(rows[0]["test_targets"], rows[1]["test_targets"]):
        return None
    settings = first.records.settings
    resampled = resample(
        {"first": rows[0]["test_predictions"], "second": rows[1]["test_predictions"]},
        rows[0]["test_targets"],
        task=settings.task,
        loss=settings.loss,
    )
    return resampled["first"].gains(resampled["second"]).get(metric)


def _test_split(result: SearchResult) -> dict[str, Json]:
    """What decides which rows are test rows: all of a split but its validation rows."""
    split = result.records.settings.split
    return {name: value for name, value in split.items() if name not in OF_VALIDATION}


def _metric(result: SearchResult) -> str:
    return "rmse" if result.records.settings.task == "regression" else "accuracy"


def difference_words(metric: str, gain: PairedDifference) -> str:
    """By how much the first's score is higher or lower, with the interval of that.

    The sign is said in the word, so that what is 0.3 worse does not read as -0.3 better.
    """
    is_higher = (gain.value >= 0) == (metric in HIGHER_IS_BETTER)
    values = (gain.value, gain.low, gain.high)
    if gain.value < 0:
        values = (-gain.value, -gain.high, -gain.low)
    value, low, high = (_amount(metric, one) for one in values)
    return (
        f"{value} {'higher' if is_higher else 'lower'} with the first (95 % interval of the "
        f"paired difference {low} to {high})"
    )


def _amount(metric: str, value: float) -> str:
    """A difference of two scores; of shares in percentage points."""
    if metric in SHARES:
        return f"{100 * value:.1f} points"
    return score_text(metric, value)


def _results(results: Sequence[SearchResult]) -> dict[str, tuple[str, ...]]:
    """One row for each thing that people hold side by side."""
    rows = {
        "against references": [_standing(result) for result in results],
        "verdict": [_verdict(result) for result in results],
        "test score": [_score(result) for result in results],
        "valid loss": [_valid_loss(result) for result in results],
        "trials": [f"{len(result.trials):,}" for result in results],
    }
    return {name: tuple(words) for name, words in rows.items()}


def _standing(result: SearchResult) -> str:
    standing = headline(result.records).standing
    if standing.kind == "unknown" or standing.reference is None:
        return ABSENT
    task = result.records.settings.task
    return f"{WORDS[standing.kind]} {reference_words(standing.reference, task)}".lower()


def _verdict(result: SearchResult) -> str:
    verdict = headline(result.records).verdict
    return ABSENT if verdict is None else title(verdict)


def _score(result: SearchResult) -> str:
    evaluation, metric = result.evaluation, _metric(result)
    if evaluation is None or metric not in evaluation.scores:
        return ABSENT
    text = f"{score_name(metric)} {score_text(metric, evaluation.scores[metric])}"
    bounds = evaluation.intervals.get(metric)
    return text + (f" ({' to '.join(score_text(metric, x) for x in bounds)})" if bounds else "")


def _valid_loss(result: SearchResult) -> str:
    best = result.records.best_trial
    return ABSENT if best is None else f"{score_text('loss', best.value)} (trial {best.number})"


def _policy(result: SearchResult, kind: str) -> str:
    names = dict.fromkeys(str(getattr(policy, kind)) for policy in result.records.policies)
    return ", then ".join(names) or ABSENT


def _best_parameters(results: Sequence[SearchResult]) -> dict[str, tuple[str, ...]]:
    """Those in which the best trials are not alike; a dash where one does not have it."""
    configurations = [_configuration(result) for result in results]
    names = dict.fromkeys(name for each in configurations for name in each)
    rows = {name: tuple(each.get(name, ABSENT) for each in configurations) for name in names}
    return {name: values for name, values in rows.items() if len(set(values)) > 1}


def _configuration(result: SearchResult) -> dict[str, str]:
    best = result.records.best_trial
    if best is None:
        return {}
    complete = SearchSpace.from_dict(result.records.settings.space).complete(best.params)
    return {name: format_value(value) for name, value in complete.items()}


def _print_rows(
    console: Console, head: str, names: Sequence[str], rows: dict[str, tuple[str, ...]]
) -> None:
    """A table with a column for each study; nothing where it has no rows."""
    if not rows:
        return
    table = Table(box=box.SIMPLE_HEAD, header_style="dim", pad_edge=False)
    table.add_column(head)
    for name in names:
        table.add_column(Text(name), overflow="fold")
    for name, words in rows.items():
        table.add_row(Text(one_line(name)), *(Text(one_line(word)) for word in words))
    console.print(table)
