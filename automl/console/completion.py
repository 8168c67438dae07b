"""What a shell offers when a person presses tab: studies, data, spaces, hyperparameters.

The scripts are click's, and so is what is done with them; here is what stands for an argument or
an option, by its name. Nothing heavy is loaded for it: the names of studies are offered where
their database is a plain SQLite file.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem, get_completion_class

from automl.console.command_group import COMPLETING
from automl.console.command_options import Typed
from automl.console.settings_file import find_settings
from automl.errors import AutoMLError
from automl.options.values import DEFAULT_STORAGE, SKLEARN_DATA, SPACE

SHELLS = ("bash", "zsh", "fish")
SAID = (ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT)


def script(group: click.Group, shell: str) -> str:
    """The script that teaches a shell to complete `automl`."""
    found = get_completion_class(shell)
    if found is None:
        raise click.BadParameter(f"the shell must be one of {', '.join(SHELLS)}, but got {shell}")
    return found(group, {}, "automl", COMPLETING).source()


class Offered(click.ParamType[Any]):
    """A value of which a shell may offer some."""

    is_file: ClassVar[bool] = False  # whether the shell offers its files as well

    def words(self, context: click.Context, typed: str) -> Iterable[str]:
        """What can be offered."""
        raise AssertionError(f"{type(self).__name__} offers nothing")

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Offer what begins with what is typed."""
        try:
            words = [one for one in self.words(ctx, incomplete) if not one.startswith("-")]
            found = [one for one in words if one.startswith(incomplete)]  # none is an option
        except AutoMLError:  # told when the command runs
            found = []
        items = [CompletionItem(one) for one in found]
        return [*items, CompletionItem(incomplete, type="file")] if self.is_file else items


class StudyName(Offered, click.types.StringParamType):
    """The name of a study in the database that the command names, or the project's."""

    def words(self, context: click.Context, typed: str) -> Iterable[str]:
        """Those of a plain SQLite file: others take a second to load."""
        from automl.study_list import listed_at_once

        if context.get_parameter_source("storage") in SAID:
            storage = str(context.params["storage"])
        else:
            settings = find_settings(Path.cwd(), {"storage"})
            said = {} if settings is None else settings.values
            storage = str(said.get("storage", DEFAULT_STORAGE))
        names = [one.settings.study_name for one in listed_at_once(storage) or ()]
        # It goes to the shell as it is, so that one with $(...) in it would be run.
        return [name for name in names if shlex.quote(name) == name]


class DataSource(Offered, click.types.StringParamType):
    """A file, or one of scikit-learn's data sets."""

    is_file = True

    def words(self, context: click.Context, typed: str) -> Iterable[str]:
        """The data sets; files are the shell's."""
        return SKLEARN_DATA


class SpaceName(Offered, Typed):
    """A built-in space, or a TOML file."""

    is_file = True

    def words(self, context: click.Context, typed: str) -> Iterable[str]:
        """The built-in ones."""
        import search_spaces

        return search_spaces.names()


class Assignment(Offered, click.types.StringParamType):
    """A hyperparameter and, behind the equals sign, one of its words."""

    def words(self, context: click.Context, typed: str) -> Iterable[str]:
        """Names, or words where a name is there."""
        from search_spaces.hyperparameter import spelled
        from search_spaces.hyperparameters import HYPERPARAMETERS

        name, is_named, _ = typed.partition("=")
        if not is_named:
            return [f"{each}=" for each in HYPERPARAMETERS]
        known = HYPERPARAMETERS.get(name)
        return [] if known is None else [f"{name}={spelled(word)}" for word in known.words]


OFFERED: Mapping[str, Offered] = {
    "study": StudyName(),
    "studies": StudyName(),
    "warm_start": StudyName(),
    "data": DataSource(),
    "space": SpaceName(SPACE),
    "set": Assignment(),
}
"""By the name of the argument or option; `spaces NAME` is a space too."""


def offer(group: click.Group) -> None:
    """Let the commands of a group offer what their arguments and options can be."""
    for name, command in group.commands.items():
        for param in command.params:
            key = "space" if (name, param.name) == ("spaces", "name") else str(param.name)
            is_text = isinstance(param.type, click.types.StringParamType)
            if key in OFFERED and (is_text or key == "space"):
                param.type = OFFERED[key]
