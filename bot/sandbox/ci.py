"""The demo's CI system: two checks for every pushed commit, which pass after a few seconds."""

from datetime import datetime, timedelta
from typing import Final

from bot.sandbox.forge import HostedRepository

CHECKS: Final = (("validate manifests", "GitHub Actions"), ("jenkins/dry-run", ""))
DURATION: Final = timedelta(seconds=5)


class ContinuousIntegration:
    """Reports the checks of one repository, whose page is at `url`, whenever `advance` is called."""

    def __init__(self, repository: HostedRepository, url: str) -> None:
        self._repository = repository
        self._url = url
        self._finished = 0  # pushes whose checks have passed

    def advance(self, now: datetime) -> None:
        """Start the checks of new pushes, and finish those that have run long enough."""
        for number, push in enumerate(self._repository.pushes[self._finished :], self._finished + 1):
            if not push.after:  # a deleted branch
                continue
            has_passed = now - push.at >= DURATION
            state, page = "success" if has_passed else "pending", f"{self._url}/commit/{push.after}"
            for name, app in CHECKS:
                self._repository.report(push.after, name, state, url=page, app=app)
            if has_passed:
                self._finished = number
