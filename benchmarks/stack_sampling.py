"""Where a program's processor time goes: samples the stacks of every Python process it starts.

`install` copies this file as `sitecustomize.py` into a folder for PYTHONPATH, so that each
interpreter, and each fork of one, begins a thread that looks at the main thread 100 times a
second. A sample weighs as much processor time as the main thread has used since the last one, and
of one that waits it goes to the stack before: what waits weighs nothing, and a busy machine
changes little. The other threads are looked at once per window. Each window of a tenth of a
second is one line of JSON in a file of the process, since workers may be killed. Reading:
`benchmarks.search_parts`.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import sys
import threading
import time
from pathlib import Path
from types import CodeType, FrameType

OWN_THREAD = "stack-samples"
INTERVAL = 0.01
WINDOW = 0.1
SWITCH_SECONDS = 1e-4
"""How long a thread may keep the interpreter from this one. With Python's own 5 ms a sample came
where the main thread gave it up by itself, in calls of the system, which seemed to take three
times what they do."""
WAITING = {
    ("connection.py", "_recv"),
    ("connection.py", "wait"),
    ("process_conversation.py", "_next"),
    ("selectors.py", "select"),
    ("subprocess.py", "_try_wait"),
    ("threading.py", "wait"),
}
"""Files and functions in whose innermost frame a thread waits."""

FORKS = "automl.executors.workers.process_server"
"""The module that forks and therefore refuses to work beside a second thread."""

FOLDER, ROOT = "STACK_SAMPLES_FOLDER", "STACK_SAMPLES_ROOT"


def install(folder: Path, root: Path) -> dict[str, str]:
    """The environment in which Python processes are sampled, into `folder`.

    Args:
        root: of the project whose frames are told one by one.
    """
    modules = folder / "modules"
    modules.mkdir()
    shutil.copy(__file__, modules / "sitecustomize.py")
    path = os.pathsep.join((str(modules), str(root)))
    return {"PYTHONPATH": path, FOLDER: str(folder), ROOT: str(root)}


def _codes(frame: FrameType | None) -> tuple[CodeType, ...]:
    """The code of a stack, innermost first; as far as it goes where its thread goes on meanwhile.

    On a busy machine this thread may lose the interpreter while it climbs, and CPython 3.11 then
    gives anything as the frame before one that has returned.
    """
    codes = []
    while isinstance(frame, FrameType):
        codes.append(frame.f_code)
        frame = frame.f_back
    return tuple(codes)


def _waits(innermost: CodeType) -> bool:
    return (innermost.co_filename.rpartition("/")[2], innermost.co_name) in WAITING


class Sampler:
    """Samples this process into a file of its own.

    Args:
        is_forking: the process must have no second thread, since it forks: what it has used is
            told at each fork, and its children are sampled.
    """

    def __init__(self, folder: Path, root: str, *, is_forking: bool = False) -> None:
        self._folder = folder
        self._root = root
        if is_forking:
            self._reset()
            os.register_at_fork(before=self._tell)
        else:
            self._begin()
        os.register_at_fork(after_in_child=self._begin)  # a fork has none of our threads
        atexit.register(self._write)

    def _reset(self) -> None:
        self._main = threading.main_thread().ident or 0
        self._clock = time.pthread_getcpuclockid(self._main)
        self._of_main = time.clock_gettime(self._clock)
        self._of_process = time.process_time()
        self._of_threads: dict[int, float] = {}
        self._last: tuple[CodeType, ...] = ()
        self._window: dict[tuple[CodeType, ...], float] = {}

    def _begin(self) -> None:
        self._reset()
        threading.Thread(target=self._run, name=OWN_THREAD, daemon=True).start()

    def _tell(self) -> None:
        """Write all that was used since the last time as used by whoever calls this."""
        used = time.clock_gettime(self._clock)
        self._window[_codes(sys._getframe(1))] = used - self._of_main
        self._of_main = used
        self._write()

    def _run(self) -> None:
        sys.setswitchinterval(SWITCH_SECONDS)
        window_ends = time.monotonic() + WINDOW
        while True:
            time.sleep(INTERVAL)
            used = time.clock_gettime(self._clock)
            if used > self._of_main:
                codes = _codes(sys._current_frames().get(self._main))
                if codes and self._last and _waits(codes[0]):
                    codes = self._last
                self._last = codes
                self._window[codes] = self._window.get(codes, 0.0) + used - self._of_main
                self._of_main = used
            if time.monotonic() >= window_ends:
                if self._window:
                    self._write()
                window_ends = time.monotonic() + WINDOW

    def _write(self) -> None:
        """Append a line: when, the process's seconds, and seconds of stacks, outermost first."""
        window, self._window = self._window, {}
        stacks = [[self._names(codes), seconds] for codes, seconds in window.items()]
        used = time.process_time()
        line = {
            "at": time.time(),
            "seconds": used - self._of_process,
            "stacks": [*stacks, *self._other_threads()],
        }
        self._of_process = used
        with (self._folder / f"{os.getpid()}.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")

    def _other_threads(self) -> list[list[object]]:
        """Seconds of each other thread since the last line, for where it is now."""
        frames = sys._current_frames()
        found: list[list[object]] = []
        for thread in threading.enumerate():
            number = thread.native_id
            if number is None or thread.ident in (None, self._main):
                continue
            try:
                text = Path(f"/proc/self/task/{number}/schedstat").read_text()
            except OSError:
                continue  # it has just ended
            used = int(text.split()[0]) / 1e9
            seconds = used - self._of_threads.get(number, 0.0)
            self._of_threads[number] = used
            if thread.name == OWN_THREAD:
                names = [OWN_THREAD]
            else:
                names = [f"thread {thread.name}", *self._names(_codes(frames.get(thread.ident)))]
            found.append([names, seconds])
        return found

    def _names(self, codes: tuple[CodeType, ...]) -> list[str]:
        """Frames of the project as path:function; others in a row as their innermost one."""
        names: list[str] = []
        outside = ""  # the innermost of a row
        for code in codes:
            path = code.co_filename
            if path.startswith(self._root) and ".venv" not in path:
                names.append(f"{path.removeprefix(self._root).lstrip('/')}:{code.co_name}")
                outside = ""
                continue
            is_import = path.startswith("<frozen importlib")
            name = "import" if is_import else f"{'/'.join(path.split('/')[-2:])}:{code.co_name}"
            if not outside:
                names.append(name)
            elif is_import:
                names[-1] = name
            outside = name
        return names[::-1]


if __name__ == "sitecustomize" and FOLDER in os.environ:
    Sampler(Path(os.environ[FOLDER]), os.environ[ROOT], is_forking=FORKS in sys.orig_argv)
