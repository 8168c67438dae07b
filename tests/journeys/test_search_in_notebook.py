"""A search in a real Jupyter kernel: its progress in one output, and the stop button."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("ipykernel")
jupyter_client = pytest.importorskip("jupyter_client")

ROOT = Path(__file__).parents[2]

SEARCH = """
import automl
options = dict(target="target", workers=2, max_epochs=5, references=False, portfolio=False)
began = __import__("time").monotonic()
result = automl.search("sklearn:iris", study="<b>x</b>", n_trials=6, **options)
print(__import__("time").monotonic() - began)
"""

STOPPED = """
result = automl.search("sklearn:iris", study="stopped", n_trials=100_000, **options)
print(len(result.trials), result.best_model().predict([[5.1, 3.5, 1.4, 0.2]]))
"""

BROKEN_OFF = """
import time

def objective(params):
    yield params["x"] ** 2
    print("sleeping", flush=True)
    time.sleep(120)
    yield 0.0

automl.tune(objective, {"x": {"low": -1.0, "high": 1.0}}, study="broken off", workers=1)
"""

LOADED = "print(len(automl.load_study('broken off').trials))"


class Kernel:
    """A kernel, and what its cells have sent."""

    def __init__(self, folder: Path) -> None:
        self.manager, self.client = jupyter_client.manager.start_new_kernel(
            kernel_name="python3", cwd=str(folder)
        )

    def run(
        self, code: str, on_message: Callable[[str, dict[str, Any]], None] = lambda *_: None
    ) -> list[tuple[str, dict[str, Any]]]:
        """Run a cell; what it has sent, as (type, content), the status of its reply last."""
        asked = self.client.execute(code)
        sent: list[tuple[str, dict[str, Any]]] = []
        ends = time.monotonic() + 120
        while time.monotonic() < ends:
            message = self.client.get_iopub_msg(timeout=120)
            if message["parent_header"].get("msg_id") != asked:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "status" and content["execution_state"] == "idle":
                reply = self._reply_to(asked)
                return [*sent, (reply["status"], reply)]
            sent.append((kind, content))
            on_message(kind, content)
        raise AssertionError("the cell has not ended")

    def _reply_to(self, asked: str) -> dict[str, Any]:
        while True:
            message = self.client.get_shell_msg(timeout=120)
            if message["parent_header"].get("msg_id") == asked:
                return dict(message["content"])


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        started = Kernel(tmp_path_factory.mktemp("notebook"))
    started.run(SEARCH.splitlines()[1] + "\n" + SEARCH.splitlines()[2])
    yield started
    started.client.stop_channels()
    started.manager.shutdown_kernel(now=True)


def texts(sent: list[tuple[str, dict[str, Any]]], name: str) -> str:
    return "".join(one["text"] for kind, one in sent if kind == "stream" and one["name"] == name)


def test_progress_is_one_output_that_changes_in_its_place(kernel: Kernel) -> None:
    sent = kernel.run(SEARCH)
    assert sent[-1][0] == "ok"
    views = [content for kind, content in sent if kind == "display_data"]
    updates = [content for kind, content in sent if kind == "update_display_data"]
    assert len(views) == 1
    assert {one["transient"]["display_id"] for one in updates} == {
        views[0]["transient"]["display_id"]
    }
    assert texts(sent, "stderr") == ""
    assert 1 <= len(updates) <= 2 * float(texts(sent, "stdout")) + 1
    last = updates[-1]["data"]
    assert "6/6 trials" in last["text/plain"]
    assert "<b>&lt;b&gt;x&lt;/b&gt;</b>" in last["text/html"]
    assert "<progress max='1' value='1.000'" in last["text/html"]


def test_the_stop_button_gives_the_result_of_what_there_is(kernel: Kernel) -> None:
    has_stopped: list[bool] = []

    def stop(kind: str, content: dict[str, Any]) -> None:
        if kind == "update_display_data" and " 0 complete" not in str(content) and not has_stopped:
            has_stopped.append(True)
            kernel.manager.interrupt_kernel()

    sent = kernel.run(STOPPED, stop)
    assert has_stopped
    assert sent[-1][0] == "ok"
    n_trials, _, predicted = texts(sent, "stdout").partition(" ")
    assert int(n_trials) > 0
    assert predicted == "['setosa']\n"
    assert "automl.load_study('stopped') loads it" in texts(sent, "stderr")


def test_what_a_second_interrupt_breaks_off_can_be_loaded(kernel: Kernel) -> None:
    interrupted: list[float] = []

    def interrupt(kind: str, content: dict[str, Any]) -> None:
        if "sleeping" in content.get("text", "") and not interrupted:
            for _ in range(2):
                time.sleep(2)
                interrupted.append(time.monotonic())
                kernel.manager.interrupt_kernel()

    sent = kernel.run(BROKEN_OFF, interrupt)
    assert len(interrupted) == 2
    assert time.monotonic() - interrupted[-1] < 60
    assert sent[-1][1]["ename"] == "KeyboardInterrupt"
    assert "kept: automl.load_study('broken off')" in texts(sent, "stderr")
    assert int(texts(kernel.run(LOADED), "stdout")) > 0
