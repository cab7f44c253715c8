"""The browser of the tests: Debian's Chromium, or the one that ZORGSTROOM_TEST_CHROMIUM names."""

import os
import shutil

import pytest


def chromium() -> str:
    """Return its path; without one the test is skipped, which in CI is a failure."""
    found = os.environ.get("ZORGSTROOM_TEST_CHROMIUM") or shutil.which("chromium")
    if found:
        return found
    missing = "Chromium is not on this machine: deploy/local/install browser"
    if os.environ.get("CI") == "true":
        pytest.fail(f"{missing} (CI must have it)")
    pytest.skip(missing)
