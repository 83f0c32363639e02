"""The three ways a pull request reaches its base: a merge commit, a squash, a rebase. No work tree is used."""

from datetime import datetime
from enum import StrEnum

from bot.sandbox.forge.git import Git, Person

# GitHub commits as "GitHub <noreply@github.com>" on behalf of people; this forge has a name of its own.
WEB = Person("forge", "Forge", "noreply@forge.example")


class Method(StrEnum):
    """How to merge."""

    MERGE = "merge"
    SQUASH = "squash"
    REBASE = "rebase"


def merge_commit(git: Git, base: str, head: str, message: str, *, by: Person, at: datetime) -> str:
    """A commit with two parents, base first. ConflictError."""
    tree = git.merged_tree(base, head)
    return git.commit_tree(tree, [base, head], message, author=by, committer=WEB, at=at)


def squash(git: Git, base: str, head: str, message: str, *, by: Person, at: datetime) -> str:
    """One commit on the base that holds what the merge would. ConflictError."""
    return git.commit_tree(git.merged_tree(base, head), [base], message, author=by, committer=WEB, at=at)


def rebase(git: Git, base: str, head: str, *, by: Person, at: datetime) -> str:
    """Every commit of the branch again, on top of the base; authors and messages stay. ConflictError."""

    def alone(tree: str, *parents: str) -> str:
        return git.commit_tree(tree, parents, "side", author=by, committer=by, at=at)

    tip = base
    for commit in git.log("--reverse", "--no-merges", "--topo-order", f"{base}..{head}", "--"):
        # git 2.39 has no `merge-tree --merge-base`: both sides get a made-up parent, the tree the commit started from.
        before = alone(git.commit(commit.parents[0]).tree)
        tree = git.merged_tree(alone(git.commit(tip).tree, before), alone(commit.tree, before))
        author = Person("", commit.author, commit.email)
        tip = git.commit_tree(
            tree, [tip], commit.message, author=author, committer=by, at=at, authored_at=commit.authored_at
        )
    return tip
