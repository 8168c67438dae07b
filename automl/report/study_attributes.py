"""What a study is about, as Optuna's user attributes: data, metric, verdict, advice, scores.

Optuna Dashboard lists them on the study's page and beside its name, `study.user_attrs` has
them in Python. They are texts for people; programs read the records.
"""

from __future__ import annotations

from automl.commands_to_type import reproducing_command
from automl.diagnostics.headline import headline
from automl.options.values import DEFAULT_STORAGE
from automl.report import result_part
from automl.report.numbers.overview import Overview, overview
from automl.report.numbers.study import StudyTable
from automl.wording.counts import counted
from automl.wording.scores import score_and_interval, score_name, score_text
from storage.records import Diagnosis
from storage.titles import title


def study_attributes(table: StudyTable, storage: str = DEFAULT_STORAGE) -> dict[str, str]:
    """What is known of a study so far, by a name that a person reads; nothing is empty.

    The command is the one that repeats the whole study: what a person typed first says little
    of a study that was continued with other options.
    """
    settings = table.records.settings
    shown = overview(table)
    first = headline(table.records)
    attributes = {
        "task": result_part.TASKS[settings.task].lower(),
        "target": settings.target,
        "objective" if settings.is_objective else "data": settings.data_source,
        "rows": counted(settings.n_rows),
        "metric": score_name(settings.metric or settings.epoch_metric),
        "result": first.standing.sentence if shown.scores else "",
        "best validation loss": _best(shown),
        "verdict": title(first.verdict) if first.verdict is not None else "",
        "advice": _advice(first.verdict),
        **{
            f"test {score_name(one.metric)}": score_and_interval(
                one.metric, one.network, one.interval
            )
            for one in shown.scores
        },
        "command that repeats it": (
            reproducing_command(table.records, storage).command if table.trials else ""
        ),
    }
    return {name: value for name, value in attributes.items() if value}


def _best(shown: Overview) -> str:
    """The best trial's loss, and which one it is."""
    if shown.best is None:
        return ""
    return f"{score_text('loss', shown.best.value)} (trial {shown.best.number})"


def _advice(verdict: Diagnosis | None) -> str:
    """What to do first; the dashboard shows attributes as plain texts, without code in them."""
    if verdict is None or not verdict.advice:
        return ""
    return verdict.advice[0].text.replace("`", "")
