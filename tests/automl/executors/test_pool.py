"""A pool whose workers are threads: another engine, of which nothing else knows."""

from __future__ import annotations

import pytest

from automl.executors.choosing import make_executor
from automl.executors.executor import Executor
from tests.contracts.executor_contract import LINEAR, ExecutorContract, MakeExecutor
from tests.contracts.linear_trainer import tiny_dataset
from tests.contracts.thread_engine import ThreadEngine
from tests.contracts.worker_contract import MakeEngine, WorkerContract

THREADS = "tests.contracts.thread_engine:ThreadEngine"


class TestThreadWorker(WorkerContract):
    @pytest.fixture
    def make_engine(self) -> MakeEngine:
        return ThreadEngine


class TestThreadExecutor(ExecutorContract):
    @pytest.fixture
    def make_executor(self) -> MakeExecutor:
        def make(*, trainer: str = LINEAR, **options: object) -> Executor:
            return make_executor(
                tiny_dataset(), workers=2, engine=THREADS, trainer=trainer, **options
            )

        return make
