"""A commit created through GitHub's Git Data API, which GitHub signs if a GitHub App creates it.

https://docs.github.com/en/rest/git
"""

import base64

from github import GithubException, InputGitTreeElement
from github.Repository import Repository

from bot.adapters.forges.github_client import none_on_status
from bot.adapters.forges.new_commit import FileChange, NewCommit
from bot.i18n.catalogue import forge as texts
from bot.i18n.language import LocalizedText
from bot.ports.forge import ForgeError


def create_commit(repository: Repository, commit: NewCommit) -> str:
    """Create the commit and its branch, and return the sha. After a ForgeError or GithubException, no branch exists."""
    elements = [_tree_element(repository, change) for change in commit.changes]
    tree = repository.create_git_tree(elements, repository.get_git_tree(commit.base_tree))
    if tree.sha != commit.tree:
        raise ForgeError(LocalizedText(texts.OTHER_TREE, branch=commit.branch))
    parent = repository.get_git_commit(commit.parent)
    created = repository.create_git_commit(commit.message, tree, [parent])
    if not created.verification.verified:
        raise ForgeError(LocalizedText(texts.CANNOT_SIGN, repository=repository.full_name))
    try:
        repository.create_git_ref(f"refs/heads/{commit.branch}", created.sha)
    except GithubException as error:
        # The retry of a POST that was answered with a 502 gives a 422: the branch was just created.
        if error.status != 422 or _branch_tip(repository, commit.branch) != created.sha:
            raise
    return created.sha


def _tree_element(repository: Repository, change: FileChange) -> InputGitTreeElement:
    if change.submodule:
        return InputGitTreeElement(change.path, change.mode, "commit", sha=change.submodule)
    if change.content is None:
        return InputGitTreeElement(change.path, change.mode, "blob", sha=None)
    try:
        return InputGitTreeElement(change.path, change.mode, "blob", content=change.content.decode())
    except UnicodeDecodeError:
        blob = repository.create_git_blob(base64.b64encode(change.content).decode(), "base64")
        return InputGitTreeElement(change.path, change.mode, "blob", sha=blob.sha)


def _branch_tip(repository: Repository, branch: str) -> str | None:
    ref = none_on_status(404, lambda: repository.get_git_ref(f"heads/{branch}"))
    return ref.object.sha if ref else None
