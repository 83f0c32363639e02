"""Chromium, for tests of what people see."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, expect, sync_playwright

from tests.common.wait import DEADLINE

_NAMES = ("chromium", "chromium-browser", "google-chrome")
# Chromium loads the two last ones, pages of its own interface, with each new page: a third of the CPU time of all tests
# with a browser. This switch replaces Playwright's, so the list repeats what connects to the internet or delays paint.
_DISABLED_FEATURES = (
    "AimEnabled",
    "HttpsUpgrades",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "WebUIOmniboxAimPopup",
    "WebUIOmniboxPopup",
)
_SWITCHES = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--disable-features={','.join(_DISABLED_FEATURES)}",
)

# Playwright's 5 seconds are too short for a machine that runs five tests on two cores.
expect.set_options(timeout=DEADLINE * 1000)


@contextmanager
def chromium() -> Iterator[Browser]:
    """The Chromium in CHROMIUM, an installed one, or Playwright's own; fails with an explanation if there is none."""
    with sync_playwright() as playwright:
        installed = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
        browser = playwright.chromium.launch(executable_path=installed, args=_SWITCHES)
        yield browser
        browser.close()
