"""The design, enforced: layers, homes of libraries, what imports load, sizes, stories, tests.

A failure means that the code wants another place, or that the design (ARCHITECTURE.md)
changes in the same commit.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

LAYERS = (  # from the top; a module imports from layers below its own, and from its own package
    ("cli",),
    ("automl.console",),
    ("automl",),  # the public names alone
    ("automl.estimators",),
    ("automl.api",),
    ("automl.watching",),
    ("automl.console.terminal",),  # what `progress=True` shows, too
    ("automl.console.logs",),
    ("automl.serving",),
    ("automl.session",),
    ("automl.playground", "automl.investigation"),
    ("automl.study_list",),
    ("automl.studies", "automl.options.loading"),
    ("automl.result",),
    ("automl.console.summary",),  # what `result.summary()` says, too
    ("automl.console.verdicts",),
    ("automl.console.consoles",),
    ("automl.report", "automl.export"),
    ("automl.stored_result",),
    ("automl.compared_json",),
    ("automl.comparison", "automl.study_json"),
    ("automl.listed_json",),
    ("automl.tuning",),
    ("automl.executors",),
    ("automl.stacked", "automl.objectives"),
    ("automl.training",),
    ("automl.models",),
    ("automl.randomness",),
    ("automl.data", "automl.diagnostics"),
    ("automl.study_advice",),
    ("automl.commands_to_type",),
    ("automl.options",),
    ("automl.system",),
    ("automl.errors", "automl.wording"),
    ("search_spaces", "storage"),
    ("storage.records",),  # spoken by everyone
    ("storage.score_records", "storage.call_records", "storage.widening_records"),
    ("storage.notebook_html", "storage.error_root"),
    ("storage.titles",),
)

HOMES = {
    "click": ("cli", "automl.console"),
    "fastapi": ("automl.serving",),
    "uvicorn": ("automl.serving",),
    "rich": ("automl.console",),
    "plotly": ("automl.report", "automl.playground"),
    "jinja2": ("automl.report", "automl.playground"),
    "sqlalchemy": ("storage",),
    "safetensors": ("storage.artifact_formats", "automl.export.standalone"),
    "optuna": (
        *("search_spaces", "storage", "automl.tuning", "automl.report"),
        "automl.estimators.held_result",
    ),
    "optuna_dashboard": ("automl.report.dashboard",),
    "pandas": (
        *("automl.data", "automl.export", "automl.report", "automl.training.predicted_table"),
        "automl.result",  # names the type of the table that it hands on
        "automl.estimators",
        "automl.serving.rows_as_json",  # writes a moment as its column does
    ),
    "pyarrow": ("automl.data",),
    "sklearn": (
        *("automl.data", "automl.training.metrics"),
        *("automl.report.numbers", "automl.report.figures"),
        *("automl.training.fitted_estimator", "automl.estimators"),
    ),
    "threadpoolctl": ("automl.data", "automl.system.threads"),
    "onnx": ("automl.export",),
    "onnxruntime": ("automl.export",),
    "cloudpickle": ("automl.models.own.reference",),
    "scipy": (
        "automl.data",
        "automl.diagnostics",
        "automl.training",
        "automl.tuning",
        "automl.investigation",
        "automl.system.threads",
    ),
    "numpy": ("automl", "storage.artifact_formats", "storage.artifacts", "storage.packing"),
    "torch": (
        "automl.data",
        "automl.randomness",
        "automl.models",
        "automl.training",
        "automl.stacked",
        "automl.objectives",
        "automl.executors",
        "automl.export",
        "automl.tuning.keeping",  # names the type of the weights that it hands on
        "automl.playground.toy_data",  # makes data sets of known noise
        "automl.serving.server",  # says how many threads count
    ),
}

HEAVY = ("click", "optuna", "pandas", "plotly", "rich", "sklearn", "sqlalchemy", "torch")

LOADS = {  # importing this loads no other of the heavy libraries
    "automl": (),
    "automl.options.search_options": (),
    "automl.api": ("optuna", "pandas", "sqlalchemy"),  # what is mistyped is told without torch
    "automl.diagnostics": (),
    "automl.estimators.parameters": (),
    # All that it takes to begin a search.
    "automl.session.opening": ("optuna", "pandas", "sqlalchemy", "torch"),
    "automl.report": ("optuna", "pandas", "plotly", "sklearn", "sqlalchemy"),
    "automl.training.config": ("torch",),
    "automl.executors.workers.process_beginning": (),  # it beats while it loads the rest
    "automl.executors.workers.process_conversation": ("torch",),
    "automl.study_list": (),  # a list of studies is there at once
    "automl.console.study_table": ("click", "rich"),
    "automl.console.listings": ("click", "rich"),
    "automl.tuning.pruners": ("optuna",),
    "automl.console.summary": (
        "click",
        "optuna",
        "rich",
        "sqlalchemy",
    ),  # all that it takes to show a study
    "cli": ("click",),
    "search_spaces": (),
    "search_spaces.hyperparameters": (),
    "search_spaces.space": (),  # whoever draws from it loads Optuna
    "storage": (),
    "storage.records": (),
    "storage.score_records": (),
    "storage.call_records": (),
    "storage.widening_records": (),
}

MAX_LINES = 400
MAX_PARAMETERS = 8
MAX_FUNCTION_LINES = 50
MANY_PARAMETERS = {  # functions that may take more, each with its reason
    "begin": "one keyword per field of the record",
}
MAX_METHODS = 20
MAX_FIELDS = 10
LARGE_CLASSES = {  # classes that may have more, each with its reason
    "automl.data.loaded.LoadedData": "frozen, one field per thing there is to say of data",
    "automl.diagnostics.evidence.CurveFacts": "frozen, one field per number that verdicts look at",
    "automl.diagnostics.layer_signals.FlowFacts": "frozen, one field per such number",
    "automl.export.standalone.model.Network": "one field per part, by the names of its weights",
    "automl.models.mlp.config.MLPConfig": "frozen, one field per hyperparameter",
    "automl.training.trained_model.TrainedModel": "what scikit-learn asks of an estimator, too",
    "automl.training.config.TrainingConfig": "frozen, one field per hyperparameter",
    "automl.tuning.progress.SearchProgress": "frozen, one field per number that is shown",
    "storage.records.StudySettings": "frozen, one field per column",
    "storage.records.StudyRecords": "frozen, one field per table",
    "storage.records.EpochRecord": "frozen, one field per column",
    "storage.records.RunRecord": "frozen, one field per column",
    "storage.call_records.PolicyRecord": "frozen, one field per column",
    "storage.optuna_storage.OptunaStorage": "implements the methods of Optuna's BaseStorage",
    "benchmarks.verdict_tables.Judged": "frozen, one field per column of its table",
    "benchmarks.verdict_training.Draw": "frozen, one field per number that is drawn",
}
ABBREVIATIONS = {"lr", "cfg", "conf", "hp", "hps", "hparams", "opt", "sched", "val_loss"}
NOT_NAMES_OF_MODULES = {"utils", "util", "helpers", "common", "misc", "manager", "handler"}
OTHER_TESTS = {  # tests in the mirrored folders that are of no single module
    "search_spaces.builtin_spaces": "the TOML files beside the modules",
    "automl.data.odd_columns": "columns as people write them, through the whole data layer",
    "automl.data.broken_files": "every kind of file, by what happens to a person",
    "examples.tutorial": "a notebook, run in a kernel",
}
TESTED_ELSEWHERE = {
    "automl.console.searching": "with the commands `search` and `resume`, whose body it is",
    "automl.console.export_command": "with the answers that it exports",
    "automl.export.checking": "with the loading that it refuses",
    "automl.export.contents": "with the folders that are written",
    "automl.export.folder": "with the folders that are written",
    "automl.export.formats": "with the export of a study's answer",
    "automl.export.how_to_use": "with the card that it is a part of",
    "automl.export.manifest": "with the loading that it refuses",
    "automl.export.verification": "with the folders that are written",
    "automl.export.standalone.first_weights": "with the training that begins at them",
    "automl.export.standalone.model": "with the folders that are written",
    "automl.export.standalone.preprocessing": "with the folders that are written",
    "automl.export.standalone.program_inputs": "with the programs that it feeds",
    "automl.export.standalone.updates": "with the training that makes them",
    "automl.console.model_commands": "with the streams and the server that they start",
    "automl.investigation.laboratory": "with the questions that are asked in it",
    "automl.stacked.embeddings": "with the passes that use it",
    "storage.background": "with the database whose thread it is",
    "storage.connection": "with the database that it is the connection of",
    "storage.pending": "with the database whose writes wait",
    "storage.runs": "with the store that they are a part of",
    "search_spaces.mlp_hyperparameters": "with the registry that they are in",
    "search_spaces.training_hyperparameters": "with the registry that they are in",
    "automl.tuning.problem": "an interface, with the two problems that have it",
}


@dataclass(frozen=True)
class Module:
    """A Python file of the project."""

    name: str
    path: Path

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @property
    def tree(self) -> ast.Module:
        return _parse(self.path)

    @property
    def is_package(self) -> bool:
        return self.path.name == "__init__.py"


@cache
def _parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def modules(*places: str) -> tuple[Module, ...]:
    paths = [ROOT / "cli.py"] if "cli" in places else []
    for place in places:
        paths += sorted((ROOT / place).rglob("*.py"))
    return tuple(Module(_name(path), path) for path in paths)


def _name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


PRODUCT = modules("cli", "automl", "search_spaces", "storage")
PRODUCT_NAMES = {module.name for module in PRODUCT}
EVERYTHING = modules("cli", "automl", "search_spaces", "storage", "benchmarks", "examples")


def imports(module: Module) -> Iterator[str]:
    """Names of the modules that a module imports, wherever in it."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module.name} imports relatively"
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                yield name if name in PRODUCT_NAMES else str(node.module)


def belongs(name: str, home: str) -> bool:
    return name == home or (name.startswith(f"{home}.") and home != "automl")


def layer_of(name: str) -> tuple[int, str]:
    """The layer's number from the top, and which part of it the module belongs to."""
    found = [
        (len(part), number, part)
        for number, layer in enumerate(LAYERS)
        for part in layer
        if belongs(name, part)
    ]
    assert found, f"{name} is in no layer: give it one in {Path(__file__).name}"
    _, number, part = max(found)
    return number, part


def test_imports_point_down() -> None:
    wrong = []
    for module in PRODUCT:
        if module.name == "automl":  # its public names are imported for type checkers only
            continue
        number, part = layer_of(module.name)
        for name in imports(module):
            if name.split(".")[0] in ("cli", "automl", "search_spaces", "storage"):
                other_number, other_part = layer_of(name)
                if other_part != part and other_number <= number:
                    wrong.append(f"{module.name} imports {name}, which is not below it")
    assert not wrong, "\n".join(wrong)


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Not inside a function either, and not for types alone: each can be read before the next."""
    imported = {module.name: set(imports(module)) & PRODUCT_NAMES for module in PRODUCT}
    del imported["automl"]  # its public names are imported for type checkers only
    while leaves := {name for name, others in imported.items() if not others & imported.keys()}:
        imported = {name: others for name, others in imported.items() if name not in leaves}
    assert not imported, f"in circles, or above one: {sorted(imported)}"


def test_the_page_lists_these_layers() -> None:
    page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    listed = page.partition("## The rooms")[2].split("```")[1].strip().splitlines()
    drawn = [" | ".join(part.removeprefix("automl.") for part in layer) for layer in LAYERS]
    assert [line.partition("  ")[0] for line in listed] == drawn


def test_each_library_is_used_in_its_home_only() -> None:
    wrong = []
    for module in PRODUCT:
        for name in imports(module):
            library = name.split(".")[0]
            if library in PRODUCT_NAMES or library in sys.stdlib_module_names:
                continue
            homes = HOMES.get(library, ())
            if not any(f"{module.name}.".startswith(f"{home}.") for home in homes):
                wrong.append(f"{module.name} imports {library}, whose home is {homes or 'none'}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", LOADS)
def test_an_import_loads_no_more_than_it_needs(name: str) -> None:
    code = f"import sys, {name}; print(*(m for m in {HEAVY} if m in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert set(done.stdout.split()) <= set(LOADS[name])


def test_only_tuning_asks_and_tells_a_study() -> None:
    for module in PRODUCT:
        calls = [node.func for node in ast.walk(module.tree) if isinstance(node, ast.Call)]
        for call in (ast.unparse(each) for each in calls):
            if call.endswith(("study.ask", "study.tell")):
                assert module.name.startswith("automl.tuning."), f"{module.name} calls {call}"


def test_modules_are_small() -> None:
    lines = {module.name: len(module.text.splitlines()) for module in EVERYTHING}
    assert not {name: count for name, count in lines.items() if count > MAX_LINES}


def test_functions_are_short_and_take_few_parameters() -> None:
    wrong = []
    for module in EVERYTHING:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef):
                name = f"{module.name}: {node.name}"
                if _n_lines(node) > MAX_FUNCTION_LINES:
                    wrong.append(f"{name} has {_n_lines(node)} lines")
                if _n_parameters(node) > MAX_PARAMETERS and node.name not in MANY_PARAMETERS:
                    wrong.append(f"{name} takes {_n_parameters(node)} parameters")
    assert not wrong, "\n".join(wrong)


def _n_lines(function: ast.FunctionDef) -> int:
    """Lines of a function without its docstring."""
    docstring = ast.get_docstring(function, clean=False) or ""
    return (function.end_lineno or 0) - function.lineno + 1 - len(docstring.splitlines())


def _n_parameters(function: ast.FunctionDef) -> int:
    arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    return len([argument for argument in arguments if argument.arg not in ("self", "cls")])


def test_classes_have_few_methods_and_fields() -> None:
    large = {
        f"{module.name}.{node.name}"
        for module in EVERYTHING
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef)
        if _n_methods(node) > MAX_METHODS or len(_fields(node)) > MAX_FIELDS
    }
    assert large - LARGE_CLASSES.keys() == set(), "too large: part them, or give the reason"
    assert LARGE_CLASSES.keys() - large == set(), "small by now: no exception is needed"


def _n_methods(of: ast.ClassDef) -> int:
    return sum(isinstance(node, ast.FunctionDef) for node in of.body)


def _fields(of: ast.ClassDef) -> set[str]:
    """Fields of a dataclass, and attributes that methods set on `self`."""
    fields = {
        node.target.id
        for node in of.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }
    stored = [n for n in ast.walk(of) if isinstance(n, ast.Attribute) and _is_stored(n)]
    return fields | {node.attr for node in stored if ast.unparse(node.value) == "self"}


def _is_stored(node: ast.Attribute) -> bool:
    return isinstance(node.ctx, ast.Store)


def test_modules_begin_with_their_story() -> None:
    """One that fits on a screen; what it says is for readers to judge."""
    wrong = []
    for module in EVERYTHING:
        story = ast.get_docstring(module.tree) or ""
        if len(story) < 20 or len(story.splitlines()) > 20:
            wrong.append(f"{module.name}: {story!r}")
    assert not wrong, "\n".join(wrong)


def test_names_are_written_out() -> None:
    """One name per thing, and none that a reader must learn: `lr` exists in torch only."""
    wrong = []
    for module in EVERYTHING:
        names = set()
        for node in ast.walk(module.tree):
            if isinstance(node, ast.arg):
                names.add(node.arg)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                names.add(node.id)
            elif isinstance(node, ast.FunctionDef | ast.ClassDef):
                names.add(node.name)
        wrong += [f"{module.name}: {name}" for name in sorted(names & ABBREVIATIONS)]
        if NOT_NAMES_OF_MODULES & set(module.name.split(".")):
            wrong.append(f"{module.name} does not say what is in it")
    assert not wrong, "\n".join(wrong)


def test_nothing_is_left_to_do() -> None:
    unfinished = ("TODO", "FIXME", "XXX", "raise NotImplementedError")
    wrong = [
        f"{module.name}: {word}"
        for module in EVERYTHING
        for word in unfinished
        if word in module.text
    ]
    assert not wrong, "\n".join(wrong)


def has_tests(name: str) -> bool:
    """Whether a module has tests of the mirrored name or of its family's, or a contract.

    test_stacked.py may test stacked_rows.py; a contract is passed by each implementation.
    """
    *folders, last = name.split(".")
    tests = ROOT.joinpath("tests", *folders)
    family = [last.rsplit("_", n)[0] for n in range(last.count("_") + 1)]
    patterns = [f"test_{each}{rest}.py" for each in family for rest in ("", "_*")]
    contract = ROOT / "tests" / "contracts" / f"{last}_contract.py"
    return contract.exists() or any(any(tests.glob(pattern)) for pattern in patterns)


def test_modules_have_tests_of_their_own() -> None:
    wrong = [
        f"{module.name} has no tests/{module.name.replace('.', '/test_')}.py"
        for module in PRODUCT
        if not (has_tests(module.name) or module.is_package or module.name in TESTED_ELSEWHERE)
    ]
    assert not wrong, "\n".join(wrong)


def test_what_the_tables_above_name_exists() -> None:
    """An exception for what is gone would be one for what comes under its name next."""
    named = {part for layer in LAYERS for part in layer} | TESTED_ELSEWHERE.keys() | LOADS.keys()
    named |= {home for homes in HOMES.values() for home in homes}
    assert named <= PRODUCT_NAMES, f"no modules: {sorted(named - PRODUCT_NAMES)}"
    functions = {
        node.name
        for module in EVERYTHING
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef)
    }
    assert MANY_PARAMETERS.keys() <= functions
    used = {name.split(".")[0] for module in PRODUCT for name in imports(module)}
    assert HOMES.keys() <= used, f"used nowhere: {sorted(HOMES.keys() - used)}"
    for name in OTHER_TESTS:
        *folders, last = name.split(".")
        assert ROOT.joinpath("tests", *folders, f"test_{last}.py").exists(), name


def test_only_modules_without_tests_of_their_own_are_excused() -> None:
    assert not [name for name in TESTED_ELSEWHERE if has_tests(name)]


def test_every_test_module_mirrors_one_of_the_product() -> None:
    """A test that outlived its module, or has the wrong name, is found here."""
    wrong = []
    known = {module.name for module in EVERYTHING}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        folders = path.relative_to(ROOT / "tests").parts[:-1]
        name = ".".join((*folders, path.stem.removeprefix("test_")))
        is_mirror = any(name == each or name.startswith(f"{each}_") for each in known)
        if folders and not is_mirror and folders[0] != "journeys" and name not in OTHER_TESTS:
            wrong.append(f"{path.relative_to(ROOT)} mirrors no module")
    assert not wrong, "\n".join(wrong)
