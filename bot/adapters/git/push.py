"""Pushes a commit to a new branch of the bot."""

import re
from collections.abc import Mapping

from bot.adapters.git.mirror import Mirror

_OWN_BRANCH = re.compile(r"gitops-bot/[a-z0-9]([a-z0-9.-]*[a-z0-9])?")


def push(mirror: Mirror, sha: str, branch: str, unmoved: Mapping[str, str]) -> None:
    """Push a commit as a new branch, if other branches are still at the shas in `unmoved`.

    Raises PushRejectedError, RepositoryError. Raises ValueError unless the branch begins with gitops-bot/: no other is
    ever updated.
    """
    if not _OWN_BRANCH.fullmatch(branch) or ".." in branch or branch.endswith(".lock"):
        raise ValueError(f"{branch!r} is not one of the bot's branches: it must start with gitops-bot/")
    ref, unmoved_refs = f"refs/heads/{branch}", {f"refs/heads/{name}": at for name, at in unmoved.items()}
    # An empty lease requires that the branch does not exist. Git compares the leases with the branches that the remote
    # lists first, and sends nothing for a branch that is already in place, so that rules for protected branches do not
    # apply. https://git-scm.com/docs/git-push#Documentation/git-push.txt---atomic
    output = mirror.network_git(
        *("push", "--porcelain", "--atomic", "--no-verify", "--no-recurse-submodules", f"--force-with-lease={ref}:"),
        *(f"--force-with-lease={name}:{at}" for name, at in unmoved_refs.items()),
        *("--end-of-options", mirror.url, f"{sha}:{ref}", *(f"{at}:{name}" for name, at in unmoved_refs.items())),
    )
    if output.status != 0:
        raise mirror.errors.push_failed(branch, output.stdout.decode(errors="replace"), output.stderr)
