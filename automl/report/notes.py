"""Markdown notes for Optuna Dashboard: on the study, on the best trials, on failed ones.

The dashboard renders Markdown with raw HTML and formulas, so every text from data is escaped.
"""

from __future__ import annotations

import html
import re

from automl.diagnostics.wording import count
from automl.report import alternatives, result_part, verdict_part
from automl.report.figures import style
from automl.report.numbers.overview import overview
from automl.report.numbers.search import effort
from automl.report.numbers.trials import StudyTable, Trial
from storage.records import CAUSES

N_BEST_NOTES = 20
N_FAILED_NOTES = 50  # the newest; a note is a row that the dashboard reads at every request


def study_note(table: StudyTable) -> str:
    """Best configuration, scores, verdict and advice."""
    records, shown = table.records, overview(table)
    lines = [f"## {plain(records.settings.study_name)}", ""]
    if shown.best is None:
        lines.append("No trial has completed yet.")
    else:
        loss = style.number(shown.best.valid_loss)
        lines += [f"**Best: trial {shown.best.number}, validation loss {loss}**", ""]
        lines += [f"* {plain(sentence)}" for sentence in result_part.certainty(shown)]
        lines += _scores(result_part.score_head(shown), result_part.score_rows(shown))
        lines += ["", *_params(table.ranked[0])]
    verdicts, _ = verdict_part.verdicts(records)
    for verdict in verdicts:
        lines += ["", f"### {verdict.label}: {plain(verdict.kind)}", "", plain(verdict.message)]
        for index, (text, options) in enumerate(verdict.advice):
            code = f" `{options.replace('`', '')}`" if options else ""
            lines += [""] * (index == 0) + [f"{index + 1}. {plain(text)}{code}"]
    lines += ["", alternatives.of_effort(effort(table))]
    return "\n".join(lines)


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
        lines.append(f"**Rank {rank}**, validation loss {style.number(trial.value)}")
    if trial.cause:
        lines.append(f"**{plain(trial.cause)}**: {CAUSES.get(trial.cause, '')}".rstrip(": "))
    if trial.best:
        effort = trial.effort
        lines.append(
            f"Best epoch {effort.best_in_words} of {effort.epochs_in_words}: train loss "
            f"{style.number(trial.train_loss)}, gap {style.number(trial.gap)}."
        )
    if trial.n_parameters:
        seconds = alternatives.duration(trial.effort.seconds)
        lines.append(f"{count(trial.n_parameters, 'parameter')}, {seconds} of training.")
    return "\n\n".join(lines)


def _params(trial: Trial) -> list[str]:
    rows = [
        f"| {plain(name)} | {plain(result_part.parameter_text(value))} |"
        for name, value in trial.params.items()
    ]
    return ["| hyperparameter | value |", "|---|---|", *rows]


def _scores(head: list[str], rows: list[tuple[str, ...]]) -> list[str]:
    if not rows:
        return []
    titles = ["", "| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    return titles + ["| " + " | ".join(plain(cell) for cell in row) + " |" for row in rows]


def plain(text: str) -> str:
    """Text that Markdown shows as it is: HTML and Markdown's own signs are escaped."""
    one_line = " ".join(text.split())
    return re.sub(r"([\\`*_{}\[\]#|$~!])", r"\\\1", html.escape(one_line, quote=False))
