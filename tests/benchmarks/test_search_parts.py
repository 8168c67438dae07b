"""Where the time of a search goes, from samples of its stacks."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.search_parts import NAMES, PARTS, ROOT, TRAINING, WHOLE, part_of, read_profile
from benchmarks.stack_sampling import FORKS, install

PATHS = [path for paths in PARTS.values() for path in paths] + list(WHOLE)


@pytest.mark.parametrize("path", [path for path in PATHS if "/" in path])
def test_what_the_table_names_exists(path: str) -> None:
    """Else its time would silently be another part's."""
    module, _, function = path.partition(":")
    assert (ROOT / module).exists(), f"{module} is gone: where does its time go now?"
    if function:
        tree = ast.parse((ROOT / module).read_text())
        functions = [n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]
        assert function in functions


def test_a_stack_belongs_to_its_innermost_part() -> None:
    search = ["cli.py:search", "automl/tuning/search.py:_fill"]
    assert part_of(search) == "coordination"
    assert part_of([*search, "automl/tuning/samplers.py:x", "tpe/sampler.py:y"]) == "proposals"
    assert part_of([*search, "automl/tuning/samplers.py:x", "storage/store.py:y"]) == "storage"
    looked = [*search, "automl/executors/guarded_training.py:_look", "automl/stacked/blocks.py:x"]
    assert part_of(looked) == "preflight"
    assert part_of(["cli.py:search", "click/core.py:main"]) == "other"


def test_parts_are_all_that_the_cores_could_do(tmp_path: Path) -> None:
    train = "automl/stacked/stack.py:train_epoch"
    lines = [
        (1001.0, 0.1, [[["import"], 0.1]]),
        (1002.0, 0.1, [[[train], 0.1]]),
        (1003.0, 0.2, [[[train], 0.05], [["storage/store.py:add"], 0.1]]),
        (1004.0, 0.1, [[["automl/report/page.py:write"], 0.1]]),
    ]
    text = "\n".join(
        json.dumps({"at": at, "seconds": seconds, "stacks": stacks})
        for at, seconds, stacks in lines
    )
    (tmp_path / "1.jsonl").write_text(text + '\n{"at": 10')  # killed in the middle of a line
    profile = read_profile(tmp_path, began=1000.0, seconds=5.0, used_seconds=0.6, n_cores=2)
    assert sum(profile.core_seconds.values()) == pytest.approx(10.0)
    assert profile.core_seconds[TRAINING] == pytest.approx(0.15)
    assert profile.core_seconds["storage"] == pytest.approx(0.1)
    assert profile.core_seconds["other"] == pytest.approx(0.05)
    assert profile.core_seconds["start"] == pytest.approx(2 * 1.9)
    assert profile.core_seconds["end"] == pytest.approx(2 * 2.0)
    assert profile.missed == pytest.approx(0.1)
    assert profile.share(TRAINING) == pytest.approx(0.015)
    assert tuple(profile.core_seconds) == NAMES


def test_a_program_that_does_not_train_has_no_profile(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not true any more"):
        read_profile(tmp_path, 0.0, 1.0, 1.0, 2)


def test_who_forks_workers_is_known_by_its_name() -> None:
    """It would refuse to fork beside a thread that samples it, and the search be another."""
    assert (ROOT / f"{FORKS.replace('.', '/')}.py").exists()


FORKING = """
import os, pathlib, time
def spin(seconds):
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass
spin(0.2)
assert len(list(pathlib.Path("/proc/self/task").iterdir())) == 1
child = os.fork()
if child:
    os.waitpid(child, 0)
else:
    spin(0.3)
"""


def test_what_must_fork_alone_has_no_thread_and_its_children_are_sampled(tmp_path: Path) -> None:
    samples, module = tmp_path / "samples", tmp_path / f"{FORKS.replace('.', '/')}.py"
    samples.mkdir()
    module.parent.mkdir(parents=True)
    for folder in [one for one in module.parents if one.is_relative_to(tmp_path / "automl")]:
        (folder / "__init__.py").touch()
    module.write_text(FORKING)
    environment = install(samples, tmp_path)
    forks = [sys.executable, "-m", FORKS]
    subprocess.run(forks, cwd=tmp_path, env=environment, check=True, timeout=60)
    name = str(module.relative_to(tmp_path))
    seconds = []
    for path in samples.glob("*.jsonl"):
        stacks = [
            each for text in path.read_text().splitlines() for each in json.loads(text)["stacks"]
        ]
        seconds.append(sum(used for stack, used in stacks if any(name in one for one in stack)))
    assert len(seconds) == 2
    assert min(seconds) == pytest.approx(0.25, abs=0.12)
    assert max(seconds) == pytest.approx(0.3, abs=0.12)


PROGRAM = """
import os, threading, time
def spin(seconds):
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass
for _ in range(30):
    spin(0.01)
    threading.Event().wait(0.01)
child = os.fork()
spin(0.4)
if child:
    os.waitpid(child, 0)
else:
    os._exit(0)
"""


def test_processes_and_their_forks_are_sampled_by_processor_time(tmp_path: Path) -> None:
    samples = tmp_path / "samples"
    samples.mkdir()
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    environment = install(samples, tmp_path)
    began = time.time()
    subprocess.run([sys.executable, str(program)], env=environment, check=True, timeout=60)
    seconds, waiting = {}, 0.0
    for path in samples.glob("*.jsonl"):
        lines = [json.loads(text) for text in path.read_text().splitlines()]
        assert all(began <= line["at"] <= time.time() for line in lines)
        stacks = [each for line in lines for each in line["stacks"]]
        spinning = [used for stack, used in stacks if stack[-1] == "program.py:spin"]
        seconds[path.name] = sum(spinning)
        waiting += sum(used for stack, used in stacks if stack[-1].endswith("threading.py:wait"))
    assert len(seconds) == 2, "the program and its fork"
    fewer, more = sorted(seconds.values())
    assert fewer == pytest.approx(0.4, abs=0.2)  # a fork that is ended misses its last window
    assert more == pytest.approx(0.7, abs=0.15)
    assert waiting < 0.1, "what ended since the last sample is not the waiting's"
