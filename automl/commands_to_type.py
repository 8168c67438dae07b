"""What a person types next: to search as an advice says, or to repeat a whole study.

Both are the study's own command, put together again from what is stored: the options that say
what the data are, the space and its changes, and how the last call searched. The command that
a person typed is not edited, since it may have been one of several, or a call from a notebook.
An option is written where it differs from its default.
"""

from __future__ import annotations

import itertools
import shlex
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from automl.options.option import options_in, options_of
from automl.options.search_options import (
    Deciders,
    EndOptions,
    FreeOptions,
    SearchOptions,
    StudyOptions,
    TuneOptions,
)
from automl.options.values import DEFAULT_STORAGE
from automl.wording.counts import agree, count, listing
from search_spaces.declared import is_foreign, model_of
from storage.call_records import STOPS_IN_ORDER, PolicyRecord
from storage.records import BY_MACHINE, SpaceChange, StudyRecords, StudySettings

ORDERLESS_SAMPLERS = frozenset({"random", "qmc"})
"""They propose by the trial's number alone, whatever has ended before."""

AT_THE_END = ("answer", "keep_models", "references")
"""What a call may ask for of a study in which nothing is left to train."""

CUT_SHORT: Mapping[str, str] = {
    "timed_out": "ended with a trial's time",
    "lost": "died with a process",
    "out_of_memory": "ran out of memory",
    "interrupted": "was stopped by hand",
}
"""Ends that came from the machine or the person, not from the trial; see CAUSES."""


@dataclass(frozen=True, slots=True)
class Reproduction:
    """The command that repeats a whole study, and what it repeats."""

    command: str
    n_exact: int  # trials that are proposed as they were, on any number of workers; the first ones
    is_timed: bool = False  # whether time decided how far the study got
    obstacles: tuple[str, ...] = ()  # why the result will not be the same to the last digit
    earlier: tuple[str, ...] = ()  # studies that it learned from, which must be as they were

    @property
    def is_exact(self) -> bool:
        """Whether it gives the same trials with the same values."""
        return not self.obstacles and not self.is_timed

    @property
    def sentence(self) -> str:
        """What to expect of it."""
        if not self.earlier:
            return self._expectation
        verb = agree(len(self.earlier), "it was", "they were")
        return f"{self._expectation} It learns from {listing(self.earlier)}, as {verb} then."

    @property
    def _expectation(self) -> str:
        where = "on any number of workers, with these versions on the same kind of processor"
        if self.obstacles:
            exact = ""
            if self.n_exact:
                exact = f" Its first {count(self.n_exact, 'trial')} are the same, {where}."
            why = "; ".join(self.obstacles)
            return f"It repeats the search, not each of its numbers: {why}.{exact}"
        if self.is_timed:
            return (
                "How far the search got depended on its time and on the speed of this machine. "
                f"This repeats its {count(self.n_exact, 'trial')} exactly and trains to the end "
                f"what had not ended, {where}."
            )
        return f"It repeats this study trial by trial, {where}."


def next_command(
    records: StudyRecords, changes: Sequence[SpaceChange], storage: str = DEFAULT_STORAGE
) -> str | None:
    """What to type to search again with the changes that an advice proposes.

    The same study goes on where it can (more trials), else there is another one beside it. What
    changes no trial, as the metric, leaves it with what has ended it. Of a study whose data were
    given as an object it is a call in Python, in which `...` stands for what was given.

    Returns:
        None where there is nothing to change, or the study is another program's.
    """
    settings = records.settings
    if not changes or is_foreign(settings.space):
        return None
    options = {**_what(settings), **_how(_last_policy(records)), **_where(storage)}
    changed = {change.parameter for change in changes}
    is_same_study = changed <= options_of(FreeOptions).keys()
    searches = not is_same_study or bool(changed & options_of(EndOptions).keys())
    if searches and any(one.timeout is None for one in records.policies if one.searches):
        options["timeout"] = None  # the person has let it run as long as it takes
    assignments = _assignments(settings.space_changes)
    for change in changes:
        if change.parameter in options_of(SearchOptions):
            options[change.parameter] = _value(change, options.get(change.parameter))
        else:
            assignments[change.parameter] = change.set
    options["set"] = [f"{name}={text}" for name, text in assignments.items()]
    if is_same_study and searches:  # what has ended the study, or is about to, would at once
        options |= {name: None for name in STOPS_IN_ORDER if name not in changed}
    if is_same_study:
        options["study"] = _typed_name(settings)
    else:
        options["new"] = True
    return _command(settings, options)


def reproducing_command(records: StudyRecords, storage: str = DEFAULT_STORAGE) -> Reproduction:
    """The command that repeats the whole study beside it, as one call.

    What is proposed and judged follows from the virtual order (`tuning/order.py`), so that workers
    are no part of it. Times are not either: the number of trials stands for them.
    """
    settings, policy, stop = records.settings, _last_policy(records), records.stop
    others = [name for name in STOPS_IN_ORDER if stop is None or stop.because != name]
    options = {
        **_what(settings),
        **_how(policy),
        **dict.fromkeys(map(str, others)),
        "n_trials": len(records.trials),
        "timeout": None,
        "slots": policy.n_slots or None,
        **_where(storage),
        "new": True,
    }
    return Reproduction(
        _command(settings, options),
        n_exact=min((end for end, _ in _ends_of_sameness(records)), default=len(records.trials)),
        is_timed=_is_timed(records),
        obstacles=tuple(_obstacles(records)),
        earlier=settings.warm_start,
    )


def continuing_command(settings: StudySettings, storage: str = DEFAULT_STORAGE) -> str | None:
    """The command that goes on with a study as it was made; None if its data were an object."""
    if not settings.is_from_files:
        return None
    options = {**_what(settings), "study": _typed_name(settings), "storage": storage}
    return _command(settings, options)


def options_of_last_call(records: StudyRecords, said: Container[str]) -> dict[str, Any]:
    """How the last call searched, and for how long, as far as the next one is to do the same.

    Args:
        said: names of options that a person says anew: another policy asks its own sampler and
            pruner, and another end takes the place of all.

    Returns:
        Values by name of those options of `FreeOptions` that are kept with a call.
    """
    options = _how(_last_policy(records))
    dropped: set[str] = set()
    if "policy" in said:
        dropped |= {"sampler", "pruner"}
    if any(name in said for name in options_of(EndOptions)):
        dropped |= set(options_of(EndOptions))
    return {name: value for name, value in options.items() if name not in dropped}


def study_call(function: str, study_name: str, storage: str = DEFAULT_STORAGE) -> str:
    """A line of Python on a stored study: `automl.load_study('titanic-Survived')`."""
    other = "" if storage == DEFAULT_STORAGE else f", storage={storage!r}"
    return f"automl.{function}({study_name!r}{other})"


def study_command(command: str, study_name: str, storage: str = DEFAULT_STORAGE) -> str:
    """Another command about the same study: `automl diagnose titanic-Survived`."""
    other = [] if storage == DEFAULT_STORAGE else ["--storage", storage]
    return shlex.join(["automl", command, study_name, *other])


def promoting_command(
    study_name: str, trial_number: int | str, storage: str = DEFAULT_STORAGE
) -> str:
    """The command that trains a pruned or paused trial to its end, beside the study."""
    return f"{study_command('promote', study_name, storage)} --trial {trial_number}"


def pauses_explained(records: StudyRecords, storage: str = DEFAULT_STORAGE) -> str:
    """What it means that trials pause, the command last; empty where none does or can."""
    if not storage or all(trial.outcome != "paused" for trial in records.trials):
        return ""
    command = promoting_command(records.settings.study_name, "NUMBER", storage)
    return (
        "Paused trials can go on: with more trials or time the search chooses among them too, "
        f"and one of them is trained to its end by `{command}`"
    )


# The options of a study


def _what(settings: StudySettings) -> dict[str, Any]:
    """What was fixed when the study was made, and what the person hopes for."""
    return {
        **settings.data_options,
        "study": settings.study_name if settings.is_named else None,
        "set": list(settings.space_changes),
        **options_in(settings, StudyOptions),
        "model": model_of(settings.space),
        "space": _typed_space(settings),
        "target_error": settings.target_error,
        "metric": settings.metric,
    }


def _where(storage: str) -> dict[str, Any]:
    """The database; none of a study that is kept nowhere, as an estimator's by default."""
    return {"storage": storage} if storage else {}


def _how(policy: PolicyRecord) -> dict[str, Any]:
    """How a call searched, as far as the person chose it: who decides by default is not named."""
    defaults = asdict(Deciders())
    unsaid = [name for name, default in defaults.items() if getattr(policy, name) == default]
    return options_in(policy, FreeOptions) | dict.fromkeys(unsaid)


def trained_calls(records: StudyRecords) -> tuple[PolicyRecord, ...]:
    """How the calls searched that trained, in their order; the last one may still begin to.

    A call without time for a trial leaves a record too; the next begins with the same trial. One
    that asked for no more than another answer is none of them.
    """
    by_start = {one.from_trial_number: one for one in records.policies if one.searches}
    return tuple(by_start.values())


def _last_policy(records: StudyRecords) -> PolicyRecord:
    """How the last call that trained searched, with what the last of all is to hand over."""
    calls = trained_calls(records)
    if not calls:
        return PolicyRecord(0, **asdict(Deciders()))
    return replace(calls[-1], **{name: getattr(records.policies[-1], name) for name in AT_THE_END})


def _typed_name(settings: StudySettings) -> str | None:
    """The name to type to go on with this very study: none where it is the default one.

    A second study of the same data, made with `--new`, ends in a number.
    """
    if settings.is_objective:
        is_default = settings.data_source.endswith(f":{settings.study_name}")
    else:
        is_default = settings.study_name.endswith(f"-{settings.target}")
    return None if is_default and not settings.is_named else settings.study_name


def _typed_space(settings: StudySettings) -> str:
    """A space that was an object must be written to a file before it can be typed."""
    if settings.space_source == "SearchSpace":
        return f"{settings.space.get('name', 'space')}.toml"
    return settings.space_source


def _assignments(space_changes: Iterable[str]) -> dict[str, str]:
    pairs = (change.partition("=") for change in space_changes)
    return {name.strip(): text.strip() for name, _, text in pairs}


def _value(change: SpaceChange, before: Any) -> Any:
    """The value of an option that an advice changes; one that can come several times is added."""
    if isinstance(getattr(SearchOptions(), change.parameter), tuple):
        return [*(before or ()), change.set]
    try:
        number = float(change.set)
    except ValueError:
        return {"true": True, "false": False}.get(change.set.lower(), change.set)
    return int(number) if number.is_integer() else number


# How it is written


def _command(settings: StudySettings, options: Mapping[str, Any]) -> str:
    if is_foreign(settings.space):
        return f"study.optimize(..., n_trials={options['n_trials']})"
    defaults = TuneOptions() if settings.is_objective else SearchOptions()
    chosen = {
        name: value
        for name, value in options.items()
        if hasattr(defaults, name) and _plain(value) != _plain(getattr(defaults, name))
    }
    if settings.is_objective:
        called = ", ".join(["...", *(f"{name}={value!r}" for name, value in chosen.items())])
        return f"automl.tune({called})"
    if not settings.is_from_files:
        called = ", ".join(f"{name}={value!r}" for name, value in chosen.items())
        return f"automl.search(..., {called})"
    words = [word for name, value in chosen.items() for word in _typed(name, value)]
    return shlex.join(["automl", "search", settings.data_source, *words])


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _typed(name: str, value: Any) -> list[str]:
    option = f"--{name.replace('_', '-')}"
    if value is True:
        return [option]
    if value is False:
        return [f"--no-{option[2:]}"]
    write = options_of(SearchOptions)[name].rule.write
    values = value if isinstance(value, list | tuple) else [value]
    return [word for each in values for word in (option, write(each))]


# Whether it is the same again


def _obstacles(records: StudyRecords) -> Iterable[str]:
    """What decided the study beside its settings, in the order of weight."""
    settings = records.settings
    if settings.is_objective and not is_foreign(settings.space):
        yield (
            f"its objective, {settings.data_source}, and its space are code, with which the call "
            "must be made again"
        )
    elif not settings.is_from_files and not settings.is_objective:
        yield (
            f"its data were given as an object ({settings.data_source}), with which the call "
            "must be made again"
        )
    if settings.space_source == "SearchSpace" and not settings.is_objective:
        yield "its space was given as an object, and must be written to the file that is named"
    causes = [trial.cause for trial in records.trials if trial.cause in CUT_SHORT]
    for cause in dict.fromkeys(causes):
        yield f"{count(causes.count(cause), 'trial')} {CUT_SHORT[str(cause)]}"
    yield from dict.fromkeys(reason for _, reason in _ends_of_sameness(records))
    if any(one.device != "cpu" for one in trained_calls(records)):
        yield "a GPU adds up in an order of its own"


def _deciding(policy: PolicyRecord) -> tuple[str, ...]:
    """What decides."""
    return policy.policy, policy.sampler, policy.pruner


def _is_orderless(policy: PolicyRecord) -> bool:
    """Whether nothing depends on other trials."""
    is_orderless = policy.policy == "optuna" and policy.sampler in ORDERLESS_SAMPLERS
    return is_orderless and policy.pruner == "none"


def _ends_of_sameness(records: StudyRecords) -> Iterable[tuple[int, str]]:
    """From which trial on it need not be the same, and why."""
    if is_foreign(records.settings.space):
        yield 0, "its objective, its sampler and its seeds are in code that is not known here"
        return
    marks = [(one.number, one.user_attributes.get(BY_MACHINE)) for one in records.trials]
    for number in [number for number, mark in marks if mark == "limits"][:1]:
        yield number, "which networks are quick enough was measured, and is measured again"
    policies = trained_calls(records)
    if all(map(_is_orderless, policies)):
        return
    for before, after in itertools.pairwise(policies):
        start = after.from_trial_number
        if _deciding(before) != _deciding(after):
            yield start, "policy, sampler or pruner changed between its calls"
        if before.n_slots != after.n_slots:
            yield start, "another number of trials trained at once in a later call"
        if before.n_trials is not None and before.n_trials <= start:
            yield start, f"its trials are of {len(policies)} calls, of which one had ended before"
    for stop in records.stops:
        if stop is not records.stop and stop.because in STOPS_IN_ORDER:
            yield stop.n_trials, "one of its calls had ended before"
    for number in [number for number, mark in marks if mark == "params"][:1]:
        if "limits" not in dict(marks).values():  # else all that follows has been told
            yield (
                number,
                f"from trial {number} on time or memory of the machine decided what came before",
            )


def _is_timed(records: StudyRecords) -> bool:
    """Whether a timeout has ended the study, or the person has."""
    has_ended = records.stop is not None and records.stop.because in STOPS_IN_ORDER
    is_open = any(trial.state in ("RUNNING", "WAITING") for trial in records.trials)
    marks = {trial.user_attributes.get(BY_MACHINE) for trial in records.trials}
    return (is_open and not has_ended) or bool(marks & {"end", "wait"})
