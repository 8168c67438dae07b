"""A worker process's side of the conversation: a `GuardedTraining` that answers requests.

`process_beginning.py` begins it; what is said is in `process_messages.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection

import torch
from torch import Tensor

from automl.errors import TrainingError
from automl.executors.failures import describe
from automl.executors.guarded_training import GuardedTraining
from automl.executors.resources import private_memory
from automl.executors.workers.in_process import guarded_training
from automl.executors.workers.process_messages import (
    Assignment,
    GiveBestWeights,
    GiveCheckpoint,
    Given,
    Message,
    Refused,
    receive,
    send,
)
from automl.executors.workers.worker import Orders, Ready, TrainingSetup
from automl.models.own.builders import remember_packed
from automl.stacked.native import use_kernels
from automl.training.trainer import Checkpoint


def converse(descriptor: int) -> None:
    """Answer what is asked on a connection until it closes."""
    torch.set_num_threads(1)
    connection = Connection(descriptor)
    try:
        training = _set_up(receive(connection))
    except Exception as error:
        is_said = isinstance(error, TrainingError)
        send(
            connection,
            Refused(str(error) if is_said else f"a worker cannot train: {describe(error)}"),
        )
        return
    send(connection, Ready())
    while True:
        try:
            request = receive(connection)
        except (EOFError, OSError):
            return
        send(connection, _answer(training, request))


def _set_up(assignment: Assignment) -> GuardedTraining:
    use_kernels({torch.float32: assignment.kernels.read()} if assignment.kernels else {})
    remember_packed(assignment.model)
    setup = TrainingSetup(
        assignment.dataset.open(),
        trainer=assignment.trainer,
        arithmetic=assignment.arithmetic,
        trial_timeout=assignment.trial_timeout,
    )
    training = guarded_training(setup, assignment.device)
    if assignment.memory_limit is not None:
        _limit_memory(assignment.memory_limit, torch.device(assignment.device))
    return training


def _answer(training: GuardedTraining, request: object) -> Message:
    match request:
        case Orders():
            return training.carry_out(request)
        case GiveCheckpoint():
            return _give(training.checkpoint, request.run_id)
        case GiveBestWeights():
            return _give(training.best_weights, request.run_id)
    return Refused(f"a worker does not know what to do with {type(request).__name__}")


def _give(ask: Callable[[int], Checkpoint | Mapping[str, Tensor]], run_id: int) -> Message:
    try:
        return Given(ask(run_id))
    except TrainingError as error:
        return Refused(str(error))


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
