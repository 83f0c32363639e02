"""Removes what a forge or CI would act on: titles quote commits and live values, and bodies a person's reason."""

import re
from typing import Final

# https://docs.github.com/en/actions/how-tos/manage-workflow-runs/skip-workflow-runs
# https://docs.gitlab.com/ci/pipelines/#skip-a-pipeline
_SKIP: Final = re.compile(r"\[((?:skip|no)[ -]\w+|\w+[ -]skip)\]|\*\*\*(NO_CI)\*\*\*", re.IGNORECASE)
_MENTION: Final = re.compile(r"(?:(?<![\w.+@-])|(?<=[\w.+-]@))@++(?=\w)")
# https://docs.github.com/en/issues/tracking-your-work-with-issues/using-issues/linking-a-pull-request-to-an-issue
_REFERENCE: Final = re.compile(r"(?:[#!]|\bGH-|/(?:issues|pull|merge_requests|work_items)/)(?=[0-9])", re.IGNORECASE)
_SQUASHED: Final = re.compile(r'\([#!][0-9]{1,9}\)"*\Z')  # what a squash merge adds to a title; closes nothing


def without_forge_syntax(title: str) -> str:
    """The title without mentions, references to issues and pull requests, and instructions to skip CI."""
    title = without_skip(_MENTION.sub("", title))
    return _REFERENCE.sub(
        lambda match: match[0] if _SQUASHED.match(title, match.start() - 1) else f"{match[0]} ", title
    )


def without_skip(text: str) -> str:
    """The text without instructions to skip CI, which count anywhere in a commit message."""
    return _SKIP.sub(lambda match: f"({match[1] or match[2]})", text)
