"""Optuna's own storage test suite, and random calls of three storages on one file.

After each test of the suite the file, opened with Optuna's own storage, holds the same.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import optuna
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule
from optuna.distributions import FloatDistribution
from optuna.storages import RDBStorage
from optuna.study import StudyDirection
from optuna.testing.pytest_storages import StorageTestCase
from optuna.trial import FrozenTrial, TrialState, create_trial

from storage.optuna_storage import OptunaStorage, open_optuna_storage


def plain(value: Any) -> Any:
    """A value that equals itself, NaN included."""
    if isinstance(value, float) and math.isnan(value):
        return "NaN"
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value


def content(storage: optuna.storages.BaseStorage) -> list[Any]:
    """All that a storage holds, as plain values."""
    return [
        (
            plain({k: v for k, v in vars(study).items()}),
            [plain(vars(trial)) for trial in storage.get_all_trials(study._study_id)],
        )
        for study in storage.get_all_studies()
    ]


class TestOptunasOwnSuite(StorageTestCase):
    @pytest.fixture
    def storage(self, tmp_path: Path) -> Iterator[OptunaStorage]:
        url = f"sqlite:///{tmp_path}/automl.db"
        storage = open_optuna_storage(url)
        yield storage
        storage.database.flush()
        theirs = RDBStorage(url)
        assert content(theirs) == content(storage)
        theirs.engine.dispose()
        storage.close()
        again = open_optuna_storage(url)
        assert content(again) == content(storage)
        again.close()


@dataclass
class Model:
    """What a trial must be."""

    trial_id: int
    owner: int | None  # the storage that changes it; None once that was closed or killed
    state: TrialState
    value: float | None = None
    params: dict[str, float] = field(default_factory=dict)
    reports: dict[int, float] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)


which = st.sampled_from([0, 1, 2])
values = st.floats(allow_nan=True, allow_infinity=True)
json_values = st.none() | st.integers() | st.text(max_size=3) | st.lists(st.booleans())


class StoragesOnOneFile(RuleBasedStateMachine):
    """Two of our storages and one of Optuna's work on one file; ours are killed at random.

    A model says what must be in the file: everything of finished trials, and of running
    ones all that their storage has flushed. What a killed storage had not flushed may be
    missing, nothing else.
    """

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.url = f"sqlite:///{self.folder.name}/automl.db"
        self.storages: list[Any] = [
            open_optuna_storage(self.url),
            open_optuna_storage(self.url),
            RDBStorage(self.url),
        ]
        self.studies: dict[int, list[Model]] = {}
        self.counter = 0

    def teardown(self) -> None:
        self.compare()
        for storage in self.storages[:2]:
            storage.close()
        self.storages[2].engine.dispose()
        self.folder.cleanup()

    def next_name(self) -> str:
        self.counter += 1
        return f"name_{self.counter}"

    def pick_trial(self, data: st.DataObject, state: TrialState) -> Model | None:
        trials = [t for trials in self.studies.values() for t in trials if t.state is state]
        return data.draw(st.sampled_from(trials)) if trials else None

    def writer(self, trial: Model, data: st.DataObject) -> Any:
        """A running trial is changed by the storage that began it, or by whoever adopts it."""
        if trial.owner is None:
            trial.owner = data.draw(which)
        return self.storages[trial.owner]

    @rule(who=which)
    def create_study(self, who: int) -> None:
        study_id = self.storages[who].create_new_study([StudyDirection.MINIMIZE])
        assert study_id not in self.studies
        self.studies[study_id] = []
        name = self.storages[who].get_study_name_from_id(study_id)
        for storage in self.storages:  # whoever uses it has asked for its id, by its name
            assert storage.get_study_id_from_name(name) == study_id

    @precondition(lambda self: self.studies)
    @rule(who=which, data=st.data())
    def delete_study(self, who: int, data: st.DataObject) -> None:
        study_id = data.draw(st.sampled_from(sorted(self.studies)))
        self.storages[who].delete_study(study_id)
        del self.studies[study_id]

    @precondition(lambda self: self.studies)
    @rule(who=which, data=st.data(), state=st.sampled_from(TrialState))
    def create_trial(self, who: int, data: st.DataObject, state: TrialState) -> None:
        study_id = data.draw(st.sampled_from(sorted(self.studies)))
        if state is TrialState.RUNNING and data.draw(st.booleans()):
            trial_id = self.storages[who].create_new_trial(study_id)
            model = Model(trial_id, who, state)
        else:
            value = 0.5 if state is TrialState.COMPLETE else None
            template = create_trial(state=state, value=value, user_attrs={"template": [1]})
            trial_id = self.storages[who].create_new_trial(study_id, template)
            model = Model(trial_id, who, state, value=value, attributes={"template": [1]})
        assert trial_id not in {t.trial_id for ts in self.studies.values() for t in ts}
        self.studies[study_id].append(model)

    @rule(who=which, data=st.data())
    def start_waiting_trial(self, who: int, data: st.DataObject) -> None:
        trial = self.pick_trial(data, TrialState.WAITING)
        if trial is not None:
            assert self.storages[who].set_trial_state_values(trial.trial_id, TrialState.RUNNING)
            trial.state, trial.owner = TrialState.RUNNING, who

    @rule(data=st.data(), value=values)
    def report(self, data: st.DataObject, value: float) -> None:
        trial = self.pick_trial(data, TrialState.RUNNING)
        if trial is not None:
            step = data.draw(st.integers(0, 3))
            storage = self.writer(trial, data)
            storage.set_trial_intermediate_value(trial.trial_id, step, value)
            trial.reports[step] = value

    @rule(data=st.data(), value=st.floats(0, 1))
    def set_param(self, data: st.DataObject, value: float) -> None:
        trial = self.pick_trial(data, TrialState.RUNNING)
        if trial is not None:
            name = self.next_name()
            storage = self.writer(trial, data)
            storage.set_trial_param(trial.trial_id, name, value, FloatDistribution(0, 1))
            trial.params[name] = value

    @rule(data=st.data(), value=json_values)
    def set_attribute(self, data: st.DataObject, value: Any) -> None:
        trial = self.pick_trial(data, TrialState.RUNNING)
        if trial is not None:
            key = data.draw(st.sampled_from("ab"))
            self.writer(trial, data).set_trial_user_attr(trial.trial_id, key, value)
            trial.attributes[key] = value

    @rule(data=st.data(), value=values.filter(lambda value: not math.isnan(value)))
    def tell(self, data: st.DataObject, value: float) -> None:
        trial = self.pick_trial(data, TrialState.RUNNING)
        if trial is not None:
            storage = self.writer(trial, data)
            state = data.draw(st.sampled_from([TrialState.COMPLETE, TrialState.PRUNED]))
            assert storage.set_trial_state_values(trial.trial_id, state, [value])
            trial.state, trial.value = state, value
            self.check(self.storages[2].get_trial(trial.trial_id), trial)

    @rule(who=st.sampled_from([0, 1]), data=st.data())
    def report_in_a_transaction(self, who: int, data: st.DataObject) -> None:
        own = [
            trial
            for trials in self.studies.values()
            for trial in trials
            if trial.state is TrialState.RUNNING and trial.owner == who
        ]
        with self.storages[who].database.transaction():
            for trial in own:
                self.storages[who].set_trial_intermediate_value(trial.trial_id, 7, 1.0)
                trial.reports[7] = 1.0

    @rule(who=st.sampled_from([0, 1]))
    def flush(self, who: int) -> None:
        self.storages[who].database.flush()

    @rule(who=st.sampled_from([0, 1]), kill=st.booleans())
    def reopen(self, who: int, kill: bool) -> None:
        if kill:  # what is buffered goes with the process
            self.storages[who].database.after_fork()
        self.storages[who].close()
        self.storages[who] = open_optuna_storage(self.url)
        for study_id, models in self.studies.items():
            found = self.storages[2].get_all_trials(study_id)
            for model, trial in zip(models, found, strict=True):
                if model.owner == who and model.state is TrialState.RUNNING:
                    model.owner = None
                    if kill:
                        self.lose(model, trial)

    def lose(self, model: Model, trial: FrozenTrial) -> None:
        """What is in the file is what was reported, but may be less of it, or earlier."""
        assert trial.params.items() <= model.params.items()
        assert trial.intermediate_values.keys() <= model.reports.keys()
        assert trial.user_attrs.keys() <= model.attributes.keys()
        model.params = dict(trial.params)
        model.reports = dict(trial.intermediate_values)
        model.attributes = dict(trial.user_attrs)

    @rule(who=which)
    def read(self, who: int) -> None:
        for study_id, models in self.studies.items():
            found = self.storages[who].get_all_trials(study_id, deepcopy=False)
            assert [trial.number for trial in found] == list(range(len(models)))
            for trial, model in zip(found, models, strict=True):
                if model.state.is_finished() or model.owner == who:
                    self.check(trial, model)

    @rule()
    def compare(self) -> None:
        for storage in self.storages[:2]:
            storage.database.flush()
        theirs = content(self.storages[2])
        assert content(self.storages[0]) == theirs
        assert content(self.storages[1]) == theirs
        self.read(2)

    def check(self, trial: FrozenTrial, model: Model) -> None:
        assert trial._trial_id == model.trial_id
        assert trial.state is model.state
        assert trial.value == model.value
        assert trial.params == model.params
        assert plain(trial.intermediate_values) == plain(model.reports)
        assert plain(trial.user_attrs) == plain(model.attributes)


TestStoragesOnOneFile = StoragesOnOneFile.TestCase
TestStoragesOnOneFile.settings = settings(max_examples=15, stateful_step_count=40)


@pytest.mark.slow
@pytest.mark.timeout(900)
class TestStoragesOnOneFileAtLength(StoragesOnOneFile.TestCase):
    settings = settings(max_examples=200, stateful_step_count=60)
