"""The policy of one call of a search, the study as it sees it, and whether the search is over.

What happens in the virtual order is told here, trial by trial; what the policy decides comes out.
What was best in earlier studies, and what did well on many tables, is tried before it is asked.
What it believes is to be stored with the study when it has changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import optuna
from optuna.trial import FrozenTrial, TrialState

from automl.options.search_options import PolicyOptions
from automl.tuning.first_trials import first_trials
from automl.tuning.policies.choosing import make_policy
from automl.tuning.policies.policy import Decision, Judgement, Policy, Start, TrialView, View
from automl.tuning.policies.policy import TrialState as ViewState
from automl.tuning.problem import Problem
from automl.tuning.samplers import PerTrialSampler
from automl.tuning.stopping import TRIED_AT_BEST, stopping_of
from automl.tuning.study_view import has_been_tried, look_at, view_of
from storage.call_records import BeliefRecord
from storage.earlier_records import EarlierStudy
from storage.records import ParameterValue

Params = Mapping[str, ParameterValue]


class Decider:
    """Asks a policy what is trained, and tells it what became of it.

    Args:
        earlier: studies that the study learns from, fitted into its space.
        believed: what the policy had learned by an earlier call.
    """

    def __init__(
        self,
        study: optuna.Study,
        problem: Problem,
        options: PolicyOptions,
        earlier: Sequence[EarlierStudy] = (),
        believed: BeliefRecord | None = None,
    ) -> None:
        self._study, self._limits = study, problem.limits
        study.sampler = PerTrialSampler(
            options.deciders.sampler,
            problem.space,
            problem.settings.seed,
            problem.cost,
            problem.limits,
            earlier,
            allows_duplicates=options.duplicates,
        )
        self.policy: Policy = make_policy(study, problem, options)
        self.view: View = view_of(study, problem)
        self.stopping = stopping_of(study, options, self.view)
        self._first = first_trials(
            earlier,
            problem,
            study.get_trials(deepcopy=False),
            {number: one.params for number, one in self.view.trials.items()},
        )
        self._name = options.deciders.policy
        if believed is not None:
            self.policy.believe(believed.belief)
        self._belief = self.policy.belief

    def decide(
        self,
        n_free: int,
        n_startable: int | None,
        *,
        is_time_late: bool = False,
    ) -> Sequence[Decision]:
        """What is to be trained in free places, decided together.

        Args:
            n_startable: how many trials may still be started; None: as many as fit.
            is_time_late: whether the policy's last part of the call's time has begun.

        Raises:
            ValueError: the policy starts more than it may, goes on with a trial that does not
                pause, or leaves it to Optuna to draw some of its new trials only.
        """
        view = self.view
        n_most = self.stopping.most_startable(n_free)
        view.n_startable = n_most if n_startable is None else min(n_startable, n_most)
        view.is_late = is_time_late or self.stopping.part_left < self.policy.last_part
        wanted = self._first_trials(n_free) or self.policy.next(view, n_free)
        decisions = [self._within_limits(one) for one in wanted]
        self._check(decisions, n_free)
        view.turn += len(decisions)
        return decisions

    def new_belief(self) -> BeliefRecord | None:
        """What the policy has learned since it was last asked here; None: nothing."""
        belief = self.policy.belief
        if belief is None or belief is self._belief:
            return None
        self._belief = belief
        trials = self.view.trials.values()
        return BeliefRecord(self._name, len(trials), sum(one.epoch for one in trials), belief)

    def judge(self, number: int) -> Judgement:
        """What becomes of a trial at an epoch at which it is judged."""
        if self.stopping.is_enough(number):  # the search ends with it
            return Judgement.GO
        return self.policy.judge(self.view.trials[number])

    def is_judged_at(self, epoch: int) -> bool:
        """Whether a trial is judged when a round has had this epoch of it."""
        return self.policy.next_judged(epoch - 1) == epoch

    # What has happened

    def start(self, number: int, params: Params, proposal: Params | None = None) -> str | None:
        """A trial has been made: what it is marked with if it is one of those tried first.

        Args:
            proposal: what it was made of, where that was decided here.
        """
        self.view.trials[number] = TrialView(number, params)
        return self._first.take(params, proposal)

    def report(self, number: int, loss: float) -> None:
        """A round has had the next epoch of a trial."""
        self.view.trials[number].losses.append(loss)
        self.stopping.note_epoch(number)

    def change(self, number: int, state: ViewState) -> None:
        """A trial pauses, goes on, or has ended."""
        self.view.trials[number].state = state
        self.stopping.note_state(number, state)

    def end_round(self) -> None:
        """All that a round has brought has been told."""
        if (n_tried := self.stopping.end_round()) is not None:
            study = self._study
            study._storage.set_study_system_attr(study._study_id, TRIED_AT_BEST, n_tried)

    def take_over(self, trials: Sequence[FrozenTrial]) -> None:
        """Take over what other coordinators have done with trials, or a person has.

        What they have found counts for what ends a search as if it had been found here.
        """
        begun = [trial for trial in trials if trial.state is not TrialState.WAITING]
        look_at(self.view, begun)
        self._first.note(begun)
        for trial in begun:
            self.stopping.take_over(trial.number, is_tried=has_been_tried(trial))
        self.stopping.count_epochs()
        self.end_round()

    def tries_first(self, n_free: int, n_startable: int | None) -> bool:
        """Whether `decide` would give what is known to be good, so that no policy is asked."""
        is_startable = n_startable != 0 and self.stopping.most_startable(n_free) > 0
        return is_startable and bool(self._left_of_first())

    def _left_of_first(self) -> Sequence[Params]:
        return self._first.left([one.params for one in self.view.trials.values()])

    def _first_trials(self, n_free: int) -> Sequence[Decision]:
        """What is known to be good, until all of it is tried."""
        left = self._left_of_first()
        self.view.n_given = self._first.n_of_portfolio
        return [Start(params) for params in left[: min(n_free, self.view.n_startable)]]

    def _within_limits(self, decision: Decision) -> Decision:
        """The decision, on a network that may be trained."""
        if not isinstance(decision, Start) or decision.params is None:
            return decision
        params, limits = decision.params, self._limits
        return Start(params if limits is None else limits.brought_within(params))

    def _check(self, decisions: Sequence[Decision], n_free: int) -> None:
        starts = [one for one in decisions if isinstance(one, Start)]
        others = [one.number for one in decisions if not isinstance(one, Start)]
        if len(decisions) > n_free or len(starts) > self.view.n_startable:
            raise ValueError(
                f"a policy fills at most {n_free} places, {self.view.n_startable} of them with "
                f"new trials, but it decided {len(decisions)} and {len(starts)}"
            )
        if len({start.params is None for start in starts}) > 1:
            raise ValueError("a policy proposes all of its new trials, or none, but not some")
        paused = {number for number in others if self.view.trials[number].can_go_on}
        if len(paused) < len(others):
            raise ValueError(f"a trial goes on once, when it pauses, but {others} were to go on")
