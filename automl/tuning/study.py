"""Opening a study: made once with fixed settings, continued only with the same.

What a trial's value depends on is fixed when the study is made: data, target, split, loss,
space, epochs, patience, seed. A call that brings other values gets an error that names what
differs, since mixing them would make trials incomparable. How to search (number of trials,
time, sampler, pruner) is free, and recorded from which trial on. What error the person hopes
for is free as well: a new one takes the old one's place, and the verdict is held against it. So is
the metric by which the answer is chosen; a new one is written with the answer that it has chosen
(`agree_on_metric`), since all that is said of an answer goes by the study's. What it has learned
from stays with it, whether a call says so again or not.
"""

from __future__ import annotations

import itertools
import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

import optuna

from automl.commands_to_type import continuing_command, study_call
from automl.errors import StudyError, did_you_mean, not_ours
from automl.options.option import options_of
from automl.options.search_options import FixedOptions
from automl.options.values import DEFAULT_STORAGE
from automl.wording.option_names import is_typed, named
from automl.wording.printable import one_line
from automl.wording.settings import differing_settings, value_text
from search_spaces.declared import family_of, model_of
from search_spaces.hyperparameters import HYPERPARAMETERS, REGISTERED_FAMILIES
from search_spaces.portfolio import known_good
from storage import Store
from storage.call_records import PolicyRecord
from storage.earlier_records import EarlierStudy
from storage.records import StudyRecords, StudySettings

LOG = logging.getLogger("automl")

_STORED = {field.name for field in fields(StudySettings)}

FIXED = (
    "data_fingerprint",
    *(name for name in options_of(FixedOptions) if name in _STORED),
    *("split", "columns"),  # what the other options came to
)
"""The fields of StudySettings that a continued study must bring again."""

SPLIT_OPTIONS = {"n_folds": "folds", "seed": "split_seed"}
"""Options whose names are not those of the fields of a split."""

MOST_TOLD = 5
"""Differences: other data differ in every column."""

MOVABLE = ("split.valid", "split.test")
"""Where files lay: their rows are in the fingerprint, and a file may have been moved."""


def open_study(
    store: Store, settings: StudySettings, earlier: Sequence[EarlierStudy] = ()
) -> optuna.Study:
    """The study of this name: loaded if it is there, else made.

    One that holds nothing, since no trial of it has trained for an epoch, is made anew where it
    was made for something else: so does a person try who mends a network that does not run.

    Raises:
        StudyError: it is there with other settings, or is not one of ours.
    """
    name = settings.study_name
    if name not in store.study_names():
        try:
            return store.create_study(settings, earlier)
        except optuna.exceptions.DuplicatedStudyError:
            pass  # another process has made it meanwhile
    stored = store.read_settings(name)
    if stored is None:
        raise StudyError(
            f"a study must have been made by this program to be continued, but {name!r} in "
            f"{store.url} was not; choose another name with {named('study')}"
        )
    try:
        check_same(stored, settings, store.url)
    except StudyError:
        if not _holds_nothing(store, name):
            raise
        LOG.info("%s is made anew: none of its trials has trained for an epoch", one_line(name))
        store.delete_study(name)
        return open_study(store, settings, earlier)
    changed = _moved(stored, settings)
    if settings.target_error not in (None, stored.target_error):
        changed["target_error"] = settings.target_error
    if changed:
        store.change_settings(name, **changed)
    return optuna.load_study(study_name=name, storage=store.optuna_storage)


def _moved(stored: StudySettings, settings: StudySettings) -> dict[str, Any]:
    """The settings that say where the files lie, as far as they are others by now.

    The rows are the same. Whatever reads them later, as `automl resume` and `diagnose --confirm`,
    finds them there.
    """
    if not (stored.is_from_files and settings.is_from_files):
        return {}
    files = {name: settings.data_options.get(name) for name in ("valid", "test")}
    ends = {path.partition(".")[2] for path in MOVABLE} & stored.split.keys()
    now: dict[str, Any] = {
        "data_source": settings.data_source,
        "data_options": {**stored.data_options, **files},
        "split": {**stored.split, **{name: settings.split[name] for name in ends}},
    }
    return {name: value for name, value in now.items() if value != getattr(stored, name)}


def _holds_nothing(store: Store, name: str) -> bool:
    """Whether a study has trials, none has trained for an epoch, and none is in training now."""
    records, dead = store.read_study(name), store.adoption.dead(name)
    running = {trial.number for trial in records.trials if trial.state == "RUNNING"}
    return bool(records.trials) and not any(records.epochs.values()) and running <= set(dead)


def check_same(
    stored: StudySettings, asked: StudySettings, storage: str = DEFAULT_STORAGE
) -> None:
    """Raise a StudyError that names each fixed setting that differs, as a person gives it."""
    paths = list(_changed_model(stored, asked))
    paths += [
        path
        for field in FIXED
        if field != "warm_start" or asked.warm_start
        if field != "portfolio" or _has_portfolio(asked)
        for path in _differences(field, _plain(stored, field), _plain(asked, field))
        if path not in MOVABLE
    ]
    if not paths:
        return
    told = list(dict.fromkeys(_told(path, stored, asked) for path in paths))
    more = f"; and {len(told) - MOST_TOLD} more" if len(told) > MOST_TOLD else ""
    goes_on = "" if "model" in paths else _continuing(stored, storage)
    raise StudyError(
        f"a study can only be continued with what it was made with, but of "
        f"{stored.study_name!r} {'; '.join(told[:MOST_TOLD])}{more}. For another search use "
        f"{named('new', True)}, or a name of your own: {named('study', 'NAME')}."
        + (f" This one goes on with: {goes_on}" if goes_on else "")
    )


def _continuing(stored: StudySettings, storage: str) -> str | None:
    """How a study goes on as it was made, as a command or a line of Python, where it can."""
    if is_typed():
        return continuing_command(stored, storage)
    return study_call("resume", stored.study_name, storage) if stored.is_from_files else None


def _changed_model(stored: StudySettings, asked: StudySettings) -> Iterator[str]:
    """The function that builds the networks, if its code is another one by now."""
    model = model_of(stored.space)
    is_same = model is not None and model == model_of(asked.space)
    if is_same and stored.versions.get(str(model)) != asked.versions.get(str(model)):
        yield "model"


def _has_portfolio(settings: StudySettings) -> bool:
    """Whether its family has anything that may be tried first; else nobody need want none."""
    return bool(known_good(family_of(settings.space)))


def _plain(settings: StudySettings, field: str) -> Any:
    """A field as JSON would give it back: tuples are lists, keys are strings."""
    value = json.loads(json.dumps(getattr(settings, field), default=list, sort_keys=True))
    if field == "space" and isinstance(value, dict):  # what people read of it decides nothing
        parameters = value.get("parameters") or {}
        for name, parameter in list(parameters.items()):
            for words in ("reason", "meaning", "role"):
                parameter.pop(words, None)
            if _says_nothing(name, parameter, family_of(settings.space)):
                del parameters[name]
    return value


def _says_nothing(name: str, parameter: Mapping[str, Any], family: str) -> bool:
    """Whether it is fixed at what networks have that say nothing of it.

    So a study goes on that was made before there was such a hyperparameter.
    """
    known = HYPERPARAMETERS.get(name) if family in REGISTERED_FAMILIES else None
    if known is None or parameter.get("type") != "fixed":
        return False
    return bool(parameter.get("value") == known.default)


def _differences(path: str, before: Any, now: Any) -> Iterator[str]:
    """The places where two JSON values differ."""
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        for key in sorted({**before, **now}):
            yield from _differences(f"{path}.{key}", before.get(key), now.get(key))
    elif before != now:
        yield path


def _told(path: str, stored: StudySettings, asked: StudySettings) -> str:
    """One difference in words: of an option, a parameter, a column, or the data."""
    field, _, rest = path.partition(".")
    if field == "data_fingerprint" and stored.is_objective and asked.is_objective:
        if stored.data_source == asked.data_source:
            return f"the code of {stored.data_source} has changed since"
        return f"the objective is {stored.data_source} in the study and {asked.data_source} here"
    if field == "data_fingerprint":
        return f"the data are others: {stored.data_source} then, {asked.data_source} now"
    if path == "model":
        return f"the code of {model_of(stored.space)} has changed since"
    if field == "columns" and rest:
        kinds = [one.columns.get(rest, "not there") for one in (stored, asked)]
        return f"column {rest} is {kinds[0]} in the study and {kinds[1]} here"
    option = SPLIT_OPTIONS.get(rest, rest) if field == "split" else field
    name, label, given = f"--{option.replace('_', '-')}", named(option).strip("-="), named(option)
    if rest.startswith("parameters."):
        name = label = rest.split(".")[1]
        given = _assignment(name, asked)
    in_words = differing_settings((stored, asked))
    if name not in in_words and rest:
        return f"{path} differs"
    plain = (value_text(getattr(stored, field)), value_text(getattr(asked, field)))
    before, now = in_words.get(name, plain)
    return f"{label} is {before} in the study and {now} here{given and f' ({given})'}"


def _assignment(name: str, asked: StudySettings) -> str:
    """What set a parameter of the space, if it was a person's option."""
    changes = [one for one in asked.space_changes if one.partition("=")[0].strip() == name]
    return named("set", changes[-1:], typed=changes[-1]) if changes else ""


def agree_on_metric(store: Store, records: StudyRecords, metric: str | None) -> None:
    """Make the metric of this call the study's; a call that says none goes by the study's.

    In the transaction that stores what was chosen by it: all that is said of an answer, and what
    its scores are held against, goes by the study's metric.

    Args:
        records: with the metric that was chosen by.
        metric: that this call has said.

    Raises:
        StudyError: it has said none, and the study's is another by now.
    """
    name = records.settings.study_name
    if metric is None:
        check_metric(store, records)
    elif metric_of(store, name) != metric:
        store.change_settings(name, metric=metric)


def check_metric(store: Store, records: StudyRecords) -> None:
    """Refuse, in a transaction, to store what was found by another metric than the study's.

    Raises:
        StudyError: another call has said another one since the records were read.
    """
    now = metric_of(store, records.settings.study_name)
    if now != records.settings.metric:
        raise StudyError(
            "an answer must be chosen by its study's metric, but another call has said "
            f"{now} meanwhile; give the same search again"
        )


def metric_of(store: Store, study_name: str) -> str | None:
    """What a study's answer is chosen by; None: by the loss."""
    stored = store.read_settings(study_name)
    return None if stored is None else stored.metric


def record_policy(
    store: Store, records: StudyRecords, policy: PolicyRecord, *, is_complete: bool
) -> None:
    """Write down how a call searches; where nothing is left to, what else it asks for.

    Of a call that searches nothing there is no record where the last one has asked for the same.

    Args:
        is_complete: whether the study has all that the call asks for, see `SoFar`.
    """
    asked = [_asked_for(one) for one in (*records.policies[-1:], policy)]
    if not is_complete or len(asked) == 1 or asked[0] != asked[1]:
        store.calls.add(records.settings.study_name, replace(policy, searches=not is_complete))


def _asked_for(policy: PolicyRecord) -> PolicyRecord:
    """What a person has chosen of it, without what follows from study and machine."""
    return replace(
        policy,
        from_trial_number=0,
        n_slots=0,
        n_workers=0,
        environment={},
        searches=True,
        untrained=None,
        untrained_trial=None,
    )


def unused_name(store: Store, study_name: str) -> str:
    """The name itself if no study has it, else with the next free number: titanic-Survived-2."""
    taken = set(store.study_names())
    candidates = itertools.chain([study_name], (f"{study_name}-{n}" for n in itertools.count(2)))
    return next(name for name in candidates if name not in taken)


def read_known_study(store: Store, study_name: str) -> StudyRecords:
    """Everything stored of a study of ours.

    Raises:
        StudyError: there is no study of that name, or it was not made by this program.
    """
    names = list(store.study_names())
    if study_name not in names:
        raise StudyError(
            f"there is no study {study_name!r} in {store.url}{did_you_mean(study_name, names)} "
            f"It has: {', '.join(sorted(names)) or 'no studies'}"
        )
    if store.read_settings(study_name) is None:
        raise StudyError(not_ours(f"study {study_name!r} in {store.url}"))
    return store.read_study(study_name)
