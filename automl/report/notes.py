"""Markdown notes for Optuna Dashboard: on the study, on the best trials, on failed ones.

The dashboard renders Markdown with raw HTML and formulas, so every text from data is escaped.
"""

from __future__ import annotations

import html
import re

from automl.commands_to_type import pauses_explained
from automl.options.values import DEFAULT_STORAGE
from automl.report import result_part, verdict_part
from automl.report.numbers.effort import effort
from automl.report.numbers.overview import overview
from automl.report.numbers.study import StudyTable
from automl.report.numbers.trials import Trial
from automl.wording.counts import count
from automl.wording.numbers import duration
from automl.wording.scores import score_text
from automl.wording.settings import parameter_text
from storage.records import CAUSES

N_BEST_NOTES = 20
ON_IMPORTANCES = (
    "Importances on these pages are the report's, of trials compared at equal epochs, while "
    "`automl dashboard` serves them; `optuna-dashboard` computes its own, of complete trials only."
)
N_FAILED_NOTES = 50  # the newest; a note is a row that the dashboard reads at every request


def study_note(table: StudyTable, no_importances: str = "", storage: str = DEFAULT_STORAGE) -> str:
    """Best configuration, scores, verdict and advice.

    Args:
        no_importances: why the plot of importances is empty, if it is.
        storage: as a person names it, for the command that goes on with a trial.
    """
    records, shown = table.records, overview(table)
    lines = [f"## {plain(records.settings.study_name)}", ""]
    if shown.best is None:
        lines.append("No trial has completed yet.")
    else:
        loss = score_text("loss", shown.best.value)
        lines += [f"**{plain(shown.standing.sentence)}**", ""] if shown.scores else []
        lines += [f"**Best: trial {shown.best.number}, validation loss {loss}**", ""]
        lines += [f"* {plain(sentence)}" for sentence in result_part.certainty(shown)]
    for verdict in verdict_part.verdicts(records)[0]:
        lines += ["", *_verdict(verdict)]
    if shown.best is not None:
        lines += _scores(result_part.score_head(shown), result_part.score_rows(shown))
        lines += ["", "### Best configuration", "", *_params(table.ranked[0])]
    lines += ["", effort(table).in_words]
    if explained := pauses_explained(records, storage):
        lines += ["", marked(explained)]
    lines.append("")
    lines.append(f"{plain(no_importances)} {ON_IMPORTANCES}".strip())
    return "\n".join(lines)


def _verdict(verdict: verdict_part.Verdict) -> list[str]:
    kind = plain(verdict.kind)
    is_said = verdict.kind.startswith(verdict.label)  # "Good fit" needs no "Good" before it
    lines = [f"### {kind if is_said else f'{verdict.label}: {kind}'}", "", marked(verdict.message)]
    for index, (text, options) in enumerate(verdict.advice):
        code = f" {_code(options)}" if options else ""
        lines += [""] * (index == 0) + [f"{index + 1}. {marked(text)}{code}"]
    return lines


def trial_notes(table: StudyTable) -> dict[int, str]:
    """Notes of the best trials and of the newest failed ones, by trial number."""
    notes = {
        t.number: trial_note(t, rank + 1) for rank, t in enumerate(table.ranked[:N_BEST_NOTES])
    }
    failed = [t for t in table.trials if t.outcome == "failed"][-N_FAILED_NOTES:]
    return notes | {t.number: trial_note(t, None) for t in failed}


def trial_note(trial: Trial, rank: int | None) -> str:
    """What the dashboard's own columns do not say of a trial."""
    lines = []
    if rank is not None:
        lines.append(f"**Rank {rank}**, validation loss {score_text('loss', trial.value)}")
    if cause := trial.record.cause:
        lines.append(f"**{plain(cause)}**: {CAUSES.get(cause, '')}".rstrip(": "))
    if trial.best:
        effort = trial.effort
        lines.append(
            f"Best epoch {effort.best_in_words} of {effort.epochs_in_words}: train loss "
            f"{score_text('loss', trial.train_loss)}, gap {score_text('loss', trial.gap)}."
        )
    if trial.n_parameters:
        seconds = duration(trial.effort.seconds)
        lines.append(f"{count(trial.n_parameters, 'parameter')}, {seconds} of training.")
    return "\n\n".join(lines)


def _params(trial: Trial) -> list[str]:
    rows = [
        f"| {plain(name)} | {plain(parameter_text(value))} |"
        for name, value in trial.params.items()
    ]
    return ["| hyperparameter | value |", "|---|---|", *rows]


def _scores(head: list[str], rows: list[tuple[str, ...]]) -> list[str]:
    if not rows:
        return []
    titles = ["", "### On test rows", "", "| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    return titles + ["| " + " | ".join(plain(cell) for cell in row) + " |" for row in rows]


def marked(text: str) -> str:
    """Text whose `quoted` parts are set as code, as messages write options; all is escaped."""
    pieces = re.split(r"`([^`]*[^`\s][^`]*)`", text)
    return "".join(_code(p) if i % 2 else _escaped(p) for i, p in enumerate(pieces))


def _code(text: str) -> str:
    """Code on one line; nothing inside means anything to Markdown but the sign that ends it."""
    return f"`{' '.join(text.split()).replace('`', '')}`"


def plain(text: str) -> str:
    """Text that Markdown shows as it is: HTML and Markdown's own signs are escaped."""
    return _escaped(" ".join(text.split()))


def _escaped(text: str) -> str:
    one_line = re.sub(r"\s+", " ", text)
    return re.sub(r"([\\`*_{}\[\]#|$~!])", r"\\\1", html.escape(one_line, quote=False))
