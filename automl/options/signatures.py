"""Functions that take options as keywords, shown with every option that they take.

`search`, `tune`, `resume` and the estimators are written with `**options`. Type checkers and
editors see the fields of the record of options in their place (PEP 612), notebooks see them in the
signature, each with its type and default, and below the docstring, each with what it can be and
its help.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from automl.options.option import OptionRecord, options_of
from automl.options.values import DEFAULT_STORAGE

Options = ParamSpec("Options")
Result = TypeVar("Result")
Result_co = TypeVar("Result_co", covariant=True)


class OfData(Protocol[Options, Result_co]):
    """A function of data and of options."""

    def __call__(self, data: Any, *args: Options.args, **options: Options.kwargs) -> Result_co:
        """Call it."""


class OfObjective(Protocol[Options, Result_co]):
    """A function of an objective, a space and options."""

    def __call__(
        self, objective: Any, space: Any, *args: Options.args, **options: Options.kwargs
    ) -> Result_co:
        """Call it."""


class OfStudy(Protocol[Options, Result_co]):
    """A function of a stored study and of options."""

    def __call__(
        self,
        study: str,
        storage: str = DEFAULT_STORAGE,
        model: Any = None,
        data: str | Path | None = None,
        valid: str | Path | None = None,
        test: str | Path | None = None,
        *args: Options.args,
        **options: Options.kwargs,
    ) -> Result_co:
        """Call it."""


def of_data(
    record: Callable[Options, object],
) -> Callable[[Callable[..., Result]], OfData[Options, Result]]:
    """Show the options of a record as the keywords of a function of data."""
    return lambda function: _spelled_out(function, record)


def of_objective(
    record: Callable[Options, object],
) -> Callable[[Callable[..., Result]], OfObjective[Options, Result]]:
    """Show the options of a record as the keywords of a function of an objective and a space."""
    return lambda function: _spelled_out(function, record)


def of_study(
    record: Callable[Options, object],
) -> Callable[[Callable[..., Result]], OfStudy[Options, Result]]:
    """Show the options of a record as the keywords of a function of a study."""
    return lambda function: _spelled_out(function, record)


def of_estimator(
    record: Callable[Options, object],
) -> Callable[[Callable[..., None]], Callable[Concatenate[Any, Options], None]]:
    """Show the options of a record as the keywords that a class is made with."""
    return lambda method: _spelled_out(method, record)


def _spelled_out(function: Any, record: Any) -> Any:
    signature = inspect.signature(function)
    own = [each for each in signature.parameters.values() if each.kind is not each.VAR_KEYWORD]
    options = [
        inspect.Parameter(
            each.name, inspect.Parameter.KEYWORD_ONLY, default=each.default, annotation=each.type
        )
        for each in fields(record)
    ]
    function.__signature__ = signature.replace(parameters=[*own, *options])
    function.__doc__ = f"{inspect.getdoc(function)}\n\nOptions:\n{_described(record)}"
    return function


def _described(record: type[OptionRecord]) -> str:
    return "\n".join(
        f"    {name} ({one.rule.words}): {one.help}"
        for name, one in options_of(record).items()
        if one.help
    )
