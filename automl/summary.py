"""Results in words and tables: what the commands print on stdout when they are done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from automl.diagnostics.wording import count
from automl.errors import StudyError
from automl.reference_names import REFERENCE_NAMES
from automl.result import SearchResult
from automl.score_names import readable, score_name
from automl.streams import one_line
from automl.terminal import clock, describe_params, format_value, stdout_console
from search_spaces import (
    CategoricalParameter,
    FixedParameter,
    FloatParameter,
    IntParameter,
    Parameter,
    SearchSpace,
)
from storage import Finding
from storage.effort import effort_of_trial
from storage.records import Diagnosis, EvaluationRecord, StudyRecords, TrialRecord

if TYPE_CHECKING:
    from automl.tuning.promotion import Promotion

SEVERITY_STYLES = {"good": "green", "info": "cyan", "warning": "yellow", "problem": "red"}

MAX_WIDTH = 10_000  # of a list of studies; it takes what it needs, and a name has no limit


def print_result(result: SearchResult, report: str | Path | None) -> None:
    """The best configuration, its score on the test rows, the verdict and what to do next."""
    console = stdout_console()
    console.print(Text(_headline(result), style="bold"))
    best = result.records.best_trial
    if best is None:
        console.print(Text(_why_no_best(result.records)))
        return
    console.print(_best_table(result.records, best))
    if result.evaluation is not None:
        console.print(score_table(result.evaluation))
    print_diagnoses(console, result.diagnoses)
    n_unfinished = sum(trial.outcome == "running" for trial in result.trials)
    if n_unfinished:
        console.print(f"\n{count(n_unfinished, 'trial')} unfinished: the same command goes on.")
    if report is not None:
        console.print(f"\nreport: {escape(one_line(str(report)))}", soft_wrap=True)


def _headline(result: SearchResult) -> str:
    outcomes = [_told(trial) for trial in result.trials]
    counts = ", ".join(
        f"{outcomes.count(outcome)} {outcome}"
        for outcome in ("complete", "pruned", "failed", "unfinished")
        if outcome in outcomes
    )
    took = f" in {clock(result.seconds)}" if result.seconds else ""
    total = count(len(outcomes), "trial") + (f" ({counts})" if counts else "")
    return f"{one_line(result.study_name)}: {total}{took}"


def _told(trial: TrialRecord) -> str:
    """A trial's outcome; one that the search has left for the next call does not run."""
    return "unfinished" if trial.outcome == "running" else trial.outcome


def _why_no_best(records: StudyRecords) -> str:
    """What a person can do where no trial has completed."""
    failed = [trial for trial in records.trials if trial.outcome == "failed"]
    if not failed:
        return "No trial has completed yet. Run the same command again, or with more time."
    last = failed[-1]
    reason = last.user_attributes.get("cause_message") or last.cause
    return (
        f"No trial has completed, and {len(failed)} of {len(records.trials)} have failed. "
        f"The last one, trial {last.number}: {reason}"
    )


def _best_table(records: StudyRecords, best: TrialRecord) -> Padding:
    table = Table.grid(padding=(0, 2))
    effort = effort_of_trial(records, best.number)
    where = f"at epoch {effort.best_in_words} of {effort.epochs_in_words}"
    if (n_folds := len(effort.epochs)) > 1:
        where = f"in the mean of {n_folds} folds, {where}"
    table.add_row("best trial", f"{best.number}, valid loss {best.value:.4g} {where}")
    for name, value in SearchSpace.from_dict(records.settings.space).complete(best.params).items():
        table.add_row(Text(f"  {name}", style="dim"), Text(format_value(value)))
    return Padding(table, (1, 0))


def score_table(evaluation: EvaluationRecord) -> Table:
    """Scores on the test rows beside those of the references."""
    table = Table(box=box.SIMPLE_HEAD, title_justify="left", header_style="dim")
    table.add_column("on test rows")
    references = list(reversed(evaluation.references))
    names = [REFERENCE_NAMES[one.name] for one in references]
    for column in ("network", "95 % interval", *names):
        table.add_column(column, justify="right")
    for name in evaluation.scores:
        low, high = evaluation.intervals.get(name, (float("nan"),) * 2)
        table.add_row(
            score_name(name),
            _score(evaluation.scores, name),
            f"{readable(name, low):.4g} to {readable(name, high):.4g}",
            *(_score(one.scores, name) for one in references),
        )
    return table


def _score(scores: Mapping[str, float], name: str) -> str:
    return f"{readable(name, scores[name]):.4g}" if name in scores else ""


def print_diagnoses(console: Console, diagnoses: Sequence[Diagnosis]) -> None:
    """The verdict, what else was noticed, and the advice, as indented sentences."""
    for diagnosis in diagnoses:
        label = diagnosis.kind.replace("_", " ").capitalize() + ": "
        style = f"bold {SEVERITY_STYLES[diagnosis.severity]}"
        message = one_line(diagnosis.message.removeprefix(label))
        console.print(Text.assemble((label, style), message))
        for number, advice in enumerate(diagnosis.advice, start=1):
            console.print(Padding(Text(one_line(f"{number}. {advice.text}")), (0, 0, 0, 4)))


def print_studies(results: Sequence[SearchResult], storage: str) -> None:
    """One line per study of a database; names are whole, however wide the terminal is."""
    console = stdout_console()
    if not results:
        console.print(f"no studies in {escape(storage)}", soft_wrap=True)
        return
    table = Table(box=box.SIMPLE_HEAD, header_style="dim")
    for column in ("study", "task"):
        table.add_column(column, no_wrap=True)
    for column in ("trials", "complete/\npruned/\nfailed", "valid\nloss"):
        table.add_column(column, justify="right", no_wrap=True)
    for result in results:
        outcomes = [trial.outcome for trial in result.trials]
        best = result.records.best_trial
        table.add_row(
            Text(one_line(result.study_name)),
            result.records.settings.task,
            str(len(outcomes)),
            "/".join(str(outcomes.count(name)) for name in ("complete", "pruned", "failed")),
            "" if best is None else f"{best.value:.4g}",
        )
    console.width = MAX_WIDTH
    console.print(table)


def print_trial(records: StudyRecords, number: int) -> None:
    """One trial: its hyperparameters, its end, its learning curve.

    Raises:
        StudyError: the study has no trial of that number.
    """
    if not 0 <= number < len(records.trials):
        raise StudyError(
            f"a trial's number must be from 0 to {len(records.trials) - 1} in "
            f"{records.settings.study_name!r}, but got {number}"
        )
    console, trial = stdout_console(), records.trials[number]
    cause = f" ({trial.cause})" if trial.cause else ""
    value = "" if trial.value is None else f", valid loss {trial.value:.4g}"
    console.print(Text(f"trial {number}: {_told(trial)}{cause}{value}", style="bold"))
    console.print(Text(describe_params(trial.params)))
    runs = records.search_runs(number)
    for run in runs:
        if len(runs) > 1:
            console.print(Text(f"\nfold {run.fold + 1} of {len(runs)}", style="bold"))
        console.print(_curve_table(records, run.run_id))


def _curve_table(records: StudyRecords, run_id: int) -> Table:
    metric = records.settings.metric.replace("_", " ")
    table = Table(box=box.SIMPLE_HEAD, header_style="dim")
    columns = ("epoch", "train loss", "valid loss", f"train {metric}", f"valid {metric}")
    for column in (*columns, "learning rate", "gradient norm"):
        table.add_column(column, justify="right")
    for record in records.epochs.get(run_id, ()):
        numbers = (
            record.train_loss,
            record.valid_loss,
            record.train_metric,
            record.valid_metric,
            record.learning_rate,
            record.gradient_norm,
        )
        table.add_row(str(record.epoch), *(f"{number:.3g}" for number in numbers))
    return table


def print_spaces(names: Sequence[str]) -> None:
    """The built-in search spaces, a line each."""
    console = stdout_console()
    for name in names:
        console.print(Text(name))
    console.print(Text("automl spaces NAME shows one.", style="dim"))


def print_space(space: SearchSpace) -> None:
    """A search space: what varies, in which range, when, and why."""
    console = stdout_console()
    for name, parameter in space.parameters.items():
        console.print(Text.assemble((f"{name}  ", "bold"), _range(parameter)))
        conditions = " or ".join(str(condition) for condition in parameter.when)
        if conditions:
            console.print(Padding(Text(f"when {conditions}"), (0, 0, 0, 4)))
        console.print(Padding(Text(parameter.reason, style="dim"), (0, 0, 0, 4)))


def _range(parameter: Parameter) -> str:
    """The values that the search can try, in the words of `--set`."""
    match parameter:
        case FloatParameter() | IntParameter():
            scale = " (log)" if parameter.log else ""
            return f"{parameter.low:g}..{parameter.high:g}{scale}"
        case CategoricalParameter():
            return ", ".join(str(choice) for choice in parameter.choices)
        case FixedParameter():
            return f"{parameter.value} (fixed)"
    raise TypeError(f"unknown kind of parameter {type(parameter).__name__}")


def print_verdict(result: SearchResult) -> None:
    """All verdicts of a study with their advice."""
    console = stdout_console()
    console.print(Text(_headline(result), style="bold"))
    print_diagnoses(console, result.diagnoses)


def print_promotion(promotion: Promotion) -> None:
    """What the full budget has made of a pruned trial."""
    console, number = stdout_console(), promotion.trial_number
    if promotion.value is None:
        console.print(f"trial {number} diverged after {count(promotion.epochs, 'epoch')}")
        return
    before = "" if promotion.value_before is None else f", {promotion.value_before:.4g} then"
    console.print(
        f"trial {number} was pruned after {count(promotion.epochs_before, 'epoch')}{before}; "
        f"after {count(promotion.epochs, 'epoch')} its best valid loss is {promotion.value:.4g} "
        f"(epoch {promotion.best_epoch})"
    )
    console.print(
        f"It went on after epoch {promotion.epochs_kept}, where its state was kept."
        if promotion.epochs_kept
        else "It was trained again from the start: its state was not kept."
    )
    if promotion.best_value is not None:
        verdict = "better than" if promotion.would_be_best else "not better than"
        console.print(f"That is {verdict} the study's best, {promotion.best_value:.4g}.")


def print_findings(findings: Sequence[Finding], storage: str) -> None:
    """What the doctor found, each with the command that mends it."""
    console = stdout_console()
    if not findings:
        console.print(Text(f"{storage}: nothing is wrong"), soft_wrap=True)
    for finding in findings:
        label = finding.kind.replace("_", " ").capitalize() + ": "
        console.print(Text.assemble((label, "bold red"), finding.message))
        if finding.command:
            console.print(Text(f"    {finding.command}"), soft_wrap=True)
