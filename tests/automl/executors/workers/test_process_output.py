"""A real process writes more than is kept."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from automl.executors.workers.process_output import MOST_BYTES, ProcessOutput

TALKATIVE = """
import sys
for _ in sys.stdin:
    sys.stdout.write("x" * 1_000_000 + "\\n" + "last\\n")
    sys.stdout.flush()
    sys.stderr.write("heard\\n")
"""


@pytest.fixture
def output() -> Iterator[ProcessOutput]:
    made = ProcessOutput()
    yield made
    made.close()


def test_what_is_written_stays_short_and_ends_with_the_last_words(output: ProcessOutput) -> None:
    with subprocess.Popen(
        [sys.executable, "-u", "-c", TALKATIVE],
        stdin=subprocess.PIPE,
        stdout=output.descriptor,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None and process.stderr is not None
        for _ in range(12):
            process.stdin.write("\n")
            process.stdin.flush()
            assert process.stderr.readline() == "heard\n"
            output.bound()
            assert output.n_bytes <= MOST_BYTES
            assert output.written().splitlines()[-1] == "last"
        assert "\0" not in output.written()  # no hole is left where the rest was
        process.stdin.close()


def test_what_is_read_from_a_place_is_what_came_after_it(output: ProcessOutput) -> None:
    subprocess.run(["echo", "before"], stdout=output.descriptor, check=True)
    start = output.n_bytes
    subprocess.run(["echo", "after"], stdout=output.descriptor, check=True)
    assert output.written(start) == "after\n"
    assert output.written(start + 100) == "before\nafter\n"


def test_a_closed_one_is_left_alone(output: ProcessOutput) -> None:
    output.close()
    output.bound()
