"""The command line in a process of its own: hostile texts, and streams that fail."""

from __future__ import annotations

import gc
import logging
import os
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

import cli
from automl.console.command_group import fast_imports, told_steps
from tests.contracts.interrupts import hear_interrupts

ROOT = Path(__file__).parents[3]
ATTACK = "\x1b[2J\x1b]52;c;QUJD\x07\u202eevil\r\x9b31m\n\u2028"
TARGET = f"kind {ATTACK} é한"
STUDY = f"st{ATTACK}udy é한"
QUICK = ("--n-trials", "1", "--max-epochs", "1", "--folds", "1", "--workers", "1")
SEARCH = ("search", "data.parquet", "--target", TARGET, *QUICK, "--study", STUDY)
FULL = pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a full device")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.main, list(arguments), input="n\n")


def shell(line: str, environment: Mapping[str, str] | None = None) -> tuple[int, str, str]:
    """Run a line of a shell in which `automl` is the command line; exit code, stdout, stderr."""
    done = subprocess.run(
        ["sh", "-c", line.replace("automl", f"'{sys.executable}' '{ROOT / 'cli.py'}'", 1)],
        env={**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})},
        capture_output=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def assert_printable(text: str) -> None:
    assert {ascii(sign) for sign in text if not sign.isprintable()} <= {r"'\n'"}


def printed(result: Result) -> str:
    """All that was printed, which is printable; a traceback would be an exception."""
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert_printable(result.output)
    return result.output


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table whose names and classes are attacks, its study and what the search printed."""
    folder = tmp_path_factory.mktemp("searched")
    x = np.random.default_rng(0).normal(size=30)
    pd.DataFrame(
        {
            f"size {ATTACK}": x,
            f"city {ATTACK}": np.where(np.arange(30) % 3 > 0, "a\x1b[31m", "b\u202e"),
            f"same {ATTACK}": 1,
            TARGET: np.where(x > 0, "rose\x1b[2J", "li\u202ely"),
        }
    ).to_parquet(folder / "data.parquet")
    line = shlex.join(["automl", *SEARCH, "--report", f"{ATTACK}.html"])
    code, *streams = shell(f"cd {folder} && {line}", {"COLUMNS": "80"})
    (folder / "printed").write_text("".join(streams), encoding="utf-8")
    assert code == 0, streams
    return folder


@pytest.fixture
def study(searched: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(searched, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_search_prints_no_codes_of_a_terminal(searched: Path) -> None:
    text = (searched / "printed").read_text(encoding="utf-8")
    assert_printable(text)
    assert r"st\x1b[2J\x1b]52;c;QUJD\x07\u202eevil\r\x9b31m\n\u2028udy é한: 1 trial" in text
    assert r"14 rows of rose\x1b[2J" in " ".join(text.split())


@pytest.mark.parametrize(
    "arguments",
    [
        ("studies",),
        ("show", STUDY),
        ("show", STUDY, "--trial", "0"),
        ("diagnose", STUDY),
        ("predict", STUDY, "data.parquet", "-o", "\x1b[2J.csv"),
        ("report", STUDY, "-o", "\u202e.html"),
        ("doctor",),
        ("delete", STUDY),
        ("show", ATTACK),
        ("search", ATTACK, "--target", ATTACK),
        ("search", "data.parquet", "--target", ATTACK),
        (*SEARCH, "--drop", ATTACK),
        (*SEARCH, "--set", f"{ATTACK}={ATTACK}"),
        (*SEARCH, "--space", f"{ATTACK}.toml"),
        (*SEARCH, "--report", f"{ATTACK}.pdf"),
        (*SEARCH, "--seed", "1"),
        (ATTACK,),
        ("search", f"--{ATTACK}"),
    ],
    ids=lambda arguments: ascii(" ".join(arguments))[:40],
)
def test_no_command_prints_codes_of_a_terminal(arguments: tuple[str, ...], study: Path) -> None:
    assert printed(run(*arguments))


def test_a_traceback_that_was_asked_for_is_printable_too(study: Path) -> None:
    line = shlex.join(["automl", "--traceback", "compare", STUDY, ATTACK])
    code, _, told = shell(line)
    assert code == 1
    assert told.startswith("Traceback (most recent call last)")
    assert_printable(told)
    assert r"It has: st\x1b[2J" in told


def test_files_whose_names_are_not_utf_8_are_read_written_and_told(study: Path) -> None:
    data, report, output, other = (os.fsdecode(b"%c." % byte) for byte in b"\xff\xfe\xfd\xfc")
    Path("data.parquet").rename(f"{data}parquet")
    searched = run(
        *("search", f"{data}parquet", "--target", TARGET, *QUICK, "--report", f"{report}html")
    )
    assert searched.exit_code == 0, searched.output
    assert r"\udcfe.html" in printed(searched)
    assert Path(f"{report}html").exists()
    (line,) = [line for line in searched.stdout.splitlines() if ": 1 trial" in line]
    name = line.partition(": ")[0]
    assert name.startswith(r"\udcff-kind")
    predicted = run("predict", name, f"{data}parquet", "-o", f"{output}csv")
    assert (predicted.exit_code, predicted.stdout) == (0, "\\udcfd.csv\n")
    assert run("compare", name, STUDY, "-o", f"{other}html").exit_code == 0
    missing = run("search", os.fsdecode(b"\xf0\x9f.csv"), "--target", "x")
    assert (missing.exit_code, r"\udcf0" in printed(missing)) == (1, True)


@pytest.mark.parametrize(
    ("variables", "shown"),
    [
        ({"PYTHONIOENCODING": "ascii"}, r"udy \xe9\ud55c"),
        ({"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}, r"udy \xe9\ud55c"),
        ({"LC_ALL": "C"}, "udy é한"),  # Python takes UTF-8 then
    ],
)
def test_terminals_of_other_encodings_are_written_to(
    variables: dict[str, str], shown: str, study: Path
) -> None:
    code, out, err = shell("automl studies", {**variables, "COLUMNS": "200"})
    assert (code, err) == (0, "")
    assert shown in out


@FULL
@pytest.mark.parametrize("output", [">/dev/full", ">&-"])
@pytest.mark.parametrize("command", ["automl studies", "automl show x", "automl spaces mlp"])
def test_output_that_is_lost_is_told(command: str, output: str, study: Path) -> None:
    code, _, told = shell(f"{command} {output}")
    assert code == 1
    reason = "No space left on device" if "full" in output else "Bad file descriptor"
    if "show" in command:  # has nothing to print but its error
        assert told.splitlines()[-1].startswith("Error: there is no study 'x'")
    else:
        assert told == f"Error: stdout cannot be written: {reason}\n"


@FULL
@pytest.mark.parametrize(
    "output",
    [
        ">/dev/full",
        ">&- 2>&- <&-",
        *(pytest.param(o, marks=pytest.mark.slow) for o in (">&-", "2>/dev/full", "2>&-", "<&-")),
    ],
)
def test_a_search_is_kept_whatever_becomes_of_its_output(output: str, study: Path) -> None:
    Path("automl.db").unlink()
    shutil.rmtree("automl.artifacts")
    table = pd.read_parquet("data.parquet")
    table.columns = pd.Index(["a", "b", "c", "kind"])
    table.assign(kind=table["kind"].str[:2], b="c").to_csv("plain.csv")
    code, _, told = shell(f"automl search plain.csv --target kind {' '.join(QUICK)} {output}")
    assert code == (0 if output.startswith(("2", "<")) else 1), told
    assert "Traceback" not in told
    assert ("Error: stdout cannot be written" in told) == (output in (">/dev/full", ">&-"))
    with sqlite3.connect("automl.db") as connection:
        assert connection.execute("SELECT state FROM trials").fetchall() == [("COMPLETE",)]
    connection.close()


def test_a_reader_that_has_seen_enough_is_no_error_to_tell(study: Path) -> None:
    code, out, told = shell("automl spaces mlp | head -1")
    assert (code, len(out.splitlines()), told) == (0, 1, "")


def interrupted(is_ready: Callable[[subprocess.Popen[str]], bool], *arguments: str) -> str:
    """Interrupt a command when it is ready for that; the last line on stderr."""
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "cli.py"), *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=hear_interrupts,
    )
    try:
        while not is_ready(process):
            assert process.poll() is None, process.communicate()
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=60)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 130, told
    assert "Traceback" not in told
    assert "Aborted" not in told
    return told.splitlines()[-1]


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="only Linux tells what is loaded")
@pytest.mark.parametrize(
    "arguments",
    [SEARCH, ("predict", STUDY, "data.parquet"), ("playground", "xor")],
    ids=lambda arguments: str(arguments[0]),
)
def test_an_interrupt_before_the_work_has_begun_ends_a_command_as_any_other(
    arguments: tuple[str, ...], study: Path
) -> None:
    """Libraries are loaded inside the commands, which takes seconds."""

    def is_loading(process: subprocess.Popen[str]) -> bool:
        return "numpy" in Path(f"/proc/{process.pid}/maps").read_text()

    assert interrupted(is_loading, *arguments) == "Interrupted: what was stored before is kept."


def test_an_interrupt_in_place_of_an_answer_deletes_nothing(study: Path) -> None:
    def asks(process: subprocess.Popen[str]) -> bool:
        assert process.stdout is not None
        return process.stdout.read(len("Delete")) == "Delete"

    assert interrupted(asks, "delete", STUDY).startswith("Interrupted: ")
    assert run("show", STUDY).exit_code == 0
    assert run("delete", STUDY).exit_code == 1  # the answer is no


@pytest.mark.parametrize(
    ("command", "first"),
    [
        ("search no.csv", "loading pandas and Optuna"),
        ("report none", "reading the study"),
        ("predict none no.csv", "reading the study"),
        ("diagnose none", "judging the study"),
        ("promote none --trial 0", "loading PyTorch"),
        ("playground none", "loading PyTorch; all in all it takes half a minute to a minute"),
    ],
)
def test_the_first_line_is_told_before_anything_heavy_is_imported(
    command: str, first: str, tmp_path: Path
) -> None:
    """Loading takes seconds: whoever waits is to know for what."""
    line = f"cd {tmp_path} && PYTHONPROFILEIMPORTTIME=1 automl {command}"
    _, _, errors = shell(line)
    before, after = errors.split(f"{first}\n")
    loaded = {row.rpartition("|")[2].strip() for row in before.splitlines()}
    assert "click" in loaded
    assert not loaded & {"rich", "pandas", "numpy", "optuna", "sqlalchemy", "torch", "sklearn"}
    assert "Error: " in after


def test_steps_are_told_while_a_command_runs_and_not_after(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logger = logging.getLogger("automl")
    before = (logger.level, list(logger.handlers))
    with told_steps("first"):
        logger.info("reading %s", "a\x1b[2Jb")
        logger.debug("not told")
    logger.info("not told either")
    assert capsys.readouterr().err == "first\nreading a\\x1b[2Jb\n"
    assert (logger.level, logger.handlers) == before


def test_garbage_is_looked_for_again_after_imports() -> None:
    with pytest.raises(ImportError), fast_imports():
        assert not gc.isenabled()
        raise ImportError
    assert gc.isenabled()
