"""A study in words and tables: what `search`, `show` and `diagnose` print when they are done.

The headline comes first (how the network stands beside its references, and why), then what a
person needs to go on: the best trial's searched parameters, its scores, the advice with the
command to type. The rest is a line that says where it is to be found.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeGuard

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from automl.commands_to_type import next_command, study_command
from automl.console.terminal import stdout_console
from automl.diagnostics.headline import first_sentence, headline, title
from automl.diagnostics.standing import StandingKind
from automl.diagnostics.titles import titled, untitled
from automl.result import SearchResult
from automl.wording.counts import count, counted, listing
from automl.wording.numbers import duration, number, percent
from automl.wording.printable import one_line
from automl.wording.references import REFERENCE_NAMES
from automl.wording.scores import interval_text, score_name, score_text
from automl.wording.settings import parameter_text
from search_spaces import FixedParameter, SearchSpace
from storage.effort import effort_of_trial
from storage.records import (
    CAUSES,
    Diagnosis,
    EvaluationRecord,
    Json,
    Severity,
    StudyRecords,
    TrialRecord,
)

SEVERITY_STYLES: Mapping[Severity, str] = {
    "good": "green",
    "info": "cyan",
    "warning": "yellow",
    "problem": "red",
}
STANDING_STYLES: Mapping[StandingKind, str] = {
    "better": "green",
    "no_better": "yellow",
    "worse": "red",
    "unknown": "cyan",
}

MEASURED: Mapping[str, tuple[str, str]] = {
    "advice_helps": ("helps", "bold green"),
    "advice_harms": ("harms", "bold red"),
    "advice_no_difference": ("no difference", "cyan"),
    "advice_undecided": ("undecided", "yellow"),
}
"""What an advice did when it was tried, with the style of these words."""

GRID_GAP = 3  # blanks between the columns of a grid of parameters


def print_result(result: SearchResult, report: str | Path | None) -> None:
    """What a search ends with: headline, best configuration, scores, advice; else why not."""
    console = stdout_console()
    has_best = result.records.best_trial is not None
    _print_headline(console, result, first_sentence if has_best else message_of)
    _print_best(console, result, print_searched)
    _print_next(console, result)
    _print_rest(console, result)
    n_unfinished = sum(trial.outcome == "running" for trial in result.trials)
    if n_unfinished:
        goes_on = "the same command goes on" if result.records.epochs else "give it more time"
        console.print(f"{count(n_unfinished, 'trial')} unfinished: {goes_on}.")
    if report is not None:
        console.print(f"report: {escape(one_line(str(report)))}", soft_wrap=True)


def print_study(result: SearchResult) -> None:
    """A stored study: what its search ended with, the whole verdict, the fixed parameters."""
    console = stdout_console()
    _print_headline(console, result, message_of)
    _print_best(console, result, print_parameters)
    _print_importances(console, result.records)
    _print_next(console, result)
    _print_rest(console, result)


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


def print_verdict(result: SearchResult) -> None:
    """All verdicts of a study with their advice, behind how the network stands."""
    console = stdout_console()
    console.print(_opened(headline(result.records).standing.sentence, _standing_style(result)))
    console.print()
    measured = [one for one in result.diagnoses if one.kind in MEASURED and "gain" in one.evidence]
    for diagnosis in result.diagnoses:
        if diagnosis not in measured:
            print_diagnosis(console, diagnosis)
            print_advice(console, result, diagnosis)
            if not diagnosis.advice:
                console.print()
    if measured:
        console.print(_measured_table(measured))
        if result.records.settings.split.get("n_folds", 1) != 1:
            console.print("Tried on the first fold only.")


def _measured_table(measured: Sequence[Diagnosis]) -> Table:
    """What advised changes did when they were tried, in the order of the answers."""
    first = measured[0].evidence
    table = Table(box=box.SIMPLE_HEAD, header_style="dim", pad_edge=False, title_justify="left")
    table.title = (
        f"advice tried in trial {measured[0].trial_number}'s configuration, "
        f"{first.get('n_epochs')} epochs, unchanged valid loss {_number(first, 'loss_before')}"
    )
    table.title_style = "bold"
    table.add_column("change")
    table.add_column("result", no_wrap=True)
    for column in ("valid\nloss", "lower by", "95 % interval", "seeds"):
        table.add_column(column, justify="right", no_wrap=True)
    for diagnosis in measured:
        evidence, (words, style) = diagnosis.evidence, MEASURED[diagnosis.kind]
        if n_diverged := evidence.get("n_diverged"):
            words += f", {n_diverged} diverged"
        table.add_row(
            Text(one_line(str(evidence.get("label")))),
            Text(words, style=style),
            _number(evidence, "loss_after"),
            _number(evidence, "gain"),
            f"{_number(evidence, 'gain_low')} to {_number(evidence, 'gain_high')}",
            f"{evidence.get('n_seeds')} of {evidence.get('n_seeds_planned')}",
        )
    return table


def _number(evidence: Mapping[str, Json], name: str) -> str:
    value = evidence.get(name)
    return number(value, 2 if "gain" in name else 3) if _is_number(value) else "?"


def _is_number(value: Json) -> TypeGuard[float]:
    return isinstance(value, int | float)


def print_diagnosis(console: Console, diagnosis: Diagnosis) -> None:
    """A verdict in its own words, its name in the colour of its severity."""
    console.print(_opened(message_of(diagnosis), SEVERITY_STYLES[diagnosis.severity]))


def message_of(diagnosis: Diagnosis) -> str:
    """All that a verdict says, behind its name."""
    name = title(diagnosis)
    return titled(name, untitled(name, diagnosis.message))


def _opened(sentence: str, style: str) -> Text:
    """A sentence whose opening, up to the first colon, says what matters in a colour."""
    opening, colon, rest = sentence.partition(":")
    return Text.assemble((one_line(opening + colon), f"bold {style}"), marked(rest))


def _standing_style(result: SearchResult) -> str:
    return STANDING_STYLES[headline(result.records).standing.kind]


def _print_headline(
    console: Console, result: SearchResult, words: Callable[[Diagnosis], str]
) -> None:
    """How the network stands, what the verdict on it is, how many trials that took."""
    shown = headline(result.records)
    console.print(_opened(shown.standing.sentence, _standing_style(result)))
    verdict = shown.verdict
    if verdict is not None:
        console.print(_opened(words(verdict), SEVERITY_STYLES[verdict.severity]))
    console.print()
    console.print(Text(_counts(result), style="bold"))


def _counts(result: SearchResult) -> str:
    outcomes = [told_outcome(trial) for trial in result.trials]
    kinds = ("complete", "pruned", "failed", "unfinished")
    counts = counted({kind: outcomes.count(kind) for kind in kinds})
    took = f" in {duration(result.seconds)}" if result.seconds else ""
    if took and result.n_ended_before:
        n_new = len(outcomes) - outcomes.count("unfinished") - result.n_ended_before
        took = f", {n_new or 'none'} of them in this call,{took.removeprefix(' in')}"
    total = count(len(outcomes), "trial") + (f" ({counts})" if counts else "")
    return f"{one_line(result.study_name)}: {total}{took}"


def told_outcome(trial: TrialRecord) -> str:
    """A trial's outcome; one that the search has left for the next call does not run."""
    return "unfinished" if trial.outcome == "running" else trial.outcome


def told_cause(trial: TrialRecord) -> str:
    """Why a trial ended by itself, with what is known of it; empty where it did not."""
    cause = CAUSES.get(trial.cause or "", trial.cause or "")
    message = trial.user_attributes.get("cause_message")
    return f"{cause} ({message})" if message else cause


def _print_best(
    console: Console,
    result: SearchResult,
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
    if (n_folds := len(effort.epochs)) > 1:
        where = f"in the mean of {n_folds} folds, {where}"
    console.print(f"best trial {best.number}: valid loss {score_text('loss', best.value)} {where}")
    print_params(console, records, best)
    console.print(Text() if result.evaluation is None else score_table(result.evaluation))


def _why_no_best(records: StudyRecords) -> str:
    """What is to be said behind the verdict of a study in which no trial has completed."""
    failed = [trial for trial in records.trials if trial.outcome == "failed"]
    if not failed:
        return "" if records.trials else "Run the same command with more time.\n"
    last = failed[-1]
    return f"The last one to fail, trial {last.number}: {one_line(told_cause(last))}\n"


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
    space = SearchSpace.from_dict(records.settings.space)
    return [
        (name, parameter_text(value))
        for name, value in space.complete(trial.params).items()
        if isinstance(space.parameters[name], FixedParameter) == are_fixed
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


def score_table(evaluation: EvaluationRecord) -> Table:
    """Scores on the test rows beside those of the references, the best of them first."""
    table = Table(box=box.SIMPLE_HEAD, header_style="dim", pad_edge=False)
    table.add_column("on test rows", no_wrap=True)
    references = list(reversed(evaluation.references))
    names = [REFERENCE_NAMES[one.name].replace(" ", "\n") for one in references]
    for column in ("network", "95 % interval", *names):
        table.add_column(column, justify="right", no_wrap=True)
    for name, value in evaluation.scores.items():
        table.add_row(
            score_name(name),
            score_text(name, value),
            interval_text(name, evaluation.intervals.get(name, ())),
            *(score_text(name, one.scores.get(name)) for one in references),
        )
    return table


def print_advice(console: Console, result: SearchResult, diagnosis: Diagnosis) -> None:
    """The next steps, each with the command to type where it is one."""
    _print_steps(console, _steps(result, diagnosis))


def _print_next(console: Console, result: SearchResult) -> None:
    """What the verdict advises, and a command from the other verdicts where it has none."""
    verdict, *others = [_steps(result, one) for one in result.diagnoses] or [[]]
    if not any(command for _, command in verdict):
        further = [step for steps in others for step in steps if step[1]]
        verdict = [*verdict, *further[:1]]
    _print_steps(console, verdict)


def _steps(result: SearchResult, diagnosis: Diagnosis) -> list[tuple[str, str | None]]:
    """Each advice in words, with its command where it is one."""
    return [
        (advice.text, next_command(result.records, advice.changes, result.storage))
        for advice in diagnosis.advice
    ]


def _print_steps(console: Console, steps: Sequence[tuple[str, str | None]]) -> None:
    for place, (text, command) in enumerate(steps, start=1):
        step = Table.grid(padding=(0, 1, 0, 0))
        step.add_row(f"  {place}.", marked(text))
        console.print(step)
        if command is not None:  # in one line, so that it can be copied
            console.print(Text(f"     {one_line(command)}", style="cyan"), soft_wrap=True)
    if steps:
        console.print()


def marked(text: str) -> Text:
    """Text whose `quoted` parts are coloured as what is typed, as messages write options."""
    pieces = re.split(r"`([^`]+)`", one_line(text))
    return Text.assemble(*((piece, "cyan" if i % 2 else "") for i, piece in enumerate(pieces)))


def _print_rest(console: Console, result: SearchResult) -> None:
    """Where to read on."""
    n_more = len(result.diagnoses) - 1
    if n_more < 0:
        return
    what = f"{count(n_more, 'more observation')}: " if n_more else "the whole verdict: "
    command = study_command("diagnose", result.study_name, result.storage)
    console.print(Text.assemble(what, (one_line(command), "cyan")), soft_wrap=True)
