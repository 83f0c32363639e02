"""Pushes a commit to a new branch of the bot's own."""

import re

from bot.adapters.git.mirror import Mirror

_OWN_BRANCH = re.compile(r"gitops-bot/[a-z0-9]([a-z0-9.-]*[a-z0-9])?")


def push(mirror: Mirror, sha: str, branch: str) -> None:
    """Push a commit as a branch that does not exist yet. PushRejectedError, RepositoryError.

    ValueError for any branch that does not begin with gitops-bot/: no other is ever pushed.
    """
    if not _OWN_BRANCH.fullmatch(branch) or ".." in branch or branch.endswith(".lock"):
        raise ValueError(f"{branch!r} is not one of the bot's branches: it must start with gitops-bot/")
    ref = f"refs/heads/{branch}"
    # A lease that expects nothing requires that the branch does not exist.
    argv = ("push", "--porcelain", "--no-verify", "--no-recurse-submodules", f"--force-with-lease={ref}:")
    output = mirror.network_git(*argv, "--end-of-options", mirror.url, f"{sha}:{ref}")
    if output.status != 0:
        raise mirror.errors.push_failed(branch, output.stdout.decode(errors="replace"), output.stderr)
