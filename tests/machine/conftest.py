"""The marker of tests that go on for as long as asked."""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "soak: lives without end; USANCE_SOAK_SECONDS says how long")
