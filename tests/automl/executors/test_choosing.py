"""One worker is this process, unless what hangs must be ended."""

from __future__ import annotations

import pytest

from automl.errors import ConfigError
from automl.executors.choosing import make_executor
from automl.executors.pool import Pool
from automl.executors.workers.in_process import InProcessWorker
from automl.executors.workers.process_worker import ProcessWorker
from automl.executors.workers.worker import Worker
from tests.contracts.executor_contract import LINEAR
from tests.contracts.thread_engine import ThreadWorker
from tests.contracts.tiny_datasets import tiny_dataset


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"workers": 1}, InProcessWorker),
        ({"workers": 2}, ProcessWorker),
        ({"workers": 1, "trial_timeout": 60.0}, ProcessWorker),
        ({"workers": 1, "memory_limit": 2**30}, ProcessWorker),
        ({"workers": 1, "engine": "processes"}, ProcessWorker),
        ({"workers": 3, "engine": "tests.contracts.thread_engine:ThreadEngine"}, ThreadWorker),
    ],
)
def test_workers_are_processes_where_they_must_be(
    options: dict[str, object], kind: type[Worker]
) -> None:
    with make_executor(tiny_dataset(), trainer=LINEAR, **options) as executor:  # type: ignore[arg-type]
        assert isinstance(executor, Pool)
        assert len(executor._members) == options["workers"]
        assert all(isinstance(member.worker, kind) for member in executor._members)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"engine": "ray"}, "engine must be one of in_process, processes or package"),
        ({"trainer": "fused"}, "trainer must be one of stacked, plain, objective or package"),
        ({"workers": 0}, "at least one worker"),
    ],
)
def test_what_cannot_be_made_is_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make_executor(tiny_dataset(), **options)  # type: ignore[arg-type]
