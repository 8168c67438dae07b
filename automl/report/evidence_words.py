"""What a verdict rests on, in words: "loss on train rows", "share of dead units at the end".

Diagnoses keep their evidence under names of the code. A name that has no words here is shown
with its underscores as spaces, and its value by its type, so that a new verdict can be read
before it has words of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from automl.diagnostics.wording import number, percent
from storage.records import Diagnosis, Json

MAX_PARTS = 12  # a longer list cannot be read in a line

WORDS: Mapping[str, str] = {
    "train_loss": "loss on train rows",
    "valid_loss": "loss on validation rows",
    "valid_loss_standard_error": "its standard error",
    "train_metric": "error on train rows",
    "valid_metric": "error on validation rows",
    "generalization_gap": "gap between the two losses",
    "gap_in_standard_errors": "gap in standard errors",
    "baseline_loss": "loss of guessing",
    "baseline_is_measured": "loss of guessing was measured",
    "lowest_train_loss": "lowest loss on train rows",
    "best_epoch": "best epoch",
    "n_epochs": "epochs trained",
    "rise_after_best_epoch": "rise of the validation loss after the best epoch",
    "overfitting_from_epoch": "validation loss rises from epoch",
    "lost_share": "share of what was learned that is lost on new rows",
    "gain_over_guessing": "loss below that of guessing",
    "gain_standard_error": "standard error of that gain",
    "gain_is_paired": "gain measured row by row",
    "gain_of_trial": "trial of that gain",
    "gain_rows": "rows of that gain",
    "gradient_left": "share of the gradient that reaches the first layer",
    "input_gradient_over_output_gradient": "gradient at the input over that at the output",
    "largest_gradient_norm": "largest gradient norm",
    "update_ratio": "update over weight, median",
    "weight_growth": "growth of the weights",
    "dead_fraction_at_start": "dead units before training",
    "dead_fraction_at_end": "dead units at the end",
    "saturated_fraction_at_start": "saturated units before training",
    "saturated_fraction_at_end": "saturated units at the end",
    "n_layers": "hidden layers",
    "n_parameters": "hyperparameters searched",
    "n_trials": "trials",
    "wanted": "trials wanted",
    "n_late": "trials whose best epoch is among the last",
    "n_best": "best trials looked at",
    "n_crowded": "of these at that end",
    "chance": "chance of so many there by luck",
    "slope_t": "slope towards the end of the range, in standard errors",
    "low": "low end of the range",
    "high": "high end of the range",
    "end": "end of the range",
    "max_epochs": "epochs allowed",
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
    "bias_and_noise": "bias and noise",
    "net_variance": "variance less that of the seeds",
    "variance_interval": "95 % interval of the variance",
    "variance_at_half": "variance with half of the rows",
    "variance_at_half_interval": "95 % interval of that",
    "subject": "found in",
    "value": "measured",
    "n_rows": "rows",
    "n_duplicated": "rows that repeat another",
    "reference": "held against",
    "reference_loss": "loss of that",
    "avoidable_bias": "loss that could be avoided",
    "best_train_loss": "lowest train loss of any trial",
    "n_trainings": "networks trained for it",
}

WORDS_OF_KIND: Mapping[str, Mapping[str, str]] = {
    "smaller_equal": {"n_parameters": "its parameters"},
}
"""Where a name means something else in a verdict of one kind."""

SHARES = frozenset({"share", "chance", "gradient_left"})
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
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and (name in SHARES or name.endswith("_share") or "fraction" in name):
        return percent(float(value))  # type: ignore[arg-type]
    if name.endswith("_interval") and isinstance(value, Sequence) and len(value) == 2:
        return " to ".join(map(evidence_text, value))
    return evidence_text(value)
