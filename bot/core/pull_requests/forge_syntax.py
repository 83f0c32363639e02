"""Removes from a title what a forge or CI would act on: titles quote commits, pull requests, and live values."""

import re
from typing import Final

# https://docs.github.com/en/actions/how-tos/manage-workflow-runs/skip-workflow-runs
# https://docs.gitlab.com/ci/pipelines/#skip-a-pipeline
_SKIP: Final = re.compile(r"\[((?:skip|no)[ -]\w+|\w+[ -]skip)\]|\*\*\*(NO_CI)\*\*\*", re.IGNORECASE)
_MENTION: Final = re.compile(r"(?<![\w.+-])@(?=\w)")
# https://docs.github.com/en/issues/tracking-your-work-with-issues/using-issues/linking-a-pull-request-to-an-issue
_REFERENCE: Final = re.compile(r"(?:[#!]|\bGH-|/(?:issues|pull|merge_requests|work_items)/)(?=[0-9])", re.IGNORECASE)
_SQUASHED: Final = re.compile(r'\([#!][0-9]{1,9}\)"*\Z')  # what a squash merge adds to a title; closes nothing


def without_forge_syntax(title: str) -> str:
    """The title without mentions, references to issues and pull requests, and instructions to skip CI."""
    title = _MENTION.sub("", _SKIP.sub(lambda match: f"({match[1] or match[2]})", title))
    return _REFERENCE.sub(
        lambda match: match[0] if _SQUASHED.match(title, match.start() - 1) else f"{match[0]} ", title
    )
