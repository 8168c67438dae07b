"""What people call: search, tune and resume.

`search` is `start_search` iterated to its end. The command line iterates itself, to show
progress. What comes back is a `SearchResult` (result.py), the same for a search that has
just ended and for a study loaded a year later.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl.commands_to_type import options_of_last_call, study_call
from automl.data.kinds import read_data
from automl.errors import ConfigError, warn_of
from automl.executors.workers.warm_server import loading_ahead
from automl.models.own.builders import remember_for
from automl.models.own.reference import reference_of, refuse_in_import
from automl.objectives.kinds import kind_of, kind_of_reference
from automl.options.loading import fixed_options, is_from_files
from automl.options.option import check_names, options_of, plain_number, said_options
from automl.options.search_options import (
    FixedOptions,
    FreeOptions,
    SearchOptions,
    TuneOptions,
    WorkerOptions,
)
from automl.options.signatures import of_data, of_objective, of_study
from automl.options.values import DEFAULT_STORAGE, MODEL
from automl.result import SearchResult
from automl.session.chosen_space import chosen_space, space_of_objective
from automl.session.early_checks import check_choices
from automl.studies import load_study
from automl.system.interruption import stop_on_interrupt
from automl.tuning.clock import Clock
from automl.watching import Follow, watched
from automl.wording.data_notes import warned_notes
from automl.wording.printable import one_line

if TYPE_CHECKING:
    from automl.session.search_session import SearchSession
    from automl.tuning.progress import SearchProgress

LOG = logging.getLogger("automl")


def start_search(data: Any, options: SearchOptions, clock: Clock | None = None) -> SearchSession:
    """Load the data, open the study and get ready; nothing is trained yet.

    Each longer step is logged as it begins, here and in what follows.

    Args:
        data: a path, "sklearn:NAME", a DataFrame, arrays (x, y), a mapping of arrays, a torch
            Dataset, or an object that loads itself (automl/data/kinds.py).
        clock: of the call that this is a part of; None: it begins here.

    Raises:
        DataError, ConfigError, StudyError, SearchSpaceError, StorageError: in one line, with
            the rule, the value and the fix.
    """
    refuse_in_import("a search")
    clock = clock or Clock(plain_number(options.timeout))
    is_named = isinstance(data, (str, Path))
    space = chosen_space(options)  # what is mistyped is told before torch is imported
    is_torch_loaded = check_choices(options, space)
    if LOG.isEnabledFor(logging.DEBUG):
        LOG.debug("options: %s", one_line(said_options(options)))
    LOG.info("reading %s", one_line(str(data)) if is_named else f"the {type(data).__name__}")
    raw = read_data(data, options, family=space.family)
    if not is_torch_loaded:
        LOG.info("loading PyTorch")
    from automl.session.opening import open_session

    is_readable = is_from_files(data, options)
    return open_session(raw, space, options, clock, is_from_files=is_readable)


@of_data(SearchOptions)
def search(data: Any, **options: Any) -> SearchResult:
    """Search the hyperparameters of a network for a table, and return what was found.

    The same call again continues the study to its total, or returns its result if it is
    done. What was understood of the data, and what happens, is logged to the logger "automl"
    at level info, each longer step as it begins. A notebook shows how far it is; elsewhere
    `progress=True` shows it, on stderr. An interrupt (Ctrl-C, a notebook's stop button) ends the
    training, and the result of what there is comes back; a second one raises at once.

    Args:
        data: a path, "sklearn:NAME", a DataFrame, arrays (x, y), a mapping of arrays, a torch
            Dataset, or an object that loads itself (automl/data/kinds.py).
        options: the fields of `SearchOptions`, such as `target`, the column to predict,
            `n_trials`, the total of the study, and `timeout`, the time that this call may take,
            loading and scoring included: seconds, or a text like "10m".

    Warns:
        DataWarning: columns are left out from which something could be learned, or one may say
            whose the rows are: see `SearchResult.data_notes`.

    Raises:
        ConfigError: an option does not exist or has a value it cannot have.
        DataError: the data cannot be used.
        StudyError: the study was made with other settings.

    Examples:
        >>> import automl
        >>> result = automl.search("sklearn:iris", n_trials=50)  # doctest: +SKIP
        >>> result.best.params["learning_rate"]  # doctest: +SKIP
    """
    check_names(options, SearchOptions)
    chosen = SearchOptions(**options)
    is_limited = chosen.trial_timeout is not None or chosen.memory_limit is not None
    with (
        watched(chosen.progress) as follow,
        loading_ahead(chosen.workers, (chosen.device,), is_limited=is_limited),
        start_search(data, chosen) as session,
    ):
        if session.call.data is not None and (
            notes := warned_notes(session.call.data.data_checks)
        ):
            warn_of(["; ".join(notes)])
        return _carried_out(session, follow)


def start_tune(objective: Any, space: Any, options: Mapping[str, Any]) -> SearchSession:
    """Open the study of an objective and get ready; nothing of it has run yet.

    Raises:
        ConfigError, StudyError, SearchSpaceError, StorageError: as `tune` says.
    """
    refuse_in_import("a search")
    check_names(options, TuneOptions)
    chosen = TuneOptions(**options)
    if not isinstance(objective, str):
        kind_of(objective)  # what can be none is told before its code is looked at
    reference = reference_of(objective, "objective")
    if kind_of_reference(reference) == "function":
        if options.get("max_epochs", 1) != 1:
            raise ConfigError(
                f"a plain function has one epoch, but got max_epochs={chosen.max_epochs}; let it "
                "yield a loss after each epoch, or leave max_epochs out"
            )
        chosen = replace(chosen, max_epochs=1)
    clock, searched = Clock(plain_number(chosen.timeout)), space_of_objective(space)
    of_search = SearchOptions(**vars(chosen), space=searched, references=False, preflight=False)
    from automl.session.opening import open_objective

    return open_objective(reference, searched, of_search, clock)


@of_objective(TuneOptions)
def tune(objective: Any, space: Any, **options: Any) -> SearchResult:
    """Search the hyperparameters of a training loop of your own, and return what was found.

    The same call again continues the study to its total, or returns its result if it is done.
    Trials are judged by their validation loss, lower is better; they pause, and go on if it pays.
    With one worker, and neither `trial_timeout` nor `memory_limit`, the objective runs in this
    process. Progress is shown, and interrupts are taken, as by `search`.

    Args:
        objective: one of
            a generator function `objective(params)` that yields after each epoch;
            a class with `__init__(self, params)`, `train_epoch(self)`, and, so that its training
            outlives a process, `save(self)` and `load(self, state)`: bytes, or tensors, numbers
            and texts in dicts and lists;
            a plain function `objective(params)` that returns its loss: one epoch.
            Each may take a `seed` beside `params`. What is yielded or returned is the validation
            loss, or a mapping with "valid_loss", and "train_loss",
            "valid_loss_standard_error" and "state" where they are known. "my_file.py:NAME" names
            one. What a class saves, or is yielded as state, is kept of the best trials: see
            `SearchResult.best_state`.
        space: {"learning_rate": {"low": 1e-4, "high": 1e-1, "log": True}, "n_layers": {"low": 1,
            "high": 4}, "activation": ["relu", "tanh"], "batch_size": 64}: ranges, choices, a
            value; or the path of a TOML file, or a `SearchSpace` of the family "objective".
        options: the fields of `TuneOptions`, such as `n_trials`, the total of the study.

    Raises:
        ConfigError: the objective, the space or an option is none that can be used.
        SearchSpaceError: the space has a name or a value that cannot be.
        StudyError: the study was made with other settings, or by other code.
        TrainingError: the first trials all raised the same error.

    Examples:
        >>> import automl
        >>> def objective(params):
        ...     x = params["x"]
        ...     for epoch in range(5):
        ...         x *= 0.5
        ...         yield x * x
        >>> result = automl.tune(objective, {"x": {"low": -1.0, "high": 1.0}})  # doctest: +SKIP
    """
    chosen = WorkerOptions(
        **{name: options[name] for name in options_of(WorkerOptions).keys() & options}
    )
    is_limited = chosen.trial_timeout is not None or chosen.memory_limit is not None
    with (
        watched(options.get("progress")) as follow,
        loading_ahead(chosen.workers, ("cpu",), is_limited=is_limited),
        start_tune(objective, space, options) as session,
    ):
        return _carried_out(session, follow)


def _carried_out(session: SearchSession, follow: Follow) -> SearchResult:
    """Train, score and judge; an interrupt ends the training, a second one all of it."""
    _log(session.messages)
    load = study_call("load_study", session.call.study_name, session.call.options.storage)
    try:
        with stop_on_interrupt(session.stop) as was_interrupted:
            follow(_logged(session), session.messages)
            result = session.result()
    except KeyboardInterrupt:
        LOG.warning("interrupted; what was stored is kept: %s", load)
        raise
    if was_interrupted():
        LOG.warning(
            "stopped: the result is of what there is; the same call goes on, %s loads it",
            load,
        )
    return result


def _logged(session: SearchSession) -> Iterator[SearchProgress]:
    for progress in session:
        _log(progress.messages)
        yield progress


def _log(messages: Sequence[str]) -> None:
    for message in messages:
        LOG.info("%s", one_line(message))


@of_study(FreeOptions)
def resume(
    study: str,
    storage: str = DEFAULT_STORAGE,
    model: Any = None,
    data: str | Path | None = None,
    valid: str | Path | None = None,
    test: str | Path | None = None,
    **options: Any,
) -> SearchResult:
    """Continue a stored study: its data are read again from where they were.

    It searches as the study's last call did, for as long, where `options` do not say otherwise.
    With any end of its own (`n_trials`, `timeout`, ...) the ends of that call count no more.

    Args:
        model: where the study is of a network of your own: "my_file.py:build", or the function.
        data: where the table is by now, if it has moved.
        valid, test: likewise of rows from files of their own.
        options: the fields of `SearchOptions` that are free in each call, such as `n_trials`,
            the total of the study.

    Raises:
        ConfigError: an option does not exist or was fixed when the study was made.
        StudyError: no such study, its data are no longer where they were, or were given as an
            object: call `search` again.
    """
    moved = {"data": data, "valid": valid, "test": test}
    source, chosen = resumed(study, storage, model, moved, options)
    return search(source, **vars(chosen))


def resumed(
    study: str,
    storage: str,
    model: Any,
    moved: Mapping[str, str | Path | None],
    options: Mapping[str, Any],
) -> tuple[str, SearchOptions]:
    """What a call of `search` is given that goes on with a stored study.

    Args:
        moved: where "data", "valid" and "test" are by now, where they have moved.
        options: those that a person says, of `FreeOptions`.

    Raises:
        ConfigError, StudyError: as `resume` says.
    """
    for name in options_of(FixedOptions).keys() & options:
        raise ConfigError(
            f"an option of resume must be free in each call, but {name!r} is fixed when a study "
            "is made; for another study call automl.search with new=True"
        )
    check_names(options, FreeOptions)
    records = load_study(study, storage).records
    remember_for(model, records.settings)
    source, fixed = fixed_options(records.settings, moved, storage)
    free = {**options_of_last_call(records, said=options), **options}
    return source, SearchOptions(
        **fixed, **free, study=study, storage=storage, model=MODEL.plain("model", model)
    )
