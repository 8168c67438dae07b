"""What a verdict rests on, in words: "train loss", "dead units at the end".

Diagnoses keep their evidence under names of the code. Each name has its words here, and a value
is shown by its type; names that this version does not write are shown with spaces. A person's own
objective has losses and epochs, but no rows: words that its verdicts use must not speak of any.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from automl.wording.numbers import number, percent
from storage.records import Diagnosis, Json

MAX_PARTS = 12  # a longer list cannot be read in a line

WORDS: Mapping[str, str] = {
    # a fit
    "train_loss": "train loss",
    "valid_loss": "validation loss",
    "valid_loss_standard_error": "its standard error",
    "train_metric": "error on train rows",
    "valid_metric": "error on validation rows",
    "generalization_gap": "gap between the two losses",
    "baseline_loss": "loss of guessing",
    "baseline_is_measured": "loss of guessing was measured",
    "lowest_train_loss": "lowest train loss",
    "best_epoch": "best epoch",
    "n_epochs": "epochs trained",
    "last_progress": "share of the fall in the last fifth of the epochs",
    "rise_after_best_epoch": "rise of the validation loss after the best epoch",
    "overfitting_from_epoch": "validation loss rises from epoch",
    "lost_share": "share of what was learned that is lost on new rows",
    "reference": "held against",
    "reference_loss": "loss of that",
    "avoidable_bias": "loss that could be avoided",
    "best_train_loss_of_any_trial": "lowest train loss of any trial",
    "restraints": "held back by",
    "compared_with": "compared with",
    "leader": "better reference",
    "leader_rows": "rows of its lead",
    "leader_gain": "its lead",
    "leader_gain_standard_error": "standard error of its lead",
    "gain_over_guessing": "loss below that of guessing",
    "gain_standard_error": "standard error of that gain",
    "gain_is_paired": "gain measured row by row",
    "gain_of_trial": "trial of that gain",
    "gain_rows": "rows of that gain",
    "cause": "cause",
    # validation rows beside test rows
    "score": "score compared",
    "valid_score": "on validation rows",
    "test_score": "on test rows",
    "difference_in_standard_errors": "difference of the two, in standard errors",
    "gain_difference_in_standard_errors": "difference of what is gained over guessing, "
    "in standard errors",
    "n_valid_rows": "validation rows that trials were chosen by",
    "class": "class predicted for all rows",
    "split": "these rows are",
    "roc_auc": "ROC AUC",
    "balanced_accuracy": "balanced accuracy",
    # the columns that the answer uses
    "loss_shuffled": "with the column shuffled",
    "best_of_others": "most that another column adds",
    "n_idle": "columns without effect",
    "n_repeats": "times that each was shuffled",
    # the layers
    "is_measured_before_training": "start measured before the first step",
    "gradient_left": "largest gradient norm at the end over that at the start",
    "input_gradient_over_output_gradient": "gradient at the input over that at the output, "
    "at the start",
    "largest_gradient_norm": "largest gradient norm at the start",
    "update_ratio": "update over weight, median",
    "weight_growth": "growth of the weights",
    "dead_fraction_at_start": "dead units at the start",
    "dead_fraction_at_end": "dead units at the end",
    "saturated_fraction_at_start": "saturated units at the start",
    "saturated_fraction_at_end": "saturated units at the end",
    "n_layers": "hidden layers",
    "designs": "designs",
    # the search
    "parameter": "hyperparameter",
    "n_parameters": "hyperparameters searched",
    "n_trials": "trials",
    "n_failed": "failures",
    "n_refused": "trials over a limit",
    "n_alike": "of these for the same reason",
    "wanted": "trials wanted",
    "n_late": "trials whose best epoch is among the last",
    "n_best": "best trials looked at",
    "n_complete": "trials that ran to their end",
    "n_crowded": "of these at that end",
    "chance": "chance of so much by luck",
    "explained_rank_variance": "share of the differences in rank explained",
    "slope_t": "slope towards the end of the range, in standard errors",
    "low": "low end of the range",
    "high": "high end of the range",
    "end": "end of the range",
    "excludes_optimum": "the best values lie outside",
    "max_epochs": "epochs allowed",
    "timeout": "seconds given",
    "training_seconds": "seconds of these that trained",
    "longest": "most epochs of a trial",
    "n_fastest": "trials that learned fastest",
    "n_equal": "trials as good as the best",
    "trial": "smaller trial",
    "best_trial": "best trial",
    "best_n_parameters": "parameters of the best network",
    "cost": "loss that the smaller network costs",
    "standard_error": "standard error of the loss",
    "seed_spread": "spread of the loss over seeds",
    "best_spread": "spread of the loss among the best trials",
    "n_repeated": "configurations tried more than once",
    "share": "share",
    "causes": "causes",
    # what was measured by further training
    "label": "advice",
    "advised_by": "given for",
    "changed": "what it changed",
    "changes": "what it asks for",
    "n_tried": "advice tried",
    "n_left_out": "advice left out",
    "n_seeds": "seeds compared",
    "n_seeds_planned": "seeds planned",
    "n_diverged": "seeds that diverged with it alone",
    "loss_before": "validation loss without it",
    "loss_after": "validation loss with it",
    "least_difference": "smallest difference that matters",
    "gain": "loss that it takes off",
    "gain_low": "low end of its 95 % interval",
    "gain_high": "high end of its 95 % interval",
    "measured": "validation loss by number of rows",
    "floor": "loss that no number of rows takes off",
    "scale": "loss above that with one row",
    "exponent": "exponent of the power law",
    "loss": "loss",
    "variance": "variance",
    "bias_and_noise": "bias and noise",
    "net_variance": "variance less that of the seeds",
    "variance_interval": "95 % interval of the variance",
    "variance_at_half": "variance with half of the rows",
    "variance_at_half_interval": "95 % interval of that",
    "n_trainings": "networks trained for it",
    # the data
    "subject": "found in",
    "value": "measured",
    "columns": "columns",
    "splits": "splits",
    "n_rows": "rows",
    "n_inputs": "inputs",
    "n_duplicated": "rows that repeat another",
    "other_target": "share of these with another target",
    "n_possible_per_row": "different rows possible for each row",
    "n_values": "different values",
    "rows_each": "rows of each value",
    "target": "target",
    "weights": "weights of the columns",
    "others": "share that all other columns explain",
    "renames": "share of rows whose class it names",
    "split_by": "split by",
    "marks": "numbers that stand for no value",
    "commonest": "commonest class",
    "train_rows": "train rows of each class",
    "n_classes": "classes",
    "n_beyond": "values far away",
    "farthest": "farthest value",
    "quartiles": "quartiles",
    "variance_share": "share of the variance that these values are",
}

WORDS_OF_KIND: Mapping[str, Mapping[str, str]] = {
    "smaller_equal": {"n_parameters": "its parameters"},
    "shift": {"standard_error": "standard error of the measure"},
    "data_size": {"gain": "loss that twice the rows take off"},
    "possible_group": {"value": "share of test rows with a value of train rows"},
    "one_column": {"loss_before": "validation loss"},
}
"""Where a name means something else in a verdict of one kind."""

SHARES = frozenset({"share", "chance", "last_progress", "other_target", "others", "renames"})
"""Shown as per cent, as are all names that end in `_share` or speak of a fraction."""


def evidence_in_words(diagnosis: Diagnosis) -> tuple[tuple[str, str], ...]:
    """Pairs of words and value, in the given order; what is too long to be read is left out."""
    words = {**WORDS, **WORDS_OF_KIND.get(diagnosis.kind, {})}
    pairs = (
        (words.get(name, name.replace("_", " ")), _value(name, value))
        for name, value in diagnosis.evidence.items()
    )
    return tuple((name, text) for name, text in pairs if text)


def evidence_text(value: Json) -> str:
    """A piece of evidence in a few words; empty for what is too long to be read."""
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "–"}[value]
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return number(value)
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        parts = [f"{name.replace('_', ' ')} {evidence_text(item)}" for name, item in value.items()]
    elif any(isinstance(item, Mapping) for item in value):
        return ""  # a table; the verdict's message says what is in it
    else:
        parts = [evidence_text(item) for item in value]
    return ", ".join(parts) if len(parts) <= MAX_PARTS else ""


def _value(name: str, value: Json) -> str:
    is_share = name in SHARES or name.endswith("_share") or "fraction" in name
    if is_share and isinstance(value, int | float) and not isinstance(value, bool):
        return percent(float(value))
    if name.endswith("_interval") and isinstance(value, Sequence) and len(value) == 2:
        return " to ".join(map(evidence_text, value))
    return evidence_text(value)
