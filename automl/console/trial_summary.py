"""One trial in words, curves and tables: what `show --trial`, `promote` and `predict` print.

A curve is drawn in one line of blocks, with the table of a few of its epochs below: the first
ones, where most happens, then ever fewer, and always the best and the last.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from automl.console.consoles import stdout_console
from automl.console.curves import MOST_ROWS, blocks_of, curve_lines, shown_places
from automl.console.summary import (
    print_parameters,
    told_cause,
)
from automl.console.verdicts import print_advice, print_diagnosis
from automl.diagnostics.gradient_flow import STEP_CAUSES
from automl.diagnostics.headline import shown_diagnoses_of_trial
from automl.errors import StudyError
from automl.result import SearchResult
from automl.wording.counts import count
from automl.wording.epochs import measured_words, part_words
from automl.wording.numbers import number, number_or_dash, percent
from automl.wording.printable import one_line
from automl.wording.scores import score_name, score_text
from storage.records import (
    EpochRecord,
    RunRecord,
    StudyRecords,
    StudySettings,
    TrialRecord,
    best_epoch,
)

if TYPE_CHECKING:
    from automl.investigation.promotion import Promotion

COLUMNS_NAMED = 4  # of a file of predictions
MOST_ROWS_OF_FOLD = 6
"""Of a table of epochs: a curve of 50 fits on the screen with its parameters."""


LAYER_KINDS = STEP_CAUSES | {
    "exploding_gradients",
    "vanishing_gradients",
    "symmetric_initialization",
    "dead_units",
    "saturated_units",
}
"""Verdicts that rest on what was measured in the layers."""


def print_trial(result: SearchResult, number: int) -> None:
    """One trial: its end, its verdict, its parameters, and the learning curve of each fold.

    Raises:
        StudyError: the study has no trial of that number.
    """
    records = result.records
    console, trial = stdout_console(), known_trial(records, number)
    console.print(Text(one_line(_opening(records, trial)), style="bold"))
    verdicts = shown_diagnoses_of_trial(records, number, result.storage)
    for verdict in verdicts:
        print_diagnosis(console, verdict)
        print_advice(console, result, verdict)
    if not verdicts[-1].advice:
        console.print()
    print_parameters(console, records, trial)
    runs = records.search_runs(number)
    for run in runs:
        _print_run(console, records, run, len(runs))
    if runs and any(verdict.kind in LAYER_KINDS for verdict in verdicts):
        _print_layers(console, records, runs[0])


def known_trial(records: StudyRecords, number: int) -> TrialRecord:
    """A trial by its number.

    Raises:
        StudyError: there is none.
    """
    if not 0 <= number < len(records.trials):
        raise StudyError(
            f"a trial's number must be from 0 to {len(records.trials) - 1} in "
            f"{records.settings.study_name!r}, but got {number}"
        )
    return records.trials[number]


def _opening(records: StudyRecords, trial: TrialRecord) -> str:
    """How the trial ended, and where it stands among the others."""
    parts = [f"trial {trial.number} of {records.settings.study_name}: {trial.outcome}"]
    if trial.cause:
        parts.append(told_cause(trial))
    if trial.value is not None:
        parts.append(f"valid loss {score_text('loss', trial.value)}")
    complete = [one.number for one in records.complete_trials]
    if trial.number in complete:
        parts.append(f"rank {complete.index(trial.number) + 1} of {len(complete)} complete")
    return ", ".join(parts)


def _print_run(console: Console, records: StudyRecords, run: RunRecord, n_runs: int) -> None:
    """The curve of one run: drawn, and as a table of a few of its epochs."""
    curve = records.epochs.get(run.run_id, ())
    best = best_epoch(curve)
    place = f"fold {run.fold + 1} of {n_runs}: " if n_runs > 1 else ""
    if not curve:
        console.print(Text(f"\n{place}no finished epoch", style="bold"))
        return
    end = count(curve[-1].epoch, "epoch") + _parts(records, run)
    if best is not None:
        loss = score_text("loss", best.valid_loss)
        end += f", the best is epoch {best.epoch}, valid loss {loss}"
        if measured := measured_words(records.settings):
            end += f" on {measured} rows"
    console.print(Text(f"\n{place}{end}", style="bold"))
    for line in curve_lines(curve, blocks_of(console)):
        console.print(Text(f"  {line}"), soft_wrap=True)
    console.print(_curve_table(records, curve, MOST_ROWS if n_runs == 1 else MOST_ROWS_OF_FOLD))


def _parts(records: StudyRecords, run: RunRecord) -> str:
    """What the run's epochs are, in brackets, where they are parts of passes."""
    trial = next(one for one in records.trials if one.number == run.trial_number)
    params = {**trial.params, **(run.params or {})}
    part = part_words(records.settings, params)
    return f" ({part} each)" if part else ""


def _curve_table(records: StudyRecords, curve: Sequence[EpochRecord], most_rows: int) -> Table:
    """A few epochs, the best marked."""
    best = best_epoch(curve)
    table = Table(box=box.SIMPLE_HEAD, header_style="dim")
    columns = ("epoch", "train loss", "valid loss", *_columns_of_networks(records.settings))
    table.add_column("", no_wrap=True)
    for column in columns:
        table.add_column(column.replace(" ", "\n"), justify="right", no_wrap=True)
    for place in shown_places(len(curve), curve.index(best) if best else None, most_rows):
        record = curve[place]
        is_best = best is not None and record.epoch == best.epoch
        table.add_row(
            "best" if is_best else "",
            str(record.epoch),
            score_text("loss", record.train_loss),
            score_text("loss", record.valid_loss),
            *_cells_of_networks(records.settings, record),
            style="bold" if is_best else "",
        )
    return table


def _columns_of_networks(settings: StudySettings) -> tuple[str, ...]:
    """What epochs of networks have beside their losses; an objective gives nothing else."""
    if settings.is_objective:
        return ()
    scores = (f"{split} {score_name(settings.epoch_metric)}" for split in ("train", "valid"))
    return (*scores, "learning rate", "gradient norm")


def _cells_of_networks(settings: StudySettings, record: EpochRecord) -> tuple[str, ...]:
    if settings.is_objective:
        return ()
    return (
        score_text(settings.epoch_metric, record.train_metric),
        score_text(settings.epoch_metric, record.valid_metric),
        number(record.learning_rate),
        number_or_dash(record.gradient_norm),
    )


def _print_layers(console: Console, records: StudyRecords, run: RunRecord) -> None:
    """What was measured last in each layer, for verdicts that rest on it."""
    measured = [(0, records.initial_layers.get(run.run_id, ()))]
    measured += [(one.epoch, one.layers) for one in records.epochs.get(run.run_id, ())]
    epoch, layers = max(
        (one for one in measured if one[1]), default=(0, ()), key=lambda one: one[0]
    )
    if not layers:
        return
    when = f"after epoch {epoch}" if epoch else "before the first epoch"
    table = Table(box=box.SIMPLE_HEAD, header_style="dim")
    table.add_column(f"layers {when}")
    for column in ("gradient norm", "weight norm", "update ratio", "saturated", "dead"):
        table.add_column(column, justify="right")
    for layer in layers:
        table.add_row(
            layer.name,
            number_or_dash(layer.gradient_norm),
            number_or_dash(layer.weight_norm),
            "" if math.isnan(layer.update_ratio) else number(layer.update_ratio, 2),
            percent(layer.saturated_fraction),
            percent(layer.dead_fraction),
        )
    console.print(table)


def print_promotion(promotion: Promotion) -> None:
    """What the full budget has made of a pruned or paused trial."""
    console, number = stdout_console(), promotion.trial_number
    if promotion.value is None:
        console.print(f"trial {number} diverged after {count(promotion.epochs, 'epoch')}")
        return
    before, after = (
        score_text("loss", value) for value in (promotion.value_before, promotion.value)
    )
    then = "" if promotion.value_before is None else f", {before} then"
    console.print(
        f"trial {number} had trained for {count(promotion.epochs_before, 'epoch')}{then}; "
        f"after {count(promotion.epochs, 'epoch')} its best valid loss is {after} "
        f"(epoch {promotion.best_epoch})"
    )
    console.print(
        f"It went on after epoch {promotion.epochs_kept}, where its state was kept."
        if promotion.epochs_kept
        else "It was trained again from the start: its state was not kept."
    )
    if promotion.best_value is not None:
        verdict = "better than" if promotion.would_be_best else "not better than"
        console.print(
            f"That is {verdict} the study's best, {score_text('loss', promotion.best_value)}."
        )
