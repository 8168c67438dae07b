"""What a policy is: an object with two questions.

    slots are free              -> next(view, n_free)  -> Start | Continue: turns of trials
    a trial is at an epoch at   -> judge(trial)        -> GO | PAUSE | END
    which it is judged

A turn of a trial is from its start, or from where it was paused, until it is judged to pause, or
ends. Paused trials keep their state and take no slot; whether they ever go on, `next` says. A
policy sees the study as a `View` in the virtual order (`tuning/order.py`) and nothing else, and
every random number that it draws is a function of (study seed, turn): so the same past gives the
same decisions on any number of workers, and after a kill.
"""

from __future__ import annotations

import abc
import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from search_spaces import SearchSpace
from storage.records import Json, ParameterValue

TrialState = Literal["training", "paused", "complete", "pruned", "failed"]
"""Of a trial in the virtual order. A trial that is told as pruned while it pauses is paused still:
a later call can go on with it."""


@dataclass(slots=True)
class TrialView:
    """What a policy sees of a trial.

    Attributes:
        losses: validation loss of each epoch that a round has had, from the first.
        cost: seconds of an epoch by estimate, in proportion to other trials.
    """

    number: int
    params: Mapping[str, ParameterValue]
    state: TrialState = "training"
    losses: list[float] = field(default_factory=list)
    cost: float = 1.0

    @property
    def epoch(self) -> int:
        """The last epoch that a round has had; 0: none."""
        return len(self.losses)

    @property
    def can_go_on(self) -> bool:
        """Whether a policy may continue it."""
        return self.state == "paused"


def anything(params: Mapping[str, ParameterValue]) -> bool:
    """What is allowed where nothing is limited."""
    return True


@dataclass(slots=True)
class View:
    """What a policy sees of a study, as the virtual order has it.

    Attributes:
        trials: by number, in the sequence of their starts.
        turn: number of the next decision, from 0: what random numbers depend on.
        n_startable: how many trials may still be started.
        n_given: how many of the trials are of the portfolio: good ones that no policy has chosen,
            in a part of the space.
        is_late: whether of the epochs or the time of the call no more is left than the policy's
            `last_part`.
        is_allowed: whether the network of these params is within the study's limits, as far as
            that is known before it is built. What a policy starts all the same is brought within
            them.
    """

    space: SearchSpace
    seed: int
    max_epochs: int
    cost: Callable[[Mapping[str, ParameterValue]], float]
    trials: dict[int, TrialView] = field(default_factory=dict)
    turn: int = 0
    n_startable: int = 0
    n_given: int = 0
    is_late: bool = False
    is_allowed: Callable[[Mapping[str, ParameterValue]], bool] = anything


@dataclass(frozen=True, slots=True)
class Start:
    """Begin a trial.

    Attributes:
        params: all of them, fixed ones included; None: whoever makes the trial asks Optuna.
    """

    params: Mapping[str, ParameterValue] | None


@dataclass(frozen=True, slots=True)
class Continue:
    """Go on with a paused trial."""

    number: int


Decision = Start | Continue


class Judgement(enum.Enum):
    """What becomes of a trial at an epoch at which it is judged."""

    GO = "go"
    PAUSE = "pause"
    END = "end"


class Policy(abc.ABC):
    """Decides what is trained. Made once for each call of a search.

    Attributes:
        pauses: whether trials pause; else one that does not go on has ended.
        n_at_once: it is asked when so many places are free at least, or a slot is: for policies
            whose answers cost the less, the more are given together.
        last_part: of the epochs in all, or the time of a call, in which it decides otherwise
            (`View.is_late`); 0: none.
    """

    pauses: bool = True
    n_at_once: int = 1
    last_part: float = 0.0

    @abc.abstractmethod
    def next(self, view: View, n_free: int) -> Sequence[Decision]:
        """What is to be trained in so many free slots, decided together.

        Fewer than that, or nothing, where nothing is worth a slot: once no trial is in training
        either, the search is over. No trial is continued twice in one answer, and no more are
        started than `view.n_startable`.
        """

    @abc.abstractmethod
    def judge(self, trial: TrialView) -> Judgement:
        """What becomes of a trial that has come to an epoch at which it is judged."""

    @abc.abstractmethod
    def next_judged(self, epoch: int) -> int | None:
        """The next epoch after one at which a trial is judged; None: never, it trains to its end.

        Up to there it may train before anything else is known.
        """

    def prepare(self) -> None:  # noqa: B027 - most have nothing to load
        """Get ready for decisions that the first trials do not wait for.

        Asked whenever what was decided has been handed over, so first while workers begin. They
        must be heard, so it may not take long itself.
        """

    @property
    def belief(self) -> Json:
        """What it has learned beside the trials, kept with the study; None: nothing.

        It is stored when it is another object than before, and given to the policy of the next
        call by `believe`. It must not depend on the ends of ranges: these may have grown by then.
        """
        return None

    def believe(self, belief: Json) -> None:  # noqa: B027 - most believe nothing
        """Take over what the policy of an earlier call had learned.

        Raises:
            DamagedError: it can have learned no such thing.
        """
