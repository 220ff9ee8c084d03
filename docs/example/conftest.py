from typing import Any

import pytest
from hotline import app

pytest_plugins = ["simulator.pytest_plugin"]


@pytest.fixture
def application() -> Any:
    return app
