"""The best trial of a study, as `best` prints it: value, all parameters, scores, its weights."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from automl.console.consoles import stdout_console
from automl.console.summary import print_parameters
from automl.result import SearchResult
from automl.wording.printable import one_line
from automl.wording.scores import score_and_interval, score_name, score_text, scores_in_order
from storage.answers import evaluation_of, single_answer
from storage.effort import effort_of_trial
from storage.records import StudyRecords, TrialRecord

SPLITS = {"valid": "on validation rows", "test": "on test rows"}

SCORE_WIDTH = len("balanced accuracy")


def print_best(result: SearchResult, weights: Sequence[Path]) -> None:
    """The best trial; what is handed over may be more than it, which `show` says.

    Args:
        weights: the files that hold its weights.

    Raises:
        StudyError: no trial has completed.
    """
    console, records, best = stdout_console(), result.records, result.best
    effort = effort_of_trial(records, best.number)
    console.print(
        Text(
            f"trial {best.number} of {one_line(result.study_name)}: valid loss "
            f"{score_text('loss', best.value)} at epoch {effort.best_in_words} of "
            f"{effort.epochs_in_words}",
            style="bold",
        )
    )
    print_parameters(console, records, best)
    _print_scores(console, records, best)
    for path in weights:
        console.print(Text(f"weights: {one_line(str(path))}"), soft_wrap=True)
    if not weights:
        console.print("weights: not kept")


def _print_scores(console: Console, records: StudyRecords, best: TrialRecord) -> None:
    """Its own scores, where it was scored: a trial that is a part of the answer alone was not."""
    own = single_answer(records, best.number)
    found = {split: evaluation_of(records, own, split) for split in SPLITS}
    scored = {SPLITS[split]: one for split, one in found.items() if one is not None}
    if not scored:
        return
    table = Table(box=box.SIMPLE_HEAD, header_style="dim", padding=(0, 1, 0, 0))
    table.add_column("score", no_wrap=True, min_width=SCORE_WIDTH)
    for column in scored:
        table.add_column(column)  # an interval may take a second line
    names = dict.fromkeys(name for one in scored.values() for name in one.scores)
    for name in scores_in_order(names, records.settings):
        cells = [
            score_and_interval(name, one.scores[name], one.intervals.get(name))
            if name in one.scores
            else ""
            for one in scored.values()
        ]
        table.add_row(score_name(name), *cells)
    console.print(table)
