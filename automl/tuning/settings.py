"""From the data and a person's options to the settings that a study is made with."""

from __future__ import annotations

import importlib.metadata
import platform
import time
from pathlib import Path
from typing import Any

from automl.data.loaded import LoadedData
from automl.data.targets import Target
from automl.errors import ConfigError
from automl.executors.environment import place_of_training
from automl.models.own.reference import BuilderReference
from automl.options.data_options import DataOptions
from automl.options.option import options_of, plain_number
from automl.options.search_options import SearchOptions
from automl.training.batches import n_measured_valid
from automl.wording.option_names import named
from automl.wording.printable import one_line
from search_spaces import SearchSpace
from storage.records import Json, StudyRecords, StudySettings
from storage.score_records import METRICS

VERSIONED = ("automl-torch", "torch", "optuna", "scikit-learn", "numpy", "pandas")
"""Packages whose versions are kept with a study: results may depend on them."""


def study_name_of(data: LoadedData) -> str:
    """The default name of a study: the data's name and the target's, so that it can be typed."""
    return one_line(f"{data.name}-{data.goal.name}")


def make_settings(
    data: LoadedData,
    space: SearchSpace,
    options: SearchOptions,
    *,
    is_from_files: bool = False,
) -> StudySettings:
    """Everything that is fixed when a study is made.

    Args:
        space: that of the options, as it is searched.
        is_from_files: whether all of the data can be read again.

    Raises:
        ConfigError: target_error is no error rate, where classes are predicted; or the metric is
            not one of the task.
    """
    _check_target_error(options.target_error, data.goal.task)
    _check_metric(options.metric, data.goal)
    return StudySettings(
        study_name=options.study or study_name_of(data),
        is_named=options.study is not None,
        task=data.goal.task,
        loss=data.goal.loss,
        target=data.goal.name,
        data_source=data.source,
        data_fingerprint=data.fingerprint,
        split=data.split,
        space=space.to_dict(),
        space_source=_space_source(options),
        space_changes=tuple(options.set),
        class_weights=data.dataset.folds[0].class_weights is not None,
        class_names=data.goal.class_names,
        class_type=data.goal.reading.class_type,
        n_rows=data.n_rows,
        n_measured=n_measured_valid(data.dataset.folds[0].valid.targets),
        n_features=data.dataset.folds[0].encoding.n_features,
        columns=data.columns,
        target_error=options.target_error,
        data_options=data_options(options),
        is_from_files=is_from_files,
        command=options.command,
        versions=installed_versions(),
        created_at=time.time(),
        max_epochs=options.max_epochs,
        patience=options.patience,
        epoch_steps=options.epoch_steps,
        portfolio=options.portfolio,
        seed=options.seed,
        warm_start=earlier_names(options),
        widen=options.widen,
        metric=options.metric,
        max_parameters=plain_number(options.max_parameters),
        max_latency=plain_number(options.max_latency),
        latency_rows=options.latency_rows,
    )


def earlier_names(options: SearchOptions) -> tuple[str, ...]:
    """The earlier studies that are learned from, each once, as they are kept."""
    return tuple(dict.fromkeys(map(study_name_in, options.warm_start)))


def study_name_in(given: str | StudyRecords) -> str:
    """The name of an earlier study as it is kept: as it was typed, or that of its records."""
    return given if isinstance(given, str) else given.settings.study_name


def objective_settings(
    reference: BuilderReference, space: SearchSpace, options: SearchOptions
) -> StudySettings:
    """The same of an objective: what is known of it are its words and a digest of its code.

    Args:
        reference: of the objective.
        space: as it is searched.
    """
    return StudySettings(
        study_name=options.study or one_line(reference.words.rpartition(":")[2]),
        is_named=options.study is not None,
        task="objective",
        loss="objective",
        target="",
        data_source=reference.words,
        data_fingerprint=reference.digest,
        split={},
        space=space.to_dict(),
        space_source=_space_source(options),
        space_changes=tuple(options.set),
        command=options.command,
        versions=installed_versions(),
        created_at=time.time(),
        max_epochs=options.max_epochs,
        patience=options.patience,
        seed=options.seed,
        warm_start=earlier_names(options),
        widen=options.widen,
    )


def data_options(options: DataOptions) -> dict[str, Json]:
    """How the data were read, as plain values; without rows that were given as objects."""
    return {name: _plain(getattr(options, name)) for name in options_of(DataOptions)}


def _plain(value: Any) -> Json:
    if isinstance(value, (str, int, float)):
        return value
    if isinstance(value, tuple):
        return list(value)
    return str(value) if isinstance(value, Path) else None


def _space_source(options: SearchOptions) -> str:
    """The space as a person can name it again; "SearchSpace" where it is an object."""
    space = options.space
    return "SearchSpace" if isinstance(space, SearchSpace) else str(space)


def installed_versions() -> dict[str, str]:
    """Versions of Python and of the packages that results may depend on."""
    versions = {"python": platform.python_version()}
    for package in VERSIONED:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = "not installed"  # this project itself, run from a checkout
    return versions


def environment(trainer: str, device: str) -> dict[str, str]:
    """What the numbers of a call may depend on beside its settings, by what it is of.

    Args:
        trainer: as `Problem.trainer` names it.
    """
    return {**installed_versions(), **place_of_training(trainer, device)}


def _check_metric(metric: str | None, goal: Target) -> None:
    suited = METRICS[goal.task]
    if metric is None or metric in suited:
        return
    kind = "a quantity" if goal.task == "regression" else f"one of {goal.n_classes} classes"
    raise ConfigError(
        f"metric for {goal.task} must be one of {', '.join(suited)}, but got {metric!r}: "
        f"{goal.name!r} is read as {kind}; if it is not, say so with {named('task')}"
    )


def _check_target_error(target_error: float | None, task: str) -> None:
    if target_error is not None and task != "regression" and target_error > 1:
        raise ConfigError(
            f"target_error must be an error rate, as 0.05 for 5 %, but got {target_error:g}"
        )
