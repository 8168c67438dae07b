"""The model card of an export, README.md: what it is, what it was trained on, how good it is.

The headings follow the model cards of Hugging Face; every number comes from the study's records
and from the schema, so that the card says what terminal and report say.

Source:
    Mitchell et al. 2019, "Model Cards for Model Reporting", arXiv 1810.03993.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from automl.diagnostics.choice import choice_sentences
from automl.diagnostics.headline import headline, shown_diagnoses
from automl.training.trained_model import TrainedModel
from automl.wording.counts import agree, count, listing, trial_words
from automl.wording.numbers import number
from automl.wording.printable import one_line
from automl.wording.references import REFERENCE_NAMES
from automl.wording.scores import interval_text, score_name, score_text, scores_in_order
from automl.wording.settings import parameter_text
from storage.answers import evaluation_of, study_answer, trials_of
from storage.records import StudyRecords
from storage.score_records import AnswerRecord, EvaluationRecord

SHOWN_CATEGORIES: Final = 8

TASKS: Final[Mapping[str, str]] = {
    "binary": "classification into two classes",
    "multiclass": "classification",
    "regression": "regression",
}

TAGS: Final[Mapping[str, str]] = {
    "binary": "tabular-classification",
    "multiclass": "tabular-classification",
    "regression": "tabular-regression",
}


def model_card(
    model: TrainedModel,
    schema: Mapping[str, Any],
    records: StudyRecords | None = None,
    answer: AnswerRecord | None = None,
    use: str = "",
) -> str:
    """The card as Markdown.

    Args:
        schema: the model's `input_schema`.
        records: of the study that it comes from; None: of none, and little can be said.
        answer: of that study, whose model it is.
        use: the part on how to use it, Markdown.
    """
    title = model.target if records is None else records.settings.study_name
    known = records is not None and answer is not None
    parts = [
        _front_matter(model, schema),
        f"# {_text(title)}\n",
        *(_standing(records, answer) if records is not None and answer is not None else ()),
        f"## Model\n\n{_model(model, records, answer)}",
        f"## Data\n\n{_data(model, schema, records)}",
    ]
    if known and records is not None and answer is not None:
        parts += [f"## Scores\n\n{_scores(records, answer)}", *_verdict(records, answer)]
    parts += [f"## Limits\n\n{_limits(model, records)}", f"## How to use\n\n{use}"]
    return "\n".join(parts)


def _front_matter(model: TrainedModel, schema: Mapping[str, Any]) -> str:
    lines = ["library_name: pytorch", "tags: [automl-torch]"]
    if schema["kind"] == "table":
        lines.insert(1, f"pipeline_tag: {TAGS[model.task]}")
    return "---\n" + "\n".join(lines) + "\n---\n"


def _standing(records: StudyRecords, answer: AnswerRecord) -> Iterator[str]:
    """The first two sentences of every surface, of the study's own answer alone."""
    if answer == study_answer(records):
        yield "\n\n".join(_text(line) for line in headline(records).lines) + "\n"


def _model(model: TrainedModel, records: StudyRecords | None, answer: AnswerRecord | None) -> str:
    n = len(model.members)
    n_parameters = sum(each.numel() for one in model.modules for each in one.parameters())
    is_of_several = records is not None and answer and len(trials_of(records, answer)) > 1
    mean = "weighted mean" if is_of_several else "mean"
    together = f", which predict together by their {mean}" if n > 1 else ""
    lines = [
        f"{count(n, 'network')} of the family {model.members[0].network.run.family}{together}: "
        f"{count(n_parameters, 'parameter')}. The task is {TASKS[model.task]} of "
        f"{_text(model.target)}.\n"
    ]
    if model.threshold is not None:
        lines.append(
            f"The second class, {_text(str(model.classes_[1]))}, is predicted where its "
            f"probability is above {model.threshold:.4g}, a threshold that was found on "
            "validation rows.\n"
        )
    if model.weight is not None:
        lines.append(
            f"Rows were weighed by the column {_text(model.weight)}, in training and in all "
            "scores: an error in a row counted as often as the row weighs. Rows to predict need "
            "no such column; train.py asks for it.\n"
        )
    if records is None or answer is None:
        return "\n".join(lines)
    numbers = trials_of(records, answer)
    lines.append(f"It is made of {trial_words(numbers)} of a search over hyperparameters:\n")
    varied = [trial for trial in records.trials if trial.number in numbers]
    names = list(dict.fromkeys(name for trial in varied for name in trial.params))
    head = ["hyperparameter", *(f"trial {trial.number}" for trial in varied)]
    rows = [
        [name, *(parameter_text(t.params[name]) if name in t.params else "" for t in varied)]
        for name in names
    ]
    return "\n".join([*lines, _table(head, rows)])


def _data(model: TrainedModel, schema: Mapping[str, Any], records: StudyRecords | None) -> str:
    lines = []
    if records is not None:
        settings = records.settings
        rows = listing([f"{n:,} to {_PURPOSES[name]}" for name, n in settings.n_rows.items()])
        lines.append(f"{_text(settings.data_source)}, rows: {rows}.\n")
        folds = settings.split.get("n_folds")
        if isinstance(folds, int) and folds > 1:
            lines.append(
                f"Each trial is trained on {folds} folds of the rows that are not test.\n"
            )
    if schema["kind"] == "array":
        shape = " x ".join(map(str, schema["shape"]))
        lines.append(f"Each row is an array of {shape}, {schema['dtype']}.\n")
        return "\n".join(lines)
    used = [column for column in schema["columns"] if column["used"]]
    left_out = [column for column in schema["columns"] if not column["used"]]
    head = ["column", "kind", "values", "a missing one"]
    lines.append(_table(head, [_column_row(column) for column in used]))
    if left_out:
        shown = [f"{_text(one['name'])} ({_text(one['why_not_used'])})" for one in left_out]
        lines.append(f"Not read: {', '.join(shown)}.\n")
    if model.task != "regression":
        classes = ", ".join(_text(str(value)) for value in model.classes_[:50])
        lines.append(f"Classes, in the order of their probabilities: {classes}.\n")
    return "\n".join(lines)


_PURPOSES: Final[Mapping[str, str]] = {"train": "train", "valid": "validate", "test": "test"}


def _column_row(column: Mapping[str, Any]) -> list[str]:
    return [column["name"], column["kind"], _values(column), column["missing"]["means"]]


def _values(column: Mapping[str, Any]) -> str:
    if column["kind"] == "categorical":
        known = column["categories"]
        more = len(known) - SHOWN_CATEGORIES
        return ", ".join(known[:SHOWN_CATEGORIES]) + (f" and {more} more" if more > 0 else "")
    if column["kind"] == "date":
        return str(column["written"]["dates"]["pattern"] or "dates")
    if column["kind"] == "boolean":
        return "yes and no" if column["written"]["truth_values"] else "0 and 1"
    ends = [number(end, 4) for end in column.get("train_range", ())]
    unit = f" {column['unit']}" if column["unit"] else ""
    return " to ".join(ends) + unit


def _scores(records: StudyRecords, answer: AnswerRecord) -> str:
    evaluation = evaluation_of(records, answer, "test")
    if evaluation is None:
        return (
            "These networks have not been scored on test rows: only the study's answer is, when a "
            "search ends.\n"
        )
    names = scores_in_order(evaluation.scores, records.settings)
    references = [one.name for one in evaluation.references]
    head = ["score", "this model", "95 % interval", *(REFERENCE_NAMES[one] for one in references)]
    rows = [_score_row(evaluation, name) for name in names]
    n_rows = records.settings.n_rows.get("test", 0)
    said = (
        f"On {count(n_rows, 'test row')} that neither training nor search has seen. Intervals are "
        "of the bootstrap over these rows; the references were fitted on the same train rows.\n"
    )
    return "\n".join([said, _table(head, rows)])


def _score_row(evaluation: EvaluationRecord, name: str) -> list[str]:
    interval = evaluation.intervals.get(name)
    return [
        score_name(name),
        score_text(name, evaluation.scores[name]),
        interval_text(name, interval) if interval else "–",
        *(score_text(name, one.scores.get(name)) for one in evaluation.references),
    ]


def _verdict(records: StudyRecords, answer: AnswerRecord) -> Iterator[str]:
    if answer != study_answer(records):
        return
    said = [f"- {_text(one.message)}" for one in shown_diagnoses(records)]
    said += [f"- {_text(sentence)}" for sentence in choice_sentences(records)]
    if said:
        yield "## Verdict\n\n" + "\n".join(said) + "\n"


def _limits(model: TrainedModel, records: StudyRecords | None) -> str:
    limits = [
        "It was trained on one table, and is right about rows that come from where those came "
        "from. Rows of another time, place or way of measuring may be predicted badly, without a "
        "sign of it.",
        "Numbers far outside the ranges above, and categories that are not listed, are predicted "
        "all the same, by what was learned of others.",
        "A prediction says what goes with what in the data, not what causes what; whether groups "
        "of people are treated alike was not looked at.",
    ]
    if model.task == "regression":
        limits.append("A prediction is one number, without an interval.")
    else:
        limits.append(
            "Probabilities follow the frequencies of classes in the train rows"
            + (
                ", but were moved on purpose: classes were weighed inversely to them."
                if records is not None and records.settings.class_weights
                else "; where classes are more or less frequent, they are off."
            )
        )
    n_test = 0 if records is None else records.settings.n_rows.get("test", 0)
    if records is not None and n_test < 1000:
        limits.append(
            f"{count(n_test, 'test row')} {agree(n_test, 'is', 'are')} few: look at the "
            "intervals, not at the scores alone."
        )
    return "\n".join(f"- {limit}" for limit in limits) + "\n"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(_text, cells))} |" for cells in lines) + "\n"


def _text(text: str) -> str:
    """A text of a person's as Markdown that says it and does nothing else."""
    return "".join(f"\\{sign}" if sign in "\\|<>`*[]" else sign for sign in one_line(text))
