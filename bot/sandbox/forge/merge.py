"""The three merge methods: merge commit, squash and rebase, without a work tree."""

from datetime import datetime
from enum import StrEnum

from bot.sandbox.forge.git import Git, Person

# GitHub commits as "GitHub <noreply@github.com>" on behalf of people; this forge uses its own name.
WEB = Person("forge", "Forge", "noreply@forge.example")


class Method(StrEnum):
    """The merge methods."""

    MERGE = "merge"
    SQUASH = "squash"
    REBASE = "rebase"


def merge_commit(git: Git, base: str, head: str, message: str, *, by: Person, at: datetime) -> str:
    """A merge commit with two parents, base first. Raises ConflictError on a conflict."""
    tree = git.merged_tree(base, head)
    return git.commit_tree(tree, [base, head], message, author=by, committer=WEB, at=at)


def squash(git: Git, base: str, head: str, message: str, *, by: Person, at: datetime) -> str:
    """One commit on the base with the tree of the merge. Raises ConflictError on a conflict."""
    return git.commit_tree(git.merged_tree(base, head), [base], message, author=by, committer=WEB, at=at)


def rebase(git: Git, base: str, head: str, *, by: Person, at: datetime) -> str:
    """Reapply the branch's commits on the base, with their authors and messages. Raises ConflictError on a conflict."""

    def synthetic(tree: str, *parents: str) -> str:
        return git.commit_tree(tree, parents, "side", author=by, committer=by, at=at)

    tip = base
    for commit in git.log("--reverse", "--no-merges", "--topo-order", f"{base}..{head}", "--"):
        # git 2.39 has no `merge-tree --merge-base`: give both sides a synthetic parent with the tree before the commit.
        before = synthetic(git.commit(commit.parents[0]).tree)
        tree = git.merged_tree(synthetic(git.commit(tip).tree, before), synthetic(commit.tree, before))
        author = Person("", commit.author, commit.email)
        tip = git.commit_tree(
            tree, [tip], commit.message, author=author, committer=by, at=at, authored_at=commit.authored_at
        )
    return tip
