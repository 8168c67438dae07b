"""A search that is ready to run: what `automl.search` and the command line iterate over.

It stands between the options and the parts that do the work: it plans the memory, opens the
study, makes executor, policy and `Search`, and at the end has the best trial scored and judged.
"""

from __future__ import annotations

import importlib.util
import logging
import math
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING

import search_spaces
from automl.counting import count
from automl.data import LoadedData
from automl.data.reading import RawData
from automl.data.references import FittedReferences
from automl.diagnostics import diagnose_study
from automl.errors import DataError, StudyError
from automl.executors.choosing import make_executor
from automl.executors.devices import check_device, device_of_each
from automl.executors.executor import Executor
from automl.executors.resources import available_cores, available_memory
from automl.executors.trainers import trainer_class
from automl.options.loading import encode_data
from automl.options.search_options import SearchOptions
from automl.result import SearchResult
from automl.streams import one_line
from automl.tuning.best_again import train_best_again, trial_without_weights
from automl.tuning.clock import Clock
from automl.tuning.ending_time import MOST_SHARE, REFERENCE_SECONDS, Moment, ending_seconds
from automl.tuning.evaluation import evaluate_answer
from automl.tuning.keeping import save_preprocessing
from automl.tuning.memory import MemoryPlan, plan_memory
from automl.tuning.policy import SearchPolicy
from automl.tuning.progress import SearchProgress
from automl.tuning.pruners import make_pruner
from automl.tuning.references import References
from automl.tuning.samplers import PerTrialSampler
from automl.tuning.search import Search
from automl.tuning.settings import make_settings, study_name_of
from automl.tuning.stacking import slots_for
from automl.tuning.study import open_study, record_policy, unused_name
from automl.tuning.tally import Tally
from search_spaces import SearchSpace
from storage import Store, open_store
from storage.errors import ArtifactError
from storage.records import Json, PolicyRecord, StudySettings

if TYPE_CHECKING:
    from automl.report.dashboard import Publisher

LOG = logging.getLogger("automl")


class SearchSession:
    """A search that is ready to run: iterate over it, then ask for the result.

    Use it as a context manager, so that workers and the database are closed.
    """

    def __init__(
        self,
        data: LoadedData,
        store: Store,
        settings: StudySettings,
        options: SearchOptions,
        clock: Clock,
        busyness: float = 1.0,
        so_far: Tally | None = None,
    ) -> None:
        self.data = data
        self.store = store
        self.settings = settings
        self.options = options
        self.clock = clock  # of the whole call
        self._n_ended_before = 0 if so_far is None else so_far.n_ended
        self._is_complete = so_far is not None and so_far.has_all(options.n_trials)
        self.memory = _memory_plan(data, settings, options)
        self.messages = (*data.messages, str(self.memory))
        self.last_progress: SearchProgress | None = None
        self.unscored: str | None = None  # why the best trial has no score, once there is a result
        self.clock_of_training = self._less_the_end(busyness)
        self._seconds_for_references = busyness * REFERENCE_SECONDS
        self._search: Search | None = None
        self._not_kept: str | None = None  # why the best trial, trained again, has no weights
        self._is_stopped = False
        self._publisher: Publisher | None = None
        self._references = References(data.dataset, are_wanted=options.references)

    def _less_the_end(self, busyness: float) -> Clock:
        """The call's clock without what the end will take, on a machine as busy as this one."""
        dataset = self.data.dataset
        work = ending_seconds(dataset, self.memory.n_slots * len(dataset.folds))
        ending = busyness * (work + self.clock.afterwards)
        return self.clock.earlier(min(ending, MOST_SHARE * max(0.0, self.clock.seconds_left)))

    def __iter__(self) -> Iterator[SearchProgress]:
        if self.clock_of_training.is_up:
            open_study(self.store, self.settings)
            self._write_beginning()
            self._warn_of_no_time()
            return
        options, dataset = self.options, self.data.dataset
        # Before the study is opened: its workers load meanwhile.
        with closing(self._make_executor()) as executor:
            study = open_study(self.store, self.settings)
            self._write_beginning()
            self._search = Search(
                study,
                self.store,
                executor,
                dataset,
                self.settings,
                _policy(options, self.memory),
                self.clock_of_training,
            )
            if self._is_stopped:  # while the study was opened, or kernels were compiled
                self._search.stop()
            for progress in self._search:
                self.last_progress = progress
                self._references.begin_beside(progress)
                self._publish(self._search)
                yield progress
            self._warn_of_no_time()
            yield from self._keep_best(self._search, executor)

    def _make_executor(self) -> Executor:
        """What trains; this process where nothing is left to, but the best again at most."""
        options = self.options
        if self._is_complete:
            return make_executor(
                self.data.dataset, workers=1, trainer=options.trainer, device=options.device
            )
        return make_executor(
            self.data.dataset,
            workers=options.workers,
            trainer=options.trainer,
            device=options.device,
            trial_timeout=options.trial_timeout,
            memory_limit=options.memory_limit,
        )

    def _warn_of_no_time(self) -> None:
        """Say what took the time of a call in which nothing was trained, and how much may do."""
        progress, spent = self.last_progress, self.clock.seconds
        is_over = self.clock_of_training.is_up and not self._is_complete
        if self.clock.timeout is None or not is_over or (progress and progress.n_epochs):
            return
        LOG.warning(
            "no trial has trained for an epoch: reading, loading and starting took %.1f of %g "
            "seconds, %.1f are kept for the end; --timeout %ds should do",
            spent,
            self.clock.timeout,
            max(0.0, self.clock.timeout - spent),
            10 * math.ceil(2 * max(spent, self.clock.timeout) / 10),
        )

    def _keep_best(self, search: Search, executor: Executor) -> Iterator[SearchProgress]:
        """Train the best trial again if its weights are missing and there is time."""
        progress = self.last_progress
        if self._is_stopped or progress is None or search.keeper.failure is not None:
            return
        records = self.store.read_study(self.settings.study_name)
        trial = trial_without_weights(self.store, records)
        if trial is None or self.clock_of_training.is_up:
            return
        what = f"the weights of trial {trial.number}, the best, are missing: it is trained again"
        yield replace(progress, messages=(what,))
        keeper = search.keeper
        self._not_kept = train_best_again(self.store, records, executor, self.data.dataset, keeper)

    def _write_beginning(self) -> None:
        """Write what is known before the first trial, as far as it is not there: all or nothing.

        A file that was lost or altered since is made again.
        """
        name = self.settings.study_name
        with self.store.transaction(at_once=True):  # two searches may begin a study together
            records = self.store.read_study(name)
            policy = _policy_record(len(records.trials), self.options, self.memory)
            save_preprocessing(self.store, records, self.data.preprocessors)
            record_policy(self.store, records, policy)
            if not records.data_checks:
                self.store.add_data_checks(name, self.data.data_checks)

    def _publish(self, search: Search) -> None:
        """Keep what Optuna Dashboard shows fresh, where it is installed; seldom, see there."""
        if self._publisher is None:
            if importlib.util.find_spec("optuna_dashboard") is None:
                return
            from automl.report.dashboard import Publisher  # plotly takes a fifth of a second

            self._publisher = Publisher(search.study, self.store.transaction, self.options.storage)
        name = self.settings.study_name
        self._publisher.publish_if_due(lambda: self.store.read_study(name))

    def stop(self) -> None:
        """End after the present round; what is in training can be continued later."""
        self._is_stopped = True
        if self._search is not None:
            self._search.stop()

    def result(self) -> SearchResult:
        """Score the best trial on the test rows, judge the study, and return all of it."""
        name = self.settings.study_name
        self._evaluate_best()
        LOG.info("judging the study")
        records = self.store.read_study(name)
        self.store.replace_diagnoses(name, diagnose_study(records))
        records = self.store.read_study(name)
        if self._publisher is not None:
            LOG.info("writing notes and figures for Optuna Dashboard")
            self._publisher.publish(records)
        self.store.flush()
        return SearchResult(
            records, self.options.storage, self.clock.seconds, self._n_ended_before
        )

    def _evaluate_best(self) -> None:
        """Score the best trial; a file that was taken away meanwhile is made again, or missed."""
        name, dataset = self.settings.study_name, self.data.dataset
        for is_last in (False, False, True):
            try:
                with self.store.transaction(at_once=True):
                    records = self.store.read_study(name)
                    save_preprocessing(self.store, records, self.data.preprocessors)
                wanted = self._references.names
                evaluate_answer(self.store, name, dataset, self._take_references, wanted)
            # Or another process has a better one now, or rows that the network cannot take.
            except (ArtifactError, StudyError, DataError) as error:
                if is_last:
                    failure = self._search.keeper.failure if self._search is not None else None
                    reason = self._not_kept or failure or error
                    self.unscored = f"the best trial could not be scored: {reason}"
                    LOG.warning("%s", self.unscored)
            else:
                return

    def _take_references(self) -> FittedReferences:
        LOG.info("finishing the references")
        seconds_left = max(0.0, self.clock_of_training.seconds_left)
        seconds_left += self._seconds_for_references
        fitted = self._references.take(self.clock.seconds, seconds_left)
        if self._references.shortfall is not None:
            LOG.warning("%s", self._references.shortfall)
        return fitted

    def close(self) -> None:
        """Write what is left, and close the database."""
        self._references.end()
        self.store.close()

    def __enter__(self) -> SearchSession:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def open_session(
    raw: RawData, options: SearchOptions, data_options: Mapping[str, Json], clock: Clock
) -> SearchSession:
    """Encode the data, settle what the study is made of, and open the database.

    Args:
        data_options: what is needed to load the same data again.
        clock: of the call.
    """
    check_device(options.device)
    LOG.info("looking at the columns")
    began = Moment()
    loaded = encode_data(raw, options)
    busyness = began.busyness()
    settings = make_settings(
        loaded,
        _space_of(options, loaded),
        study_name=options.study or study_name_of(loaded),
        training={
            "max_epochs": options.max_epochs,
            "patience": options.patience,
            "seed": options.seed,
        },
        target_error=options.target_error,
        data_options=data_options,
        command=options.command,
    )
    settings = replace(
        settings,
        space_source=_space_source(options),
        space_changes=tuple(options.set),
        is_named=options.study is not None,
    )
    _check_policy(options, settings)
    store = open_store(options.storage)
    try:
        if options.new:
            settings = replace(settings, study_name=unused_name(store, settings.study_name))
        so_far = _so_far(store, settings, options.n_trials)
        return SearchSession(loaded, store, settings, options, clock, busyness, so_far)
    except BaseException:
        store.close()
        raise


def _so_far(store: Store, settings: StudySettings, n_trials: int) -> Tally | None:
    """What is there of the study, told; None if nothing is.

    Raises:
        StudyError: it has other settings: refused before any worker starts.
    """
    name = settings.study_name
    if name not in store.study_names():
        return None
    tally = Tally.of(open_study(store, settings))
    n_there = f"{tally.n_asked:,} of {n_trials:,} trials"
    if tally.n_asked > n_trials:
        n_there = f"{count(tally.n_asked, 'trial')}, {n_trials:,} asked for"
    if tally.has_all(n_trials):
        LOG.info("%s is already complete: %s", one_line(name), n_there)
    elif tally.n_asked:
        n_left = tally.n_asked - tally.n_ended
        left = f", {n_left:,} of them unfinished" if n_left else ""
        LOG.info("going on with %s: %s are there%s", one_line(name), n_there, left)
    return tally


def _check_policy(options: SearchOptions, settings: StudySettings) -> None:
    """Tell a wrong name before anything is stored."""
    trainer_class(options.trainer)
    make_pruner(options.pruner, options.max_epochs)
    PerTrialSampler(options.sampler, SearchSpace.from_dict(settings.space), options.seed)


def _space_of(options: SearchOptions, data: LoadedData) -> SearchSpace:
    space = options.space
    if not isinstance(space, SearchSpace):
        space = search_spaces.load(str(space))
    return space.for_task(data.task).narrow(list(options.set))


def _space_source(options: SearchOptions) -> str:
    """The space as a person can name it again; "SearchSpace" where it is an object."""
    space = options.space
    return "SearchSpace" if isinstance(space, SearchSpace) else str(space)


def _memory_plan(data: LoadedData, settings: StudySettings, options: SearchOptions) -> MemoryPlan:
    """How many trials train at once: what was asked for or planned, if it fits."""
    n_stacks = available_cores() if options.workers == "auto" else options.workers
    return plan_memory(
        SearchSpace.from_dict(settings.space),
        data.dataset,
        n_slots=options.slots or slots_for(options.n_trials, n_stacks),
        n_stacks=n_stacks,
        free_bytes=available_memory(),
    )


def _policy(options: SearchOptions, memory: MemoryPlan) -> SearchPolicy:
    return SearchPolicy(
        n_trials=options.n_trials,
        sampler=options.sampler,
        pruner=options.pruner,
        n_slots=memory.n_slots,
        keep_models=options.keep_models,
        keep_bytes=options.keep_bytes,
        preflight=options.preflight,
    )


def _policy_record(
    n_trials_before: int, options: SearchOptions, memory: MemoryPlan
) -> PolicyRecord:
    """How this call searches, as it is kept."""
    return PolicyRecord(
        n_trials_before,
        options.sampler,
        options.pruner,
        n_trials=options.n_trials,
        timeout=options.timeout,
        trial_timeout=options.trial_timeout,
        n_slots=memory.n_slots,
        n_workers=len(device_of_each(options.workers, (options.device,))),
        device=options.device,
        trainer=options.trainer,
        preflight=options.preflight,
        keep_models=options.keep_models,
        references=options.references,
    )
