"""What an objective is, told by how it is written, before anything of it runs.

    def objective(params):            a generator function: yields after each epoch
        ...
            yield loss

    class Objective:                  a class: its state can be saved
        def __init__(self, params): ...
        def train_epoch(self): ...    gives the losses
        def save(self): ...           optional, both
        def load(self, state): ...

    def objective(params):            a plain function: one epoch, so nothing is pruned
        return loss

Each may take a `seed` beside its params.
"""

from __future__ import annotations

import ast
import functools
import inspect
from collections.abc import Callable
from typing import Any, Literal

from automl.errors import ConfigError
from automl.models.own.reference import BuilderReference, definition_of

Kind = Literal["generator", "class", "function"]


def kind_of_reference(reference: BuilderReference) -> Kind:
    """What the objective is that a reference stands for.

    Raises:
        ConfigError: it can be none.
    """
    if reference.function is not None:
        return kind_of(reference.function)
    return kind_of_definition(definition_of(reference), reference.words)


def kind_of(objective: Callable[..., Any]) -> Kind:
    """What an objective is.

    Raises:
        ConfigError: a class that has no `train_epoch`, or an async function.
    """
    made_by = objective.func if isinstance(objective, functools.partial) else objective
    if inspect.isclass(made_by):
        if not callable(getattr(made_by, "train_epoch", None)):
            raise ConfigError(
                f"a class as objective must have train_epoch(self), but {made_by.__name__} has not"
            )
        return "class"
    if hasattr(made_by, "train_epoch"):
        raise ConfigError(
            f"an objective makes a new training for each trial, but got one, a "
            f"{type(made_by).__name__}; hand over the class"
        )
    called = made_by if inspect.isroutine(made_by) else type(made_by).__call__
    if inspect.iscoroutinefunction(called) or inspect.isasyncgenfunction(called):
        raise _is_async(getattr(made_by, "__name__", type(made_by).__name__))
    return "generator" if inspect.isgeneratorfunction(called) else "function"


def kind_of_definition(node: ast.stmt | None, words: str) -> Kind:
    """The same from the statement that defines it in a file, which is not run for it.

    Raises:
        ConfigError: it is neither a plain function nor a class.
    """
    if isinstance(node, ast.ClassDef):
        return "class"
    if isinstance(node, ast.AsyncFunctionDef):
        raise _is_async(words)
    if isinstance(node, ast.FunctionDef):
        return "generator" if any(map(_is_yield, _own_nodes(node))) else "function"
    raise ConfigError(
        f"an objective of a file must be defined there, but {words} is no function or class in "
        "it; import it, and hand over the object"
    )


def _is_async(name: str) -> ConfigError:
    return ConfigError(
        f"an objective must be called like any function, but {name} is async; call asyncio.run "
        "of it in a plain function"
    )


def _is_yield(node: ast.AST) -> bool:
    return isinstance(node, ast.Yield | ast.YieldFrom)


def _own_nodes(function: ast.FunctionDef) -> list[ast.AST]:
    """What stands in a function, but for functions and classes inside it."""
    found: list[ast.AST] = []
    waiting: list[ast.AST] = list(function.body)
    inner = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
    while waiting:
        node = waiting.pop()
        found.append(node)
        if not isinstance(node, inner):
            waiting.extend(ast.iter_child_nodes(node))
    return found


def takes_seed(objective: Callable[..., Any]) -> bool:
    """Whether it asks for a seed beside its params."""
    try:
        return "seed" in inspect.signature(objective).parameters
    except ValueError:  # of what is not written in Python, nothing can be told
        return False
