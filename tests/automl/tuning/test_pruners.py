from __future__ import annotations

import math
import random
from pathlib import Path

import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.pruners import BasePruner, HyperbandPruner, MedianPruner, SuccessiveHalvingPruner
from optuna.trial import TrialState

from automl.errors import ConfigError
from automl.tuning.pruners import PRUNERS, SuccessiveHalving, make_pruner, next_judged

VALUES = st.one_of(
    st.sampled_from([0.0, 1.0, math.inf, -math.inf, math.nan]),  # ties and what training can give
    st.floats(-1, 1),
)


class Replay:
    """Two studies that get the same reports, judged by Optuna's pruner and by ours."""

    def __init__(self, min_resource: int, reduction_factor: int, direction: str) -> None:
        pruners: list[BasePruner] = [
            SuccessiveHalvingPruner(min_resource, reduction_factor),
            SuccessiveHalving(min_resource, reduction_factor),
        ]
        self.studies = [
            optuna.create_study(pruner=pruner, direction=direction) for pruner in pruners
        ]
        self.trials: list[tuple[optuna.Trial, ...]] = []

    def ask(self) -> None:
        self.trials.append(tuple(study.ask() for study in self.studies))

    def report(self, index: int, value: float, step: int) -> None:
        decisions = []
        for trial in self.trials[index]:
            trial.report(value, step)
            decisions.append(trial.should_prune())
        assert decisions[0] == decisions[1]
        if decisions[0]:
            self.tell(index, TrialState.PRUNED)

    def check_what_is_stored(self) -> None:
        optunas, ours = (study.get_trials(deepcopy=False) for study in self.studies)
        assert [t.system_attrs for t in optunas] == [t.system_attrs for t in ours]

    def tell(self, index: int, state: TrialState) -> None:
        for study, trial in zip(self.studies, self.trials[index], strict=True):
            study.tell(trial, state=state)
        self.trials[index] = ()


@pytest.fixture(autouse=True)
def quiet() -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)


@settings(max_examples=60, deadline=None)
@given(
    data=st.data(),
    min_resource=st.integers(1, 3),
    reduction_factor=st.integers(2, 4),
    direction=st.sampled_from(["minimize", "maximize"]),
)
def test_it_decides_exactly_as_optuna_does(
    data: st.DataObject, min_resource: int, reduction_factor: int, direction: str
) -> None:
    """Whatever trials report, in whatever order, with gaps and with trials that fail."""
    replay = Replay(min_resource, reduction_factor, direction)
    n_slots = data.draw(st.integers(1, 5))
    shuffle = random.Random(data.draw(st.integers(0, 2**32)))
    epochs: dict[int, int] = {}
    for _ in range(40):
        running = [index for index, trials in enumerate(replay.trials) if trials]
        if len(running) < n_slots:
            replay.ask()
            epochs[len(replay.trials) - 1] = 0
            continue
        index = shuffle.choice(running)
        if shuffle.random() < 0.05:
            replay.tell(index, TrialState.FAIL)
            continue
        epochs[index] += shuffle.choice([1, 1, 1, 5])
        replay.report(index, data.draw(VALUES), epochs[index])
    replay.check_what_is_stored()


def test_it_decides_as_optuna_does_over_hundreds_of_trials_in_lockstep() -> None:
    replay = Replay(1, 4, "minimize")
    numbers = random.Random(0)
    for first in range(0, 300, 30):
        for _ in range(30):
            replay.ask()
        for epoch in range(1, 21):
            for index in range(first, first + 30):
                if replay.trials[index]:
                    replay.report(index, numbers.choice([0.5, numbers.random()]), epoch)
    replay.check_what_is_stored()


def test_trials_of_other_processes_count(tmp_path: Path) -> None:
    """Two pruners that share nothing but the database decide as one of Optuna's would."""
    storage = f"sqlite:///{tmp_path}/study.db"
    optuna.create_study(study_name="s", storage=storage)
    here, there = (
        optuna.load_study(study_name="s", storage=storage, pruner=SuccessiveHalving(1, 2))
        for _ in range(2)
    )
    reference = optuna.create_study(pruner=SuccessiveHalvingPruner(1, 2))
    numbers = random.Random(1)
    for number in range(24):
        study = (here, there)[number % 2]
        pair = study.ask(), reference.ask()
        for epoch in range(1, 5):
            value = numbers.random()
            for trial in pair:
                trial.report(value, epoch)
            decisions = [trial.should_prune() for trial in pair]
            assert decisions[0] == decisions[1]
            if decisions[0]:
                break
        for owner, trial in zip((study, reference), pair, strict=True):
            owner.tell(trial, state=TrialState.PRUNED)


def test_a_new_pruner_goes_on_where_another_stopped() -> None:
    study = optuna.create_study(pruner=SuccessiveHalving(1, 2))
    for value in (0.1, 0.2):
        trial = study.ask()
        trial.report(value, 1)
        study.tell(trial, value)
    for trial_value, is_pruned in ((0.05, False), (0.3, True)):
        study.pruner = SuccessiveHalving(1, 2)
        for value in (0.1, 0.2, 0.25):
            trial = study.ask()
            trial.report(value, 1)
            trial.should_prune()
            study.tell(trial, value)
        trial = study.ask()
        trial.report(trial_value, 1)
        assert trial.should_prune() is is_pruned


def test_one_pruner_can_serve_one_study_after_another() -> None:
    pruner = SuccessiveHalving(1, 4)
    storage = optuna.storages.InMemoryStorage()
    for _ in range(2):
        study = optuna.create_study(storage=storage, pruner=pruner)
        trial = study.ask()
        trial.report(1.0, 1)
        assert not trial.should_prune()  # the first of its study is the best so far
        study.tell(trial, 1.0)


def test_a_trial_without_reports_goes_on() -> None:
    assert not optuna.create_study(pruner=SuccessiveHalving(1, 2)).ask().should_prune()


def test_nothing_is_judged_between_rungs() -> None:
    study = optuna.create_study(pruner=SuccessiveHalving(4, 4))
    for value in (0.1, 0.9):
        trial = study.ask()
        for epoch in (1, 2, 3):
            trial.report(value, epoch)
            assert not trial.should_prune()
        trial.report(value, 4)
        assert trial.should_prune() is (value == 0.9)
        study.tell(trial, value)


def test_a_trial_that_has_ended_is_not_read_again() -> None:
    """What keeps judging cheap: the pruner looks at running and new trials only."""
    pruner = SuccessiveHalving(1, 2)
    study = optuna.create_study(pruner=pruner)
    for number in range(50):
        trial = study.ask()
        trial.report(float(number), 1)
        trial.should_prune()
        study.tell(trial, float(number))
    running = study.ask()
    running.report(0.0, 1)
    running.should_prune()
    assert list(pruner._unsettled) == [50]


@pytest.mark.parametrize("name", PRUNERS)
def test_every_pruner_works_in_a_study_from_one_epoch_up(name: str) -> None:
    for max_epochs in (1, 2, 20):
        study = optuna.create_study(pruner=make_pruner(name, max_epochs))
        n_pruned = 0
        for number in range(30):
            trial = study.ask()
            for epoch in range(1, max_epochs + 1):
                trial.report(float(number), epoch)
                if trial.should_prune():
                    n_pruned += 1
                    break
            study.tell(trial, float(number))
        if max_epochs == 20:
            assert (n_pruned > 10) == (name != "none")
            assert study.get_trials()[0].last_step == 20  # the best trial ran to its end


def test_resources_are_explicit() -> None:
    halving = make_pruner("successive_halving", 50)
    assert isinstance(halving, SuccessiveHalving)
    assert (halving.min_resource, halving.reduction_factor) == (1, 4)
    median = make_pruner("median", 50)
    assert isinstance(median, MedianPruner) and median._n_warmup_steps == 5
    hyperband = make_pruner("hyperband", 50)
    assert isinstance(hyperband, HyperbandPruner) and hyperband._max_resource == 50


def test_the_median_is_one_of_earlier_trials() -> None:
    """A later trial that is complete sooner does not count: there may be none in another call."""
    study = optuna.create_study(pruner=make_pruner("median", 20))
    trials = [study.ask() for _ in range(12)]
    trials[5].report(1.0, 3)
    for trial in trials[6:]:  # six better ones, all later
        trial.report(0.5, 3)
        study.tell(trial, 0.5)
    assert not trials[5].should_prune()
    for trial in trials[:5]:
        trial.report(0.5, 3)
        study.tell(trial, 0.5)
    assert trials[5].should_prune()


def test_an_unknown_pruner_is_an_error_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="one of successive_halving, median, hyperband, none"):
        make_pruner("asha", 50)


@pytest.mark.parametrize("resources", [(0, 4), (1, 1)])
def test_resources_that_cannot_work_are_an_error(resources: tuple[int, int]) -> None:
    with pytest.raises(ConfigError, match="must hold for successive halving"):
        SuccessiveHalving(*resources)


@pytest.mark.parametrize("name", sorted(PRUNERS))
def test_a_pruner_judges_at_no_epoch_but_those_that_are_said(name: str) -> None:
    """Trials that are bad throughout, beside good ones, are pruned where `next_judged` says."""
    pruner = make_pruner(name, 30)
    study = optuna.create_study(pruner=pruner)
    seen = set()
    for number in range(60):
        trial, is_pruned = study.ask(), False
        for epoch in range(1, 31):
            trial.report(number % 7 + 0.01 * number + 1 / epoch, epoch)
            if is_pruned := trial.should_prune():
                seen.add(epoch)
                break
        state = TrialState.PRUNED if is_pruned else TrialState.COMPLETE
        study.tell(trial, None if is_pruned else 1.0, state=state)
    said, epoch = set(), next_judged(pruner, 0)
    while epoch is not None and epoch <= 30:
        said.add(epoch)
        epoch = next_judged(pruner, epoch)
    assert seen <= said
    assert bool(seen) == (name != "none")


def test_a_misspelt_pruner_is_told_with_the_one_that_was_meant() -> None:
    with pytest.raises(ConfigError, match="did you mean 'hyperband'"):
        make_pruner("hyper_band", 50)
