"""From options to a session: encode the data, settle what the study is made of, open the store.

Of a person's own objective there are no data, and the rest is the same.

What can be wrong is told here, before anything is stored and before any worker starts.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

from automl.data.loaded import Loadable, LoadedData
from automl.errors import ConfigError
from automl.executors.devices import check_device
from automl.executors.trainers import check_weights, trainer_class, trainer_for
from automl.models.own.builders import remember
from automl.models.own.reference import BuilderReference
from automl.options.search_options import SearchOptions
from automl.session.call import SearchCall, problem_of
from automl.session.chosen_space import model_versions, narrowed
from automl.session.search_session import SearchSession
from automl.session.warm_start import read_earlier
from automl.tuning.clock import Clock
from automl.tuning.ending_time import Moment
from automl.tuning.policies.choosing import check_taken
from automl.tuning.problem import Problem
from automl.tuning.pruners import make_pruner
from automl.tuning.samplers import PerTrialSampler
from automl.tuning.settings import make_settings, objective_settings
from automl.tuning.stopping import SoFar, so_far
from automl.tuning.study import open_study, unused_name
from automl.tuning.widening import check_widening
from automl.wording.counts import count
from automl.wording.option_names import named
from automl.wording.printable import one_line
from automl.wording.stops import stop_sentence
from search_spaces import SearchSpace
from storage import Store, open_store
from storage.earlier_records import EarlierStudy
from storage.engine import database_path
from storage.records import StudySettings
from storage.untouched import is_foreign_database

LOG = logging.getLogger("automl")


def open_session(
    raw: Loadable,
    space: SearchSpace,
    options: SearchOptions,
    clock: Clock,
    *,
    is_from_files: bool,
) -> SearchSession:
    """Encode the data, settle what the study is made of, and open the database.

    Args:
        space: that the options say, for any task.
        clock: of the call.
        is_from_files: whether all of the data can be read again.
    """
    check_named(options, space)
    LOG.info("looking at the columns")
    began = Moment()
    loaded = raw.load_data(options)
    check_weights(trainer_for(space.family, options.trainer), loaded.dataset)
    busyness = began.busyness()
    settings = make_settings(
        loaded, narrowed(space, options, loaded.goal.task), options, is_from_files=is_from_files
    )
    settings = replace(settings, versions={**settings.versions, **model_versions(space)})
    LOG.debug(
        "study %s: %d inputs of a network, %s, fingerprint of the data %s",
        one_line(settings.study_name),
        settings.n_features,
        ", ".join(f"{n_rows} {split} rows" for split, n_rows in settings.n_rows.items()),
        settings.data_fingerprint[:12],
    )
    return _opened(loaded, settings, options, clock, busyness)


def open_objective(
    reference: BuilderReference, space: SearchSpace, options: SearchOptions, clock: Clock
) -> SearchSession:
    """Settle what a study of a person's own objective is made of, and open the database.

    Args:
        reference: of the objective, which this process may run from now on.
        clock: of the call.
    """
    check_named(options, space)
    remember(reference)
    searched = narrowed(space, options, "objective")
    if options.widen:
        check_widening(searched)
    settings = objective_settings(reference, searched, options)
    return _opened(None, settings, options, clock)


def _opened(
    loaded: LoadedData | None,
    settings: StudySettings,
    options: SearchOptions,
    clock: Clock,
    busyness: float = 1.0,
) -> SearchSession:
    refusal = _refusal(problem_of(settings, loaded))
    if refusal is not None and not _is_there(options.storage):
        raise refusal
    if is_foreign_database(options.storage):
        LOG.info("the studies there are of Optuna alone; tables of this program come beside them")
    store = open_store(options.storage)
    try:
        if options.new:
            settings = replace(settings, study_name=unused_name(store, settings.study_name))
        settings = _with_its_metric(settings, store)
        problem = problem_of(settings, loaded)
        earlier = read_earlier(options, settings, store)
        before = _so_far(store, problem, options, earlier)
        if refusal is not None and before is None:
            raise refusal
        if before is None:
            _tell_portfolio(problem)
        n_slots = _n_slots_before(store, settings) if before is not None else 0
        call = SearchCall(loaded, settings, options, clock, busyness, before, n_slots, earlier)
        return SearchSession(call, store)
    except BaseException:
        store.close()
        raise


def _with_its_metric(settings: StudySettings, store: Store) -> StudySettings:
    """A study is after what it was after, where a call does not say otherwise."""
    if settings.metric is not None or settings.study_name not in store.study_names():
        return settings
    stored = store.read_settings(settings.study_name)
    if stored is None or stored.task != settings.task:  # another study: refused, or made anew
        return settings
    return replace(settings, metric=stored.metric)


def _tell_portfolio(problem: Problem) -> None:
    """Say how many trials of a new study are not the policy's own."""
    if n_known := len(problem.known_good()):
        words = count(n_known, "configuration")
        none = named("portfolio", False)
        LOG.info("%s that did well on other tables are tried first (%s: none)", words, none)


def _refusal(problem: Problem) -> ConfigError | None:
    """Why a new study would have nothing to train; one that is there has shown what it can."""
    try:
        problem.check_limits()
    except ConfigError as error:
        return error
    return None


def _is_there(storage: str) -> bool:
    """Whether there is a database: opening it would make it."""
    path = database_path(storage)
    return path is not None and path.exists()


def _so_far(
    store: Store, problem: Problem, options: SearchOptions, earlier: Sequence[EarlierStudy]
) -> SoFar | None:
    """What is there of the study, told; None if nothing is.

    Raises:
        StudyError: it has other settings: refused before any worker starts.
    """
    name = problem.study_name
    if name not in store.study_names():
        return None
    found = so_far(open_study(store, problem.settings, earlier), problem, options)
    n_tried, total, n_there, more = found.n_tried, options.total, "", ""
    if total is None or n_tried > total:
        n_there = count(n_tried, "trial")
        more = "" if total is None else f", {total:,} were asked for"
    else:
        n_there = f"{n_tried:,} of {total:,} trials"
    if found.is_complete:
        why = "" if found.reason is None else f": {stop_sentence(found.reason)}"
        LOG.info("%s is already complete: %s%s%s", one_line(name), n_there, more, why)
    elif n_begun := found.tally.n_asked:
        n_more = n_begun - n_tried
        begun = f", {n_more:,} more {'has' if n_more == 1 else 'have'} begun" if n_more else ""
        LOG.info("going on with %s: %s are there%s%s", one_line(name), n_there, begun, more)
    return found


def _n_slots_before(store: Store, settings: StudySettings) -> int:
    """Of the study's last call: a study keeps them until a person gives others."""
    policies = store.read_study(settings.study_name).policies
    return policies[-1].n_slots if policies else 0


def check_named(options: SearchOptions, space: SearchSpace) -> None:
    """Tell a device that is not there, a wrong name, or one that decides nothing.

    Raises:
        ConfigError: with what there is.
    """
    check_device(options.device)
    trainer_class(options.trainer)
    make_pruner(options.deciders.pruner, options.max_epochs)
    PerTrialSampler(options.deciders.sampler, space, options.seed)
    check_taken(options)
