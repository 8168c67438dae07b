"""From options to a session: encode the data, settle what the study is made of, open the store.

What can be wrong is told here, before anything is stored and before any worker starts.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

from automl.data.loaded import Loadable
from automl.errors import ConfigError
from automl.executors.devices import check_device
from automl.executors.trainers import trainer_class
from automl.options.search_options import SearchOptions
from automl.session.call import SearchCall
from automl.session.chosen_space import model_versions, narrowed
from automl.session.search_session import SearchSession
from automl.session.warm_start import read_earlier
from automl.tuning.clock import Clock
from automl.tuning.ending_time import Moment
from automl.tuning.policies.choosing import check_policy
from automl.tuning.problem import Problem
from automl.tuning.pruners import make_pruner
from automl.tuning.samplers import PerTrialSampler
from automl.tuning.settings import make_settings
from automl.tuning.study import open_study, unused_name
from automl.tuning.tally import Tally
from automl.wording.counts import count
from automl.wording.printable import one_line
from search_spaces import SearchSpace
from storage import Store, open_store
from storage.earlier_records import EarlierStudy
from storage.engine import database_path
from storage.records import StudySettings

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
    check_device(options.device)
    LOG.info("looking at the columns")
    began = Moment()
    loaded = raw.load_data(options)
    busyness = began.busyness()
    settings = make_settings(
        loaded, narrowed(space, options, loaded.goal.task), options, is_from_files=is_from_files
    )
    settings = replace(settings, versions={**settings.versions, **model_versions(space)})
    _check_policy(options, settings)
    refusal = _refusal(Problem(settings, loaded.dataset))
    if refusal is not None and not _is_there(options.storage):
        raise refusal
    store = open_store(options.storage)
    try:
        if options.new:
            settings = replace(settings, study_name=unused_name(store, settings.study_name))
        earlier = read_earlier(options, settings, store)
        so_far = _so_far(store, settings, options.n_trials, earlier)
        if refusal is not None and so_far is None:
            raise refusal
        before = _n_slots_before(store, settings) if so_far is not None else 0
        call = SearchCall(loaded, settings, options, clock, busyness, so_far, before, earlier)
        return SearchSession(call, store)
    except BaseException:
        store.close()
        raise


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
    store: Store, settings: StudySettings, n_trials: int, earlier: Sequence[EarlierStudy]
) -> Tally | None:
    """What is there of the study, told; None if nothing is.

    Raises:
        StudyError: it has other settings: refused before any worker starts.
    """
    name = settings.study_name
    if name not in store.study_names():
        return None
    tally = Tally.of(open_study(store, settings, earlier))
    n_there, more = f"{tally.n_asked:,} of {n_trials:,} trials", ""
    if tally.n_asked > n_trials:
        n_there, more = count(tally.n_asked, "trial"), f", {n_trials:,} were asked for"
    if tally.has_all(n_trials):
        LOG.info("%s is already complete: %s%s", one_line(name), n_there, more)
    elif tally.n_asked:
        n_left = tally.n_asked - tally.n_ended
        left = f", {n_left:,} of them unfinished" if n_left else ""
        LOG.info("going on with %s: %s are there%s%s", one_line(name), n_there, left, more)
    return tally


def _n_slots_before(store: Store, settings: StudySettings) -> int:
    """Of the study's last call: a study keeps them until a person gives others."""
    policies = store.read_study(settings.study_name).policies
    return policies[-1].n_slots if policies else 0


def _check_policy(options: SearchOptions, settings: StudySettings) -> None:
    """Tell a wrong name before anything is stored."""
    trainer_class(options.trainer)
    check_policy(options.policy)
    make_pruner(options.pruner, options.max_epochs)
    PerTrialSampler(options.sampler, SearchSpace.from_dict(settings.space), options.seed)
