"""A search that is ready to run: what `automl.search` and the command line iterate over.

It carries out a `SearchCall`: opens the study, makes executor and `Search`, and at the end has
the answer scored, where there are data, and the study judged.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from types import TracebackType

from automl.diagnostics import diagnose_study
from automl.diagnostics.choice import NO_TIME, STOPPED
from automl.executors.executor import Executor
from automl.result import SearchResult
from automl.session.answer_training import AnswerTraining
from automl.session.beside import beside
from automl.session.call import SearchCall
from automl.session.publishing import Publishing
from automl.stored_result import none_complete
from automl.tuning.best_again import train_best_again, trial_without_weights
from automl.tuning.candidates import missing_weights, train_missing
from automl.tuning.clock import Clock
from automl.tuning.progress import SearchProgress
from automl.tuning.search import Search
from automl.tuning.study import open_study, record_policy
from automl.wording.counts import count
from automl.wording.option_names import named
from storage import Store
from storage.records import StudyRecords

LOG = logging.getLogger("automl")


class SearchSession:
    """A search that is ready to run: iterate over it, then ask for the result.

    Use it as a context manager, so that workers and the database are closed.
    """

    def __init__(self, call: SearchCall, store: Store) -> None:
        self.call = call
        self.store = store
        self.last_progress: SearchProgress | None = None
        self._search: Search | None = None
        self._trained: StudyRecords | None = None  # the study once its training has ended
        self._not_kept: str | None = None  # why the best trial, trained again, has no weights
        self._is_stopped = False
        self._beside = beside(call, store)
        self._answer = AnswerTraining(call, store)
        self._publishing = Publishing(call.options.storage)

    @property
    def clock_of_training(self) -> Clock:
        """When training is to end: before the call is, by what the end will take."""
        return self.call.clock_of_training

    @property
    def messages(self) -> tuple[str, ...]:
        """What was understood of the data, and the plan."""
        return self.call.messages

    def __iter__(self) -> Iterator[SearchProgress]:
        if self.clock_of_training.is_up:
            open_study(self.store, self.call.settings, self.call.earlier)
            self._write_beginning()
            self._beside.write()
            self._warn_of_no_time()
            self._leave_answer(NO_TIME)
            return
        # Before the study is opened: its workers load meanwhile.
        with closing(self.call.make_executor()) as executor:
            self._search = search = self._begin(executor)
            search.state.keeper.prepare = self._beside.prepare
            if self._is_stopped:  # while the study was opened, or kernels were compiled
                search.stop()
            for progress in search:
                self.last_progress = progress
                self._beside.follow(progress)
                has_references, busyness = self._beside.has_references, executor.busyness
                self._answer.follow(progress, has_references=has_references, busyness=busyness)
                self.call.keep_for_end(
                    self.clock_of_training,
                    progress.n_tried,
                    has_references=has_references,
                    busyness=busyness,
                    for_answer=self._answer.estimated_seconds,
                )
                self._publishing.publish_beside(search)
                yield progress
            self._warn_of_no_time()
            yield from self._keep_best(search)
            yield from self._train_answer(search)

    def _begin(self, executor: Executor) -> Search:
        call = self.call
        study = open_study(self.store, call.settings, call.earlier)
        self._write_beginning()
        return Search(
            study, self.store, executor, call.problem, call.call_options, self.clock_of_training
        )

    def _write_beginning(self) -> None:
        """Write how this call searches, if no call before did the same."""
        with self.store.transaction(at_once=True):  # two searches may begin a study together
            records = self.store.read_study(self.call.study_name)
            policy = self.call.policy_record(len(records.trials))
            record_policy(self.store, records, policy, is_complete=self.call.is_complete)

    def _warn_of_no_time(self) -> None:
        """Say what took the time of a call in which nothing was trained, and how much may do."""
        clock = self.call.clock
        if clock.timeout is None or not self._lacked_time:
            return
        spent = clock.seconds
        begun, remedy = "reading, loading and starting", "should do"
        if self._search is not None:  # the workers may have started, and hang in a person's code
            begun = "reading, loading, starting and the first epochs, which have not ended,"
            remedy = "should do, unless the network hangs"
        enough = 10 * math.ceil(2 * max(spent, clock.timeout) / 10)
        LOG.error(
            "no trial has trained for an epoch: %s took %.1f of %g "
            "seconds, %.1f are kept for the end; %s %s",
            begun,
            spent,
            clock.timeout,
            max(0.0, clock.timeout - spent),
            named("timeout", enough, typed=f"{enough}s"),
            remedy,
        )

    def _keep_best(self, search: Search) -> Iterator[SearchProgress]:
        """Train the best trial again if its weights are missing and there is time."""
        progress, state = self.last_progress, search.state
        if self._is_stopped or progress is None or state.keeper.failure is not None:
            return
        found = self.store.read_study(self.call.study_name)
        records, trial = trial_without_weights(self.store, found, state.problem)
        self._trained = records
        if self.clock_of_training.is_up:
            return
        if trial is None:
            yield from self._keep_candidates(search, records)
            return
        kept = "weights" if state.problem.has_weights else "files of the state"
        what = f"the {kept} of trial {trial.number}, the best, are missing: it is trained again"
        yield replace(progress, messages=(what,))
        self._not_kept = train_best_again(
            records,
            state.executor,
            state.problem,
            state.keeper,
            is_over=self._is_over,
            deadline=self.clock_of_training.deadline,
        )
        self._trained = self.store.refreshed(records)
        yield from self._keep_candidates(search, self._trained)

    def _keep_candidates(self, search: Search, records: StudyRecords) -> Iterator[SearchProgress]:
        """Train what the answer may be made of again, where weights are missing."""
        progress, keeper = self.last_progress, search.state.keeper
        missing = missing_weights(self.store, records, keeper)
        if not missing or progress is None or keeper.failure is not None or self._is_stopped:
            return
        what = f"the weights of {count(len(missing), 'trial')} that the answer may be made of"
        yield replace(progress, messages=(f"{what} are missing: as time allows, trained again",))
        train_missing(
            self.store,
            records,
            search.state.executor,
            search.state.problem,
            keeper,
            is_over=self._is_over,
            deadline=self.clock_of_training.deadline,
        )
        self._trained = self.store.refreshed(records)

    def _train_answer(self, search: Search) -> Iterator[SearchProgress]:
        """Train the networks of the answer that is asked for, as time allows."""
        progress, failure = self.last_progress, search.state.keeper.failure
        if not self._answer.is_wanted or progress is None:
            return
        if self._is_stopped:
            self._leave_answer(STOPPED)
            return
        if failure is not None:
            self._leave_answer(f"weights cannot be kept: {failure}")
            return
        records = self.store.read_study(self.call.study_name)
        if sets := self._answer.affordable(records):
            what = f"{count(sum(map(len, sets)), 'network')} of the answer: training"
            yield replace(progress, messages=(what,))
            self._beside.prepare()
            self._answer.train(records, search.state.executor, sets, self._is_over)
        self._answer.note()
        self._trained = self.store.read_study(self.call.study_name)

    def _leave_answer(self, why: str) -> None:
        """Train nothing for the answer, and keep why if one is asked for that takes training."""
        if self._answer.is_wanted:
            self._answer.leave(self.store.read_study(self.call.study_name), why)
            self._answer.note()

    def _is_over(self) -> bool:
        """Whether a person wants no more training."""
        return self._is_stopped

    def stop(self) -> None:
        """End after the present round; what is in training can be continued later."""
        self._is_stopped = True
        self._beside.hurry()
        if self._search is not None:
            self._search.stop()
        self._answer.interrupt()

    @property
    def _n_epochs(self) -> int:
        """That trials have had in this call."""
        return 0 if self.last_progress is None else self.last_progress.n_epochs

    @property
    def _lacked_time(self) -> bool:
        """Whether its time was up before any trial had an epoch, though there was some to have."""
        is_cut_off = self.clock_of_training.is_up and not self._is_stopped
        return is_cut_off and not self.call.is_complete and not self._n_epochs

    @property
    def unscored(self) -> str | None:
        """Why the answer has no score, once there is a result."""
        return self._beside.unscored

    def result(self) -> SearchResult:
        """Score the answer, judge the study, and return all of it."""
        name, lacked_time = self.call.study_name, self._lacked_time
        failure = self._search.state.keeper.failure if self._search is not None else None
        self._beside.write()
        trained = self._trained or self.store.read_study(name)
        records = self._beside.score(trained, self._not_kept or failure)
        LOG.info("judging the study")
        diagnoses = tuple(diagnose_study(records))
        self.store.replace_diagnoses(name, diagnoses)
        # Not read again: another process may have found a better trial, which it will score.
        records = replace(records, diagnoses=diagnoses)
        self._publishing.publish(records)
        self.store.flush()
        if not (records.best_trial or lacked_time or self._is_stopped):
            LOG.error("%s", none_complete(records))
        return SearchResult(
            records,
            self.call.options.storage,
            self.call.clock.seconds,
            self.call.n_ended_before,
            self._n_epochs,
            lacked_time,
        )

    def close(self) -> None:
        """Write what is left, and close the database."""
        self._beside.close()
        self.store.close()
        self._publishing.close()

    def __enter__(self) -> SearchSession:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
