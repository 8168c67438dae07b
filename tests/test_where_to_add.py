"""The table "Where do I add ...?" of ARCHITECTURE.md is true: each row is tried out.

The product is copied, the thing is added in the copy by the files that its row names, all of them
and no others, and a process of its own shows that it works there. The family is the example of
CONTRIBUTING.md, so that neither can grow stale.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PRODUCT = ("automl", "search_spaces", "storage", "tests/contracts")
FILES = ("cli.py", "pyproject.toml")

NAME = "something"
"""What stands for NAME in the paths of the table, unless a thing has a name of its own."""


def table_rows() -> dict[str, tuple[str, ...]]:
    """What can be added, and the files that its row names."""
    page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    table = page.partition("## Where do I add ...?")[2].partition("\n\n|")[2].partition("\n\n")[0]
    cells = [re.split(r"\s*\|\s*", line.strip("| ")) for line in table.splitlines()[2:]]
    return {what: tuple(re.findall(r"`([\w/.]+)`", files)) for what, files, *_ in cells}


class Copy:
    """A copy of the product in which the files of one row may be touched."""

    def __init__(self, folder: Path, files: tuple[str, ...], name: str = NAME) -> None:
        self.folder = folder
        self.untouched = {path.replace("NAME", name) for path in files}
        self._files = frozenset(self.untouched)
        for part in PRODUCT:
            shutil.copytree(ROOT / part, folder / part)
        for file in FILES:
            shutil.copy2(ROOT / file, folder)

    def create(self, path: str, text: str) -> None:
        """Write a new file, and make its folder a package."""
        target = self._touched(path)
        assert not target.exists(), f"{path} is there already"
        target.parent.mkdir(exist_ok=True)
        if target.suffix == ".py" and not (target.parent / "__init__.py").exists():
            (target.parent / "__init__.py").write_text('"""A package."""\n', encoding="utf-8")
        target.write_text(text, encoding="utf-8")

    def create_test(self, path: str, text: str) -> None:
        """Write a test, which needs no row."""
        assert path.startswith("tests/")
        target = self.folder / path
        target.parent.mkdir(parents=True)
        target.write_text(text, encoding="utf-8")

    def replace(self, path: str, old: str, new: str) -> None:
        """Put something in the place of what is there once."""
        target = self._touched(path)
        text = target.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in {path}"
        target.write_text(text.replace(old, new), encoding="utf-8")

    def insert(self, path: str, text: str, *, before: str) -> None:
        """Put text before what is there once."""
        self.replace(path, before, text + before)

    def add_package(self, name: str) -> None:
        """Tell setuptools of a package."""
        self.insert("pyproject.toml", f'    "{name}",\n', before='    "automl.options",\n')

    def _touched(self, path: str) -> Path:
        assert path in self._files, f"the row does not name {path}"
        self.untouched.discard(path)
        return self.folder / path

    def run(self, code: str, **environment: str) -> None:
        """Run Python in the copy; it must end well."""
        run_python(code, self.folder, PYTHONPATH=str(self.folder), **environment)


def run_python(code: str, folder: Path, **environment: str) -> None:
    """Run Python in a folder, in a process of its own; it must end well."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]


Case = Callable[[Copy], None]
CASES: dict[str, Case] = {}
SLOW: set[str] = set()
NAMES: dict[str, str] = {}


def adds(what: str, *, name: str = NAME, is_slow: bool = False) -> Callable[[Case], Case]:
    """Make a function the trial of a row."""

    def register(case: Case) -> Case:
        CASES[what], NAMES[what] = case, name
        SLOW.update({what} if is_slow else ())
        return case

    return register


SEARCH = """
import automl
result = automl.search("sklearn:iris", folds=1, n_trials=2, max_epochs=2, workers=1,
                       references=False, {options})
assert len(result.trials) == 2 and result.best.value < 10
"""


@adds("a hyperparameter of training")
def a_hyperparameter(copy: Copy) -> None:
    copy.insert(
        "search_spaces/hyperparameters.py",
        """    Hyperparameter(
        "gradients_kept",
        "share of the mean of gradients that an update keeps",
        numbers=Numbers(0, 1, low_is_open=True, high_is_open=True),
        default=0.9,
        useful=(0.5, 0.99),
    ),
""",
        before='    Hyperparameter(\n        "schedule",\n',
    )
    copy.insert(
        "search_spaces/mlp.toml",
        """[gradients_kept]
type = "float"
low = 0.5
high = 0.95
when = { optimizer = ["adam", "adamw"] }
reason = "0.95 averages over twenty updates, 0.5 over two"

""",
        before="[decay_fraction]\n",
    )
    copy.insert(
        "automl/training/config.py",
        '    gradients_kept: float = _DEFAULTS["gradients_kept"]\n',
        before='    schedule: str = _DEFAULTS["schedule"]\n',
    )
    copy.replace(
        "automl/training/optimizers.py",
        "betas = (ADAM_BETA1, ",
        "betas = (training.gradients_kept, ",
    )
    twin = "automl/stacked/update_coefficients.py"
    copy.replace(
        twin, "first, second = 1 - ADAM_BETA1, ", "first, second = 1 - training.gradients_kept, "
    )
    copy.replace(twin, "1 - ADAM_BETA1**n", "1 - training.gradients_kept**n")
    copy.run("""
from automl.stacked.trainer import StackedTrainer
from automl.training.plain import PlainTrainer
from search_spaces import SearchSpaceError, load
from tests.contracts.tiny_datasets import tiny_dataset
from tests.contracts.trainer_contract import curve, losses, tiny_run

space = load("mlp")
assert space.parameters["gradients_kept"].high == 0.95
try:
    space.narrow(["gradients_kept=1"])
except SearchSpaceError as error:
    assert "gradients_kept must be a number above 0 to below 1" in str(error), error
else:
    raise AssertionError("1 is no share that can be kept")

def trained(kind, value):
    run = tiny_run(gradients_kept=value, learning_rate=0.03)
    return [one for pair in losses(curve(kind(tiny_dataset()), run, 3)) for one in pair]

plain = trained(PlainTrainer, 0.5)
assert plain != trained(PlainTrainer, 0.9)
pairs = zip(plain, trained(StackedTrainer, 0.5), strict=True)
assert all(abs(a - b) < 1e-4 * a for a, b in pairs)
""")


@adds("an activation", is_slow=True)  # the kernels are compiled anew
def an_activation(copy: Copy) -> None:
    words = '"mish", "selu", "maxout"'
    copy.replace("search_spaces/hyperparameters.py", words, f'{words}, "softsign"')
    copy.replace(
        "automl/models/mlp/network.py",
        '    "maxout": _maxout,\n',
        '    "maxout": _maxout,\n    "softsign": functional.softsign,\n',
    )
    twin = "automl/stacked/activations.py"
    copy.insert(
        twin,
        """def _softsign(z: Tensor, h: Tensor, d: Tensor | None) -> list[Call]:
    scale = torch.empty_like(z)  # 1 + |z|
    calls: list[Call] = [
        partial(torch.abs, z, out=scale),
        partial(scale.add_, 1),
        partial(torch.div, z, scale, out=h),
    ]
    if d is not None:  # 1 / (1 + |z|)^2
        calls += [partial(torch.pow, scale, -2, out=d)]
    return calls


""",
        before="ACTIVATION_CALLS: Final",
    )
    copy.replace(twin, '    "selu": _selu,\n', '    "selu": _selu,\n    "softsign": _softsign,\n')
    kernel = "automl/stacked/kernels/activation.h"
    copy.replace(kernel, "MAXOUT }", "MAXOUT, SOFTSIGN }")
    copy.insert(
        kernel,
        """        case SOFTSIGN:
            each(z, h, d, n, [](T x, T &y, T &s) {
                const T scale = 1 / (1 + (x < 0 ? -x : x));
                y = x * scale;
                s = scale * scale;
            });
            break;
""",
        before="    }\n}\n\n}  // namespace",
    )
    copy.run(
        """
import functools
import torch
from automl.stacked import native
from automl.stacked.trainer import StackedTrainer
from automl.training.plain import PlainTrainer
from search_spaces import load
from tests.contracts.tiny_datasets import tiny_dataset
from tests.contracts.trainer_contract import curve, losses, tiny_run

assert "softsign" in load("mlp").narrow(["activation=softsign"]).parameters["activation"]
run = tiny_run(activation="softsign")
plain = losses(curve(PlainTrainer(tiny_dataset()), run, 3))
assert plain != losses(curve(PlainTrainer(tiny_dataset()), tiny_run(activation="tanh"), 3))
assert native.library(torch.float32) is not None, native.kernels(torch.float32).note
for is_native in (False, True):
    stacked = losses(curve(StackedTrainer(tiny_dataset(), is_native=is_native), run, 3))
    for pair, other in zip(plain, stacked, strict=True):
        assert all(abs(a - b) < 1e-4 * a for a, b in zip(pair, other)), (is_native, pair, other)
""",
        XDG_CACHE_HOME=str(copy.folder),
    )


def example(text: str) -> Iterator[tuple[str, str]]:
    """The files that code blocks of a page begin with the name of, and what is in them."""
    for block in re.findall(r"^```(?:python|toml)\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        first, _, rest = block.partition("\n")
        if path := re.fullmatch(r"# ([\w/]+\.\w+)", first):
            yield path[1], rest


@adds("a family of networks", name="gated", is_slow=True)
def a_family(copy: Copy) -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for path, text in example(page):
        if path == "automl/models/family.py":
            copy.insert(path, text, before='    "own": ')
        elif path == "pyproject.toml":
            copy.insert(path, text, before='    "automl.models.mlp",\n')
        elif path.startswith("tests/"):
            copy.create_test(path, text)
        else:
            copy.create(path, text)
    copy.run(SEARCH.format(options='space="gated"'), AUTOML_NATIVE="0")
    copy.run("import pytest; raise SystemExit(pytest.main(['-q', 'tests/automl']))")


BITS = "tests/contracts/bit_data"
"""A kind of data that is written out."""


@adds("a kind of data", name="bits", is_slow=True)
def a_kind_of_data(copy: Copy) -> None:
    for name in ("inputs", "encoder", "loading"):
        text = (ROOT / BITS / f"{name}.py").read_text(encoding="utf-8")
        moved = text.replace("tests.contracts.bit_data", "automl.data.bits")
        copy.create(f"automl/data/bits/{name}.py", moved)
    copy.insert(
        "automl/data/encoders.py",
        '"bits": "automl.data.bits.encoder", ',
        before='"table": "automl.data.table',
    )
    copy.insert(
        "automl/data/kinds.py",
        """    if isinstance(source, range):
        from automl.data.bits.loading import Numbers

        return Numbers(source)
""",
        before="    arrays = None if family in COLUMN_FAMILIES",
    )
    copy.add_package("automl.data.bits")
    copy.run(search_of_bits(copy.folder, "range(200)", "tests.contracts.toy_family"))


def search_of_bits(folder: Path, data: str, home: str) -> str:
    """A search of that kind of data by a toy family, whose module is named."""
    space = f'family = "{home}:TOY_FAMILY"\n' + SMALL_SPACE
    (folder / "small.toml").write_text(space, encoding="utf-8")
    return f"""
import automl
result = automl.search({data}, space="small.toml", folds=1, n_trials=2, max_epochs=12,
                       workers=1, references=False)
assert result.records.settings.columns == {{"x": "8 bits"}}
assert result.evaluation.scores["accuracy"] > 0.75, result.evaluation.scores
assert result.best_model().predict(range(256))[[0, 255]].tolist() == ["few", "many"]
"""


SMALL_SPACE = """
[learning_rate]
type = "float"
low = 0.03
high = 0.1

[batch_size]
type = "fixed"
value = 8
"""


@adds("a figure", name="rates")
def a_figure(copy: Copy) -> None:
    copy.create(
        "automl/report/figures/rates.py",
        '''"""Learning rates of the trials, in their order."""

from automl.report import style
from automl.report.panels import Panel, Place, alone


def panels(table):
    """One bar per trial."""
    made = style.figure(200)
    made.add_bar(y=[trial.params["learning_rate"] for trial in table.trials])
    rates = f"Learning rates of {len(table.trials)} trials."
    return [Panel(Place("search"), "rates", "Rates", rates, made)]


figure = alone(panels, "No trial has begun yet.")
''',
    )
    index = "automl/report/figures/__init__.py"
    for what_follows in ("    residuals,\n    roc,\n", "    timeline,\n)\n\n"):  # import; order
        copy.insert(index, "    rates,\n", before=what_follows)
    copy.run("""
from automl.report.page import report_html
from automl.report.plots import Plots
from tests.contracts.synthetic_study import synthetic_study

records = synthetic_study(12)
plots = Plots(records, lambda: None)
assert "rates" in dir(plots) and len(plots.rates().data[0].y) == 12
page = report_html(records)
assert "Learning rates of 12 trials." in page
""")


@adds("a verdict on a search", name="one_optimizer")
def a_verdict(copy: Copy) -> None:
    copy.create(
        "automl/diagnostics/one_optimizer.py",
        '''"""Searches of which all complete trials were trained by one optimizer."""

from storage.records import Advice, Diagnosis, SpaceChange


def diagnose_one_optimizer(records):
    """Say that others were never brought to their end."""
    used = {trial.params.get("optimizer") for trial in records.complete_trials}
    if used != {"adam"}:
        return None
    advice = Advice("Try another one.", (SpaceChange("optimizer", "sgd"),))
    return Diagnosis("one_optimizer", "info", "All complete trials used adam.", {}, (advice,))
''',
    )
    path = "automl/diagnostics/search_coverage.py"
    copy.insert(
        path,
        "from automl.diagnostics.one_optimizer import diagnose_one_optimizer\n",
        before="from automl.diagnostics.range_edge import",
    )
    copy.insert(
        path,
        "        diagnose_one_optimizer(records),\n",
        before="        diagnose_seeds(records),\n",
    )
    copy.run("""
from dataclasses import replace
from automl.diagnostics import diagnose_study
from automl.report.page import report_html
from tests.contracts.synthetic_study import synthetic_study

records = synthetic_study(12)
adam = [replace(t, params={**t.params, "optimizer": "adam"}) for t in records.trials]
assert "one_optimizer" not in {one.kind for one in diagnose_study(records)}
judged = diagnose_study(replace(records, trials=tuple(adam)))
assert "one_optimizer" in {one.kind for one in judged}
page = report_html(replace(records, diagnoses=judged))
assert "All complete trials used adam." in page and "One optimizer" in page
""")


@adds("a pruner")
def a_pruner(copy: Copy) -> None:
    path = "automl/tuning/pruners.py"
    copy.insert(
        path,
        """def _make_percentile(max_epochs: int) -> BasePruner:
    return optuna.pruners.PercentilePruner(25.0, n_startup_trials=2)


""",
        before="PRUNERS: Mapping",
    )
    copy.insert(path, '    "percentile": _make_percentile,\n', before='    "none": _make_none,\n')
    copy.replace(
        "automl/options/search_options.py",
        "hyperband, median or none.",
        "hyperband, median, percentile or none.",
    )
    copy.run("""
import optuna
from automl.options.option import options_of
from automl.options.search_options import SearchOptions
from automl.tuning.pruners import make_pruner

def objective(trial):
    trial.report(trial.number, 1)
    return trial.number if not trial.should_prune() else 1 / 0

study = optuna.create_study(pruner=make_pruner(SearchOptions(pruner="percentile").pruner, 9))
study.optimize(objective, 4, catch=ZeroDivisionError)
assert [trial.value for trial in study.trials] == [0, 1, None, None]
assert "percentile" in options_of(SearchOptions)["pruner"].help
""")


@adds("a policy", name="in_turn")
def a_policy(copy: Copy) -> None:
    copy.create(
        "automl/tuning/policies/in_turn.py",
        '''"""Every trial trains one epoch, then every trial the next."""

from automl.tuning.policies.policy import Continue, Judgement, Policy, Start

TAKES = frozenset({"sampler"})


class InTurn(Policy):
    def next(self, view, n_free):
        if view.n_startable:
            return [Start(None)] * min(n_free, view.n_startable)
        paused = [trial for trial in view.trials.values() if trial.can_go_on]
        paused.sort(key=lambda trial: trial.epoch)
        return [Continue(trial.number) for trial in paused[:n_free]]

    def judge(self, trial):
        return Judgement.PAUSE

    def next_judged(self, epoch):
        return epoch + 1


def make_policy(study, problem, options):
    return InTurn()
''',
    )
    copy.run("""
import tempfile
from automl import search
from automl.tuning.policies.in_turn import InTurn
from tests.contracts.policy_contract import check_policy

check_policy(InTurn)
result = search(
    "sklearn:iris", folds=1, n_trials=3, max_epochs=3, policy="in_turn", references=False,
    workers=1, sampler="random", storage=f"sqlite:///{tempfile.mkdtemp()}/automl.db",
)
assert [trial.outcome for trial in result.trials] == ["complete"] * 3
""")


@adds("a sampler")
def a_sampler(copy: Copy) -> None:
    path = "automl/tuning/samplers.py"
    copy.insert(
        path,
        """def _make_first(space: SearchSpace, study_seed: int, trial_number: int) -> BaseSampler:
    return RandomSampler(seed=0)


""",
        before="SAMPLERS: Mapping",
    )
    copy.insert(path, '    "first": _make_first,\n', before='    "gp": _make_gp,\n')
    copy.replace("automl/options/search_options.py", "qmc or gp.", "qmc, gp or first.")
    copy.run("""
import optuna
import search_spaces
from automl.options.option import options_of
from automl.options.search_options import SearchOptions
from automl.tuning.samplers import PerTrialSampler

space = search_spaces.load("mlp")
sampler = PerTrialSampler(SearchOptions(sampler="first").sampler, space, seed=3)
study = optuna.create_study(sampler=sampler)
first, second = (space.suggest(study.ask()) for _ in range(2))
assert first == second
assert "first" in options_of(SearchOptions)["sampler"].help
""")


@adds("an engine of workers", name="threads", is_slow=True)
def an_engine(copy: Copy) -> None:
    engine = (ROOT / "tests/contracts/thread_engine.py").read_text(encoding="utf-8")
    copy.create("automl/executors/workers/threads.py", engine)
    copy.insert(
        "automl/executors/choosing.py",
        '    "threads": "automl.executors.workers.threads:ThreadEngine",\n',
        before="}\n",
    )
    copy.run(
        """
from automl.data import SplitOptions, load_dataset
from automl.executors.choosing import make_executor
from automl.options.search_options import SearchOptions
from automl.tuning.clock import Clock
from automl.tuning.call_options import CallOptions
from automl.tuning.network_problem import NetworkProblem
from automl.tuning.search import Search
from automl.tuning.settings import make_settings
from automl.tuning.study import open_study
from search_spaces import load
from storage import open_store

data = load_dataset("sklearn:iris", splits=SplitOptions(folds=1))
space = load("mlp").for_task(data.goal.task)
settings = make_settings(data, space, SearchOptions(study="iris", max_epochs=2))
problem = NetworkProblem(settings, data.dataset)
executor = make_executor(data.dataset, workers=2, engine="threads")
with open_store("sqlite:///threads.db") as store, executor:
    study = open_study(store, settings)
    list(Search(study, store, executor, problem, CallOptions(n_trials=4), Clock(None)))
    trials = store.read_study("iris").trials
assert len(trials) == 4 and not any(trial.outcome == "failed" for trial in trials)
""",
        AUTOML_NATIVE="0",
    )


def an_option_of(copy: Copy) -> None:
    copy.insert(
        "automl/options/search_options.py",
        '    note: str | None = option(None, optional(TEXT), "What it is for.")\n',
        before="    max_epochs: int = option(",
    )


SEEN = """
import inspect
import subprocess
import sys

assert "note" in inspect.signature(automl.search).parameters
assert "note (" in automl.search.__doc__ and "What it is for." in automl.search.__doc__
try:
    automl.search("sklearn:iris", note=3)
except automl.ConfigError as error:
    assert "note must be a text" in str(error), error
else:
    raise AssertionError("3 is no text")
command = [sys.executable, "cli.py", "search", "--help"]
assert b"--note TEXT" in subprocess.run(command, capture_output=True, check=True).stdout
"""


@adds("an option")
def an_option(copy: Copy) -> None:
    an_option_of(copy)
    copy.run("import automl" + SEEN)


@adds("an option that a study keeps", is_slow=True)
def a_kept_option(copy: Copy) -> None:
    an_option_of(copy)
    copy.insert("storage/records.py", "    note: str | None = None\n",
                before="    target_error: float | None = None")  # fmt: skip
    copy.insert("automl/tuning/settings.py", "        note=options.note,\n",
                before="        data_options=data_options(options),\n")  # fmt: skip
    again = SEARCH.format(options='note="other"')
    copy.run(
        SEARCH.format(options='note="mine"')
        + 'assert result.records.settings.note == "mine"\n'
        + "try:\n    "
        + again.strip().replace("\n", "\n    ")
        + "\nexcept automl.StudyError as error:\n    assert 'note is' in str(error), error\n"
        + "else:\n    raise AssertionError('it is fixed with the study')\n"
        + SEEN,
        AUTOML_NATIVE="0",
    )


@pytest.mark.parametrize(
    "what", [pytest.param(what, marks=pytest.mark.slow if what in SLOW else ()) for what in CASES]
)
def test_a_thing_is_added_by_the_files_of_its_row(what: str, tmp_path: Path) -> None:
    copy = Copy(tmp_path, table_rows()[what], NAMES[what])
    CASES[what](copy)
    assert not copy.untouched, "the row names more files than it takes"


@pytest.mark.slow
def test_a_kind_of_data_and_a_family_of_another_package_touch_nothing_here(tmp_path: Path) -> None:
    guest = tmp_path / "guest"
    shutil.copytree(ROOT / BITS, guest)
    shutil.copy(ROOT / "tests/contracts/toy_family.py", guest)
    for path in guest.glob("*.py"):
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("tests.contracts.bit_data", "guest"), encoding="utf-8")
    code = search_of_bits(tmp_path, "Numbers(range(200))", "guest.toy_family")
    folders = f"{tmp_path}{os.pathsep}{ROOT}"
    run_python(f"from guest.loading import Numbers\n{code}", tmp_path, PYTHONPATH=folders)


def test_every_row_of_the_table_is_tried_out() -> None:
    assert list(CASES) == list(table_rows())
