"""A worker process's side of the conversation: an `InProcessExecutor` that answers requests.

`process_beginning.py` begins it; what is said is in `process_messages.py`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection

import torch
from torch import Tensor

from automl.errors import TrainingError
from automl.executors.failures import describe
from automl.executors.guarded_training import InProcessExecutor
from automl.executors.resources import private_memory
from automl.executors.workers.process_messages import (
    GiveBestWeights,
    GiveCheckpoint,
    Given,
    Ready,
    Refused,
    Reply,
    RoundDone,
    Setup,
    TrainRound,
    receive,
    send,
)
from automl.stacked.native import use_kernels
from automl.training.trainer import Checkpoint


def converse(descriptor: int) -> None:
    """Answer what is asked on a connection until it closes."""
    torch.set_num_threads(1)
    connection = Connection(descriptor)
    try:
        executor = _set_up(receive(connection))
    except Exception as error:
        send(connection, Refused(describe(error)))
        return
    send(connection, Ready())
    while True:
        try:
            request = receive(connection)
        except (EOFError, OSError):
            return
        send(connection, _answer(executor, request))


def _set_up(setup: Setup) -> InProcessExecutor:
    use_kernels(torch.float32, setup.kernels.read() if setup.kernels else None)
    executor = InProcessExecutor(
        setup.dataset.open(),
        trainer=setup.trainer,
        device=setup.device,
        trial_timeout=setup.trial_timeout,
    )
    if setup.memory_limit is not None:
        _limit_memory(setup.memory_limit, torch.device(setup.device))
    return executor


def _answer(executor: InProcessExecutor, request: object) -> Reply:
    match request:
        case TrainRound():
            return _train_round(executor, request)
        case GiveCheckpoint():
            return _give(executor.checkpoint, request.run_id)
        case GiveBestWeights():
            return _give(executor.best_weights, request.run_id)
    return Refused(f"a worker does not know what to do with {type(request).__name__}")


def _give(ask: Callable[[int], Checkpoint | Mapping[str, Tensor]], run_id: int) -> Reply:
    try:
        return Given(ask(run_id))
    except TrainingError as error:
        return Refused(str(error))


def _train_round(executor: InProcessExecutor, request: TrainRound) -> RoundDone:
    for run_id in request.stop:
        executor.stop(run_id)
    for run_id in request.forget:
        executor.forget(run_id)
    executor.start(request.start)
    deadline = None if request.seconds is None else time.monotonic() + request.seconds
    result = executor.next_round(deadline)
    return RoundDone(result, executor.waiting)


def _limit_memory(n_bytes: int, device: torch.device) -> None:
    """Let trainings take so much memory, beyond what interpreter and libraries have taken."""
    if device.type == "cuda":
        total = torch.cuda.get_device_properties(device).total_memory
        torch.cuda.set_per_process_memory_fraction(min(1.0, n_bytes / total), device)
        return
    import resource  # not on Windows

    taken = private_memory() or 0
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (taken + n_bytes, hard))
