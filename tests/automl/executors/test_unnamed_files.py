from __future__ import annotations

import os
import resource
import subprocess
import sys

import pytest

from automl.errors import OutputError
from automl.executors.unnamed_files import SharedBytes, unnamed_file


def test_a_new_file_is_as_large_as_it_shall_be_and_zero():
    descriptor = unnamed_file("automl-test", 5)
    assert os.pread(descriptor, 10, 0) == bytes(5)
    os.close(descriptor)


@pytest.mark.parametrize("contents", [b"", b"\0", os.urandom(3_000_000)])
def test_bytes_are_read_as_they_were_written_as_often_as_one_likes(contents: bytes):
    shared = SharedBytes.of(contents)
    assert shared.read() == shared.read() == contents
    shared.close()


def test_another_process_reads_them_by_the_descriptor_that_it_inherits():
    shared = SharedBytes.of(b"for all")
    code = f"import os; print(os.pread({shared.descriptor}, 100, 0).decode())"
    command = [sys.executable, "-c", code]
    printed = subprocess.run(command, pass_fds=[shared.descriptor], capture_output=True, text=True)
    shared.close()
    assert printed.stdout == "for all\n"


def test_file_beyond_the_systems_limit_is_said_in_words():
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(OutputError, match="must have room in memory, but 5,000 bytes"):
            unnamed_file("automl-test", 5000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
