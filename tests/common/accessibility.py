"""Checks a page with axe-core."""

import subprocess
from functools import cache
from pathlib import Path

from playwright.sync_api import Page

ROOT = Path(__file__).parents[2]


@cache
def _axe() -> str:
    process = subprocess.run([ROOT / "scripts" / "need-axe"], capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr
    return Path(process.stdout.strip()).read_text(encoding="utf-8")


def accessibility_problems(page: Page) -> list[str]:
    """The problems that axe-core finds, except minor ones: rule, impact and the first element of each."""
    # The page's content security policy forbids added scripts, but not evaluated ones.
    if page.evaluate("typeof axe === 'undefined'"):
        page.evaluate(_axe())
    violations = page.evaluate("axe.run({ resultTypes: ['violations'] })")["violations"]
    return [
        f"{violation['id']} ({violation['impact']}): {violation['nodes'][0]['html'][:200]}"
        for violation in violations
        if violation["impact"] != "minor"
    ]
