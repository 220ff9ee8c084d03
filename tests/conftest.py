"""Where the tests keep their files: in memory, where there is room, as each flush to a disk costs more than most requests.

Those under tests/e2e, which kill processes and fill disks, keep theirs on a real disk.
"""

import os
import shutil
from pathlib import Path

import pytest

MEMORY = Path("/dev/shm")  # noqa: S108  (pytest makes a folder in it that is only ours)
ROOM = 2 * 1024**3  # bytes
PLACE = "PYTEST_DEBUG_TEMPROOT"  # as pytest calls it


def pytest_configure(config: pytest.Config) -> None:
    is_roomy = os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM
    if is_roomy and not any("e2e" in argument for argument in config.args):
        os.environ.setdefault(PLACE, str(MEMORY))
