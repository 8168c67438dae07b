"""A study in words and tables: what `search`, `show` and `diagnose` print when they are done.

The headline comes first (how the network stands beside its references, and why), then what a
person needs to go on: the best trial's searched parameters, its scores, the advice with the
command to type. The rest is a line that says where it is to be found.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from automl.commands_to_type import pauses_explained, reproducing_command, study_command
from automl.console.consoles import stdout_console, text_of
from automl.console.verdicts import (
    SEVERITY_STYLES,
    message_of,
    opened,
    print_next,
    standing_style,
)
from automl.diagnostics.choice import choice_head, choice_rows, choice_sentences, scored_name
from automl.diagnostics.column_use import column_sentences
from automl.diagnostics.headline import first_sentence, headline
from automl.diagnostics.trade_off import latency_of, limits_in_words, n_parameters_of
from automl.stored_result import StoredResult
from automl.wording.counts import count, counted, listing
from automl.wording.epochs import measured_words, part_words
from automl.wording.numbers import brief_time, duration, percent
from automl.wording.printable import one_line
from automl.wording.references import REFERENCE_NAMES
from automl.wording.scores import interval_text, score_name, score_text, scores_in_order
from automl.wording.settings import parameter_text
from automl.wording.stops import stop_sentence, unfinished_sentence
from search_spaces.declared import is_foreign
from search_spaces.space import completed
from storage.call_records import STOPS_IN_ORDER, StopReason
from storage.effort import effort_of_trial
from storage.records import CAUSES, OUTCOMES, Diagnosis, StudyRecords, TrialRecord
from storage.score_records import EvaluationRecord

ANY_WIDTH = 10_000  # to ask what a table would take

GRID_GAP = 3  # blanks between the columns of a grid of parameters


def print_result(result: StoredResult, report: str | Path | None) -> None:
    """What a search ends with: headline, best configuration, scores, advice; else why not."""
    console = stdout_console()
    _print_headline(console, result, first_sentence if result.has_best else message_of)
    _print_best(console, result, print_searched)
    print_next(console, result)
    _print_rest(console, result)
    _print_pauses(console, result)
    n_unfinished = sum(trial.outcome == "unfinished" for trial in result.trials)
    if n_unfinished:
        stop = result.records.stop
        goes_on = "the same command goes on" if result.records.epochs else "give it more time"
        if stop is not None and stop.because in STOPS_IN_ORDER:
            option = f"--{stop.because.replace('_', '-')}"
            goes_on = f"the same command without {option}, or with another one, goes on"
        console.print(f"{count(n_unfinished, 'trial')} unfinished: {goes_on}.")
    if result.records.stop is not None and (words := unfinished_sentence(result.records.stop)):
        console.print(words)
    _print_repetition(console, result)
    if report is not None:
        console.print(f"report: {escape(one_line(str(report)))}", soft_wrap=True)


def _print_repetition(console: Console, result: StoredResult) -> None:
    """Where time decided how far the search got: what repeats it on another machine."""
    repeated = reproducing_command(result.records, result.storage)
    if not repeated.is_timed or not result.records.epochs:
        return
    is_whole = repeated.n_exact == len(result.trials)
    trials = f"{'its' if is_whole else 'its first'} {count(repeated.n_exact, 'trial')}"
    console.print(
        "How far it got depends on the speed of this machine; on any number of workers "
        f"{trials} are repeated exactly, and trained to their ends, by: "
        f"[bold]{escape(repeated.command)}[/bold]",
        soft_wrap=True,
    )


def print_study(result: StoredResult) -> None:
    """A stored study: what its search ended with, the whole verdict, the fixed parameters."""
    _print_study(stdout_console(), result)


def summary_text(result: StoredResult, width: int) -> str:
    """The same as a text without colours.

    Args:
        width: characters of a line, except of commands to type.
    """
    return text_of(lambda console: _print_study(console, result), width)


def _print_study(console: Console, result: StoredResult) -> None:
    _print_headline(console, result, message_of)
    _print_best(console, result, print_parameters)
    _print_importances(console, result.records)
    print_next(console, result)
    _print_rest(console, result)
    _print_pauses(console, result)


def _print_pauses(console: Console, result: StoredResult) -> None:
    """What it means that trials pause, where some do."""
    said, _, command = pauses_explained(result.records, result.storage).partition("`")
    if said:
        console.print(Text(f"{said.rstrip()}:"))
        command = one_line(command.removesuffix("`"))
        console.print(Text(f"  {command}", style="cyan"), soft_wrap=True)


def _print_importances(console: Console, records: StudyRecords) -> None:
    """The hyperparameters that made a difference, in one line, or why none can be told."""
    from automl.report.numbers.study import study_table  # takes scikit-learn

    found = study_table(records).importances
    certain = [
        f"{one.name} {percent(one.share)} ({percent(one.low)} to {percent(one.high)})"
        for one in found.certain
    ]
    if certain:
        words = f"{listing(certain)} of the differences between trials."
        console.print(Text(f"What mattered: {words}\n"))
    elif found.missing_because:
        console.print(Text(f"{found.missing_because}\n"))


def _print_headline(
    console: Console, result: StoredResult, words: Callable[[Diagnosis], str]
) -> None:
    """How the network stands, what the verdict on it is, how many trials that took."""
    shown = headline(result.records)
    console.print(opened(shown.standing.sentence, standing_style(result)))
    verdict = shown.verdict
    if verdict is not None:
        console.print(opened(words(verdict), SEVERITY_STYLES[verdict.severity]))
    console.print()
    console.print(Text(_counts(result), style="bold"))
    if result.lacked_time and result.has_best:
        console.print("This call had no time to train: what follows is from the calls before it.")


def _counts(result: StoredResult) -> str:
    outcomes = [trial.outcome for trial in result.trials]
    counts = counted({kind: outcomes.count(kind) for kind in OUTCOMES})
    took = f" in {duration(result.seconds)}" if result.seconds else ""
    if took and result.n_ended_before:
        n_ended = sum(trial.state not in ("RUNNING", "WAITING") for trial in result.trials)
        n_new = n_ended - result.n_ended_before
        took = f", {n_new or 'none'} of them in this call,{took.removeprefix(' in')}"
    total = count(len(outcomes), "trial") + (f" ({counts})" if counts else "")
    return f"{one_line(result.study_name)}: {total}{took}{_ending(result.records.stop)}"


def _ending(stop: StopReason | None) -> str:
    """Why the search ended, where it is not that all trials have."""
    if stop is None or stop.because == "n_trials":
        return ""
    return f"; {one_line(stop_sentence(stop))}"


def told_cause(trial: TrialRecord) -> str:
    """Why a trial ended by itself, with what is known of it; empty where it did not."""
    cause = CAUSES.get(trial.cause or "", trial.cause or "")
    message = trial.user_attributes.get("cause_message")
    return f"{cause} ({message})" if message else cause


def _print_best(
    console: Console,
    result: StoredResult,
    print_params: Callable[[Console, StudyRecords, TrialRecord], None],
) -> None:
    """The best trial with its parameters and its scores, or why there is none."""
    records = result.records
    best = records.best_trial
    if best is None:
        if why := _why_no_best(records):
            console.print(Text(why))
        return
    effort = effort_of_trial(records, best.number)
    where = f"at epoch {effort.best_in_words} of {effort.epochs_in_words}"
    if part := part_words(records.settings, best.params):
        where += f" ({part} each)"
    if (n_folds := len(effort.epochs)) > 1:
        where = f"in the mean of {n_folds} folds, {where}"
    if measured := measured_words(records.settings):
        where = f"on {measured} rows {where}"
    console.print(f"best trial {best.number}: valid loss {score_text('loss', best.value)} {where}")
    if records.settings.has_limits:
        console.print(_size(records, best))
    print_params(console, records, best)
    evaluation = result.evaluation
    table = None if evaluation is None else score_table(console, evaluation, records)
    console.print(table or Text())
    _print_choice(console, records)
    if said := column_sentences(records):
        console.print(Text(f"{one_line(' '.join(said))}\n"))


def _print_choice(console: Console, records: StudyRecords) -> None:
    """What is handed over, and what it was held against, if there was a choice."""
    said = choice_sentences(records)
    if not said:
        return
    if not (rows := choice_rows(records)):
        console.print(Text(" ".join(said)))
        return
    table = Table(box=box.SIMPLE_HEAD, header_style="dim", pad_edge=False)
    for number, column in enumerate(choice_head(records)):
        # So that 80 columns have room for all.
        head = re.sub("^(valid|test) ", r"\1\n", column)
        table.add_column(head, justify="right" if number else "left", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    _fit(console, table)
    console.print(Text(" ".join(said)))
    console.print(table)


def _size(records: StudyRecords, best: TrialRecord) -> str:
    """What the best network comes to, beside what it may be at most."""
    words = [count(n_parameters_of(records, best.number) or 0, "parameter")]
    if (seconds := latency_of(best)) is not None:
        words.append(f"a call takes {brief_time(seconds)}")
    return f"its network: {', '.join(words)}; allowed: {limits_in_words(records.settings)}"


def _why_no_best(records: StudyRecords) -> str:
    """What is to be said behind the verdict of a study in which no trial has completed."""
    failed = [trial for trial in records.trials if trial.outcome in ("failed", "refused")]
    if not failed:
        is_known = records.trials or is_foreign(records.settings.space)
        return "" if is_known else "Run the same command with more time.\n"
    last = failed[-1]
    end = "be refused" if last.outcome == "refused" else "fail"
    return f"The last one to {end}, trial {last.number}: {one_line(told_cause(last))}\n"


def print_parameters(console: Console, records: StudyRecords, trial: TrialRecord) -> None:
    """All parameters of a trial: those that the search chose in a grid, the fixed ones below."""
    print_searched(console, records, trial)
    fixed = ", ".join(f"{name} {value}" for name, value in _parameters(records, trial, True))
    console.print(Padding(Text(f"fixed: {fixed or 'none'}", style="dim"), (0, 0, 0, 2)))


def print_searched(console: Console, records: StudyRecords, trial: TrialRecord) -> None:
    """The parameters of a trial that the search chose."""
    grid = parameter_grid(console, _parameters(records, trial, False))
    console.print(Padding(grid, (0, 0, 0, 2)))


def _parameters(
    records: StudyRecords, trial: TrialRecord, are_fixed: bool
) -> list[tuple[str, str]]:
    """Names and values of the parameters that the space fixes, or of those that it does not."""
    space: Mapping[str, Any] = records.settings.space
    return [
        (name, parameter_text(value))
        for name, value in completed(space, trial.params).items()
        if (space["parameters"][name]["type"] == "fixed") == are_fixed
    ]


def parameter_grid(console: Console, parameters: Sequence[tuple[str, str]]) -> Table:
    """Names and values in as many columns as the console has room for, read downwards."""
    name_width = max((len(name) for name, _ in parameters), default=0)
    value_width = max((len(value) for _, value in parameters), default=0)
    width = name_width + value_width + 2 * GRID_GAP
    n_columns = max(1, (console.width - 2 * GRID_GAP) // max(width, 1))
    n_rows = -(-len(parameters) // n_columns)
    table = Table.grid(padding=(0, GRID_GAP, 0, 0))
    for row in range(n_rows):
        cells = parameters[row::n_rows] if n_rows else []
        table.add_row(
            *(
                text
                for name, value in cells
                for text in (Text(name, style="dim"), Text(one_line(value)))
            )
        )
    return table


def score_table(console: Console, evaluation: EvaluationRecord, records: StudyRecords) -> Table:
    """Scores on the test rows beside those of the references, the best of them first.

    The score of the study's metric leads.

    Where the console has no room, the columns stand closer.
    """
    table = Table(box=box.SIMPLE_HEAD, header_style="dim", pad_edge=False)
    table.add_column("on test rows", no_wrap=True)
    references = list(reversed(evaluation.references))
    names = [REFERENCE_NAMES[one.name].replace(" ", "\n") for one in references]
    scored = scored_name(records, evaluation).replace(" of ", " of\n")
    for column in (scored, "95 % interval", *names):
        table.add_column(column, justify="right", no_wrap=True)
    for name in scores_in_order(evaluation.scores, records.settings):
        table.add_row(
            score_name(name),
            score_text(name, evaluation.scores[name]),
            interval_text(name, evaluation.intervals.get(name, ())),
            *(score_text(name, one.scores.get(name)) for one in references),
        )
    _fit(console, table)
    return table


def _fit(console: Console, table: Table) -> None:
    """Let columns stand closer where there is no room."""
    unlimited = console.options.update(max_width=ANY_WIDTH)
    if console.measure(table, options=unlimited).maximum > console.width:
        table.padding = (0, 1, 0, 0)


def _print_rest(console: Console, result: StoredResult) -> None:
    """Where to read on."""
    n_more = len(result.diagnoses) - 1
    if n_more < 0:
        return
    what = f"{count(n_more, 'more observation')}: " if n_more else "the whole verdict: "
    command = "result.diagnoses"  # of a study that is in no database any more
    if result.storage:
        command = study_command("diagnose", result.study_name, result.storage)
    console.print(Text.assemble(what, (one_line(command), "cyan")), soft_wrap=True)
