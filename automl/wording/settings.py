"""What a study is made with, in the words of the options that say it.

A person who continues a study with other options, or compares two studies, reads
"learning_rate is 1e-05..0.1 in the study and fixed at 0.01 here", not the place of a number in
the stored settings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from automl.wording.numbers import brief_time, number, percent
from search_spaces.declared import is_foreign
from storage.records import StudySettings

NOT_SEARCHED = "not searched"
NONE = "none"

KNOWN_OF_OTHERS = ("--task", "--loss")
"""Of a study that was made with Optuna alone; its patience or seed stand in a person's code."""


def setting_words(settings: StudySettings) -> dict[str, str]:
    """Each option that a study's trials depend on, with its value; parameters of the space last.

    A name with a dash in front is an option's; others are a parameter's.
    """
    split = settings.split
    chosen = {
        "--target": settings.target,
        "--task": settings.task,
        "--loss": settings.loss,
        "--metric": value_text(settings.metric),
        "--group": value_text(split.get("group")),
        "--time": value_text(split.get("time")),
        "--folds": value_text(split.get("n_folds")),
        "--split-seed": value_text(split.get("seed")),
        "--valid": value_text(split.get("valid")),
        "--test": value_text(split.get("test")),
        "--valid-fraction": _share(split.get("valid_fraction")),
        "--test-fraction": _share(split.get("test_fraction")),
        "--class-weights": "on" if settings.class_weights else "off",
        "--weight": value_text(settings.data_options.get("weight")),
        "--epoch-steps": str(settings.epoch_steps),
        "--max-epochs": str(settings.max_epochs),
        "--patience": str(settings.patience),
        "--seed": str(settings.seed),
        "--portfolio": "on" if settings.portfolio else "off",
        "--warm-start": ",".join(settings.warm_start) or NONE,
        "--widen": "on" if settings.widen else "off",
        "--max-parameters": value_text(settings.max_parameters),
        "--max-latency": value_text(settings.max_latency and brief_time(settings.max_latency)),
        "--latency-rows": str(settings.latency_rows),
    }
    return {**chosen, **{name: range_words(entry) for name, entry in _parameters(settings)}}


def differing_settings(studies: Sequence[StudySettings]) -> dict[str, tuple[str, ...]]:
    """The settings in which studies are not alike, with the words of each study."""
    described = [setting_words(settings) for settings in studies]
    names = dict.fromkeys(name for words in described for name in words)
    if any(is_foreign(settings.space) for settings in studies):
        names = {name: None for name in names if name in KNOWN_OF_OTHERS or name[:2] != "--"}
    rows = {name: tuple(words.get(name, NOT_SEARCHED) for words in described) for name in names}
    return {name: words for name, words in rows.items() if len(set(words)) > 1}


def value_text(value: object) -> str:
    """A value as it is typed, with all that it takes to type it again: "1e-05", "adam", "none"."""
    if value is None:
        return NONE
    return f"{value:g}" if isinstance(value, float) else str(value)


def range_text(low: object, high: object) -> str:
    """A range as it is typed: "1e-05..0.1"."""
    return f"{value_text(low)}..{value_text(high)}"


def range_words(entry: Mapping[str, Any]) -> str:
    """A parameter of a stored space in the words of `--set`: "1e-05..0.1", "adam, sgd"."""
    match entry.get("type"):
        case "fixed":
            return f"fixed at {value_text(entry.get('value'))}"
        case "categorical":
            return ", ".join(map(value_text, entry.get("choices") or ()))
        case _:
            return range_text(entry.get("low"), entry.get("high"))


def explained(meaning: object, reason: object) -> str:
    """What a parameter of a person's own network is, and why a range is what it is."""
    return "; ".join(str(words) for words in (meaning, reason) if words)


def parameter_text(value: object) -> str:
    """A hyperparameter's value for people, with as many digits as matter."""
    return number(value) if isinstance(value, float) else value_text(value)


def _parameters(settings: StudySettings) -> Sequence[tuple[str, Mapping[str, Any]]]:
    parameters = settings.space.get("parameters") or {}
    return list(cast("Mapping[str, Mapping[str, Any]]", parameters).items())


def _share(fraction: Any) -> str:
    return NONE if fraction is None else percent(fraction)
