"""Where a person's function is, that builds their networks or is their objective, and its words.

A study keeps the words ("my_file.py:build") and a digest of the code, never the code: it is run
only where a person hands it over. A function of a file is not imported here, since what it runs
may hang or end the process; workers import it by its path. A function that a person hands over
as an object (of a notebook, of a script's `__main__`, a lambda) travels to workers by value.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import hashlib
import importlib.util
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, Final

from automl.errors import ConfigError, did_you_mean, reason_of
from automl.wording.option_names import named


@dataclass(frozen=True, slots=True)
class BuilderReference:
    """A builder, or an objective, by its words, and how to get it.

    Attributes:
        words: what a study keeps and a person types: "my_file.py:build".
        digest: of the functions, classes and imports that stand in its file, and of the values
            that these look at, comments and layout aside; of what a script does beside them
            nothing. In a notebook, of the function.
        path: the file to import it from; None: it is the function itself.
    """

    words: str
    digest: str
    path: Path | None
    function: Callable[..., Any] | None = None
    what: str = "model"  # or "objective", for messages

    def load(self) -> Callable[..., Any]:
        """The function; a file is imported for it, under its own name.

        Raises:
            Exception: whatever the file raises.
            ConfigError: it has no such function after all.
        """
        if self.function is not None:
            return self.function
        assert self.path is not None, "a reference has a function or a file"
        found = getattr(_imported(self.path), self.name, None)
        if not callable(found):
            raise ConfigError(
                f"{_an(self.what)} must be a function, but {self.words} is {found!r}"
            )
        loaded: Callable[..., Any] = found
        return loaded

    @property
    def name(self) -> str:
        """What it is called in its file."""
        return self.words.rpartition(":")[2]

    def packed(self) -> bytes:
        """It as bytes for a worker of ours; they are run when they are read.

        Raises:
            ConfigError: the function holds what cannot be sent.
        """
        import cloudpickle

        try:
            content: bytes = cloudpickle.dumps(self)
        except Exception as error:  # of whatever the function refers to
            name = self.name.rpartition(".")[2]
            raise ConfigError(
                f"{_an(self.what)} must be sendable to worker processes, but {self.words} is not: "
                f"{reason_of(error)}; put it into a file and give 'my_file.py:{name}'"
            ) from None
        return content


def reference_of(model: object, what: str = "model") -> BuilderReference:
    """The reference of what a person gives: "my_file.py:build", or the function.

    Args:
        what: it is: a model, or an objective.

    Raises:
        ConfigError: there is no such file or function, or the file cannot be parsed.
    """
    if isinstance(model, str):
        return _in_file(model, what)
    if not callable(model):
        example = "my_file.py:build" if what == "model" else "my_file.py:train"
        got = type(model).__name__
        raise ConfigError(f"{_an(what)} must be a function or {example!r}, but got {got}")
    if what == "model" and hasattr(model, "state_dict") and not isinstance(model, type):
        raise ConfigError(
            f"a model must be a function that builds a network for each trial, but got a network, "
            f"a {type(model).__name__}; write def build(params, dataset): and return a new one"
        )
    made_by = model.func if isinstance(model, functools.partial) else model
    name = getattr(made_by, "__qualname__", type(made_by).__qualname__)
    file = _file_of(made_by)
    words = f"{file.name if file else 'notebook'}:{name}"
    parts = [part for code in _codes(made_by) for part in _code_parts(code)]
    digest = _digest(repr(parts)) if file is None else _digest_of_file(_parsed(file, words))
    if held := _held(model):
        digest = _digest(f"{digest} {held!r}")
    return BuilderReference(words, digest, None, model, what)


def _in_file(text: str, what: str) -> BuilderReference:
    file, _, name = text.rpartition(":")
    path = Path(file).expanduser()
    typed = named("model") if what == "model" else _an(what)
    if not path.is_file():
        raise ConfigError(f"{typed} must name a file's function, but there is no file {file!r}")
    words = f"{path.as_posix()}:{name}"
    tree = _parsed(path, words)
    names = {each for node in tree.body for each in _names(node)}
    has_star = any("*" in _names(node) for node in tree.body)
    if name not in names and not has_star:
        functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
        hint = did_you_mean(name, functions).rstrip(".")
        known = f"; it has {', '.join(functions)}" if functions and not hint else ""
        raise ConfigError(
            f"{typed} must name a function of {path.name}, but there is no {name!r}{hint}{known}"
        )
    return BuilderReference(words, _digest_of_file(tree), path.resolve(), what=what)


def definition_of(reference: BuilderReference) -> ast.stmt | None:
    """The statement of its file that defines it; None where it is the function itself."""
    if reference.path is None:
        return None
    nodes = _parsed(reference.path, reference.words).body
    return next((node for node in nodes if reference.name in _names(node)), None)


def _an(what: str) -> str:
    return f"an {what}" if what[0] in "aeiou" else f"a {what}"


def _parsed(path: Path, words: str) -> ast.Module:
    try:
        return ast.parse(path.read_bytes(), str(path))
    except SyntaxError as error:
        raise ConfigError(
            f"the file of a model must be Python, but of {words} line {error.lineno} is not: "
            f"{error.msg}"
        ) from None
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"the file of a model must be readable, but that of {words} is not: {reason_of(error)}"
        ) from None


def _names(node: ast.stmt) -> list[str]:
    """The names that a statement at the top of a file makes."""
    match node:
        case ast.FunctionDef() | ast.ClassDef():
            return [node.name]
        case ast.Import() | ast.ImportFrom():
            return [alias.asname or alias.name for alias in node.names]
        case ast.Assign():
            return [each.id for each in node.targets if isinstance(each, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
        case ast.If() | ast.Try():
            return [name for each in node.body for name in _names(each)]
    return []


def _file_of(model: object) -> Path | None:
    """The file that a function stands in; None for those of notebooks and prompts."""
    code = getattr(model, "__code__", None)
    module = sys.modules.get(getattr(model, "__module__", "") or "")
    file = code.co_filename if code is not None else getattr(module, "__file__", None)
    if not file or not Path(file).is_file() or "ipykernel" in file:
        return None
    return Path(file)


def _codes(model: object) -> list[CodeType]:
    """The code of a function, or of a class's methods."""
    found = [model, *vars(model).values()] if isinstance(model, type) else [model]
    codes = [getattr(each, "__code__", None) for each in found]
    return [code for code in codes if code is not None]


def _held(model: object) -> list[object]:
    """What a function brings from where it was made, as far as that is plain values.

    With others it builds other networks by the same code: `partial(build, width=8)`.
    """
    if isinstance(model, functools.partial):
        given = [*model.args, *sorted(model.keywords.items())]
        return [*_held(model.func), *filter(_is_plain, given)]
    held = []
    for cell in getattr(model, "__closure__", None) or ():
        with contextlib.suppress(ValueError):  # nothing is in it yet
            held.append(cell.cell_contents)
    return [each for each in held if _is_plain(each)]


def _is_plain(value: object) -> bool:
    if isinstance(value, (tuple, list)):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, (bool, int, float, str))


def _code_parts(code: CodeType) -> Iterator[object]:
    """What makes a function's code, functions inside it included, but for lines and paths."""
    yield code.co_code
    yield code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _code_parts(constant)
        else:
            yield constant


def _digest_of_file(tree: ast.Module) -> str:
    kinds = (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
    kept: set[ast.stmt] = {node for node in tree.body if isinstance(node, kinds)}
    values = {node for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign)}
    while more := {node for node in values - kept if _looked_at(kept) & set(_names(node))}:
        kept |= more
    return _digest("\n".join(ast.dump(node) for node in tree.body if node in kept))


def _looked_at(nodes: Iterable[ast.AST]) -> set[str]:
    """The names that some code reads."""
    found = (each for node in nodes for each in ast.walk(node) if isinstance(each, ast.Name))
    return {each.id for each in found if isinstance(each.ctx, ast.Load)}


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _imported(path: Path) -> ModuleType:
    """Import a file under its own name, with its folder in reach of its imports."""
    known = sys.modules.get(path.stem)
    if known is not None and getattr(known, "__file__", None) == str(path):
        return known
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    name = path.stem if known is None else f"{path.stem} of {path.parent}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # as an import does, so that classes find their module
    _IN_IMPORT.append(path.name)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    finally:
        _IN_IMPORT.pop()
    return module


_IN_IMPORT: Final[list[str]] = []
"""Files that are being imported for their builder."""


def refuse_in_import(what: str) -> None:
    """Refuse what a file does as a script while it is imported for its builder.

    A search that begins there would have workers that import the file, and so on without end.

    Raises:
        ConfigError: names the file.
    """
    if _IN_IMPORT:
        raise ConfigError(
            f"{what} must not begin while {_IN_IMPORT[-1]} is imported for its network; put what "
            'runs there below `if __name__ == "__main__":`'
        )
