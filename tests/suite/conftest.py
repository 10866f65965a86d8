"""Makes the providers importable and known to the shared testsuite."""
import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
os.environ["TESTSUITE_PROVIDER_REGISTRY"] = "suite.registry:provider_registry"

from suite import plugin


def pytest_configure(config: pytest.Config) -> None:
    # A plugin of its own, as pytest calls a conftest's hooks for the tests below its own folder only.
    config.pluginmanager.register(plugin)
    config.addinivalue_line("markers", "alone: not beside other tests")
