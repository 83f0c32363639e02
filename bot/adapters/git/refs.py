"""Branches and tags of the mirror, and what a target revision resolves to among them."""

import re
from collections.abc import Sequence

from bot.adapters.git import bounds
from bot.adapters.git.errors import RefNotFoundError
from bot.adapters.git.mirror import Mirror
from bot.adapters.git.objects import disambiguate, is_like_described
from bot.adapters.git.refspecs import BRANCHES_AND_TAGS
from bot.core.git.target_revision import (
    HEAD,
    Newest,
    Ref,
    Refs,
    ResolvedRevision,
    TargetRevision,
    is_short_sha,
    resolve_revision,
)
from bot.core.globs import matches_glob
from bot.i18n.catalogue import repository as texts
from bot.i18n.language import LocalizedText

_REMOTE_HEAD = "refs/gitops-bot/HEAD"  # the commit of the remote's default branch, as last fetched
_DEFAULT_BRANCH = "refs/gitops-bot/default-branch"  # a symbolic ref to that branch, which other fetches may move
# Git would read some of these as an operator: https://git-scm.com/docs/git-check-ref-format
_NOT_IN_A_NAME = re.compile(r"[\x00-\x20\x7f~^:?*\[\\\ud800-\udfff]|\.\.|@\{|^-")
_REF_FORMAT = "%00".join(
    (
        "%(refname)",
        *("%(objectname)", "%(objecttype)", "%(committerdate:unix)"),
        *("%(*objectname)", "%(*objecttype)", "%(*committerdate:unix)"),  # of an annotated tag's target
    )
)


def refspecs(revision: TargetRevision) -> list[str]:
    """What to fetch: all branches and tags, and the default branch if it is tracked."""
    default = [f"+HEAD:{_REMOTE_HEAD}"] if revision.text == HEAD else []
    return [*BRANCHES_AND_TAGS, *default]


def branch_tip(mirror: Mirror, branch: str) -> str | None:
    """The sha of a branch; None if it doesn't exist."""
    if not _is_name(branch):
        return None
    return _shas(mirror, [f"refs/heads/{branch}"])[0]


def _shas(mirror: Mirror, names: Sequence[str]) -> list[str | None]:
    """The shas of references, by their full names; None for missing ones."""
    if not any(map(is_like_described, names)):
        return [item.sha if item else None for item in mirror.objects([name.encode() for name in names])]
    lines = mirror.git("for-each-ref", "--format=%(refname) %(objectname)", *names).stdout.decode(errors="replace")
    shas = dict(line.split(" ") for line in lines.split("\n")[:-1])
    return [shas.get(name) for name in names]


def _is_name(branch: str) -> bool:
    return bool(branch) and not _NOT_IN_A_NAME.search(branch)


def has_branches_under(mirror: Mirror, branch: str) -> bool:
    """Whether there are branches `branch/…`."""
    return bool(mirror.git("for-each-ref", "--count=1", "--format=%(refname)", f"refs/heads/{branch}/").stdout)


def remote_tip(mirror: Mirror, branch: str) -> str | None:
    """The sha of a branch on the remote, without fetching; None if it doesn't exist. Raises RepositoryError."""
    if not _is_name(branch):
        return None
    ref = f"refs/heads/{branch}"
    return next((sha for sha, name in _list_remote(mirror, ref) if name == ref), None)


def _list_remote(mirror: Mirror, *patterns: str, options: Sequence[str] = ()) -> list[tuple[str, str]]:
    """The shas and names of the remote's references whose names end with a pattern. Raises RepositoryError."""
    argv = ("ls-remote", *options, "--end-of-options", mirror.url, *patterns)
    output = mirror.network_git(*argv, seconds=bounds.LIST_SECONDS)
    if output.status != 0:
        raise mirror.errors.fetch_failed(output.stderr)
    lines = (line.partition("\t") for line in output.stdout.decode(errors="replace").split("\n")[:-1])
    return [(sha, name) for sha, _, name in lines]


def fetch_alone(mirror: Mirror, revision: TargetRevision) -> None:
    """Fetch only what a revision other than a sha resolves to on the remote, if anything. Raises RepositoryError."""
    text = revision.text
    if text == HEAD:
        # "ref: BRANCH" instead of a sha, and the sha
        head = [target for target, name in _list_remote(mirror, HEAD, options=["--symref"]) if name == HEAD]
        branch = head[0].removeprefix("ref: ") if head else ""
        if not branch.startswith("refs/heads/"):
            raise _not_found(mirror, revision)
        _fetch_part(mirror, head[-1], [("HEAD", _REMOTE_HEAD, head[-1]), (branch, branch, head[-1])])
        mirror.git("symbolic-ref", _DEFAULT_BRANCH, branch)
        return
    patterns = (
        [text]
        if text.startswith(("refs/heads/", "refs/tags/"))
        else [f"refs/heads/{'*' if revision.is_pattern else text}", f"refs/tags/{'*' if revision.versions else text}"]
    )
    listed = _list_remote(mirror, *patterns)
    branches, tags = (
        [Ref(name.removeprefix(folder), sha, 0) for sha, name in listed if name.startswith(folder)]
        for folder in ("refs/heads/", "refs/tags/")
    )
    resolved = resolve_revision(revision, Refs(branches, tags))
    if resolved is None:
        return
    by_date = revision.is_pattern and revision.newest is Newest.DATE
    if by_date:  # only their commits have dates
        needed = {f"refs/heads/{ref.name}": ref.sha for ref in branches if matches_glob(text, ref.name)}
    else:
        needed = {f"refs/{'heads' if resolved.kind == 'branch' else 'tags'}/{resolved.name}": resolved.sha}
    part = resolved.sha if len(needed) == 1 else revision.key
    _fetch_part(mirror, part, [(name, name, sha) for name, sha in needed.items()])
    known = resolve(mirror, revision)
    if not by_date and (known is None or (known.kind, known.name) != (resolved.kind, resolved.name)):
        raise _not_found(mirror, TargetRevision(resolved.name))  # it is no commit; others may not be up to date


def _fetch_part(mirror: Mirror, part: str, needed: Sequence[tuple[str, str, str]]) -> None:
    """Fetch refs, each from a name to a name, unless the mirror has them at their shas. Raises RepositoryError."""
    if _shas(mirror, [name for _, name, _ in needed]) != [sha for _, _, sha in needed]:
        mirror.fetch_part(part, *(f"+{source}:{name}" for source, name, _ in needed))


def remember_default_branch(mirror: Mirror) -> None:
    """Store which branch is the default, just after the remote's HEAD was fetched with all branches.

    Git reports only its sha. Of several branches at that sha, the one that was the default before still is.
    """
    listed = _list(mirror)
    if _default_branch(mirror) in {ref.name for ref in listed.branches if ref.sha == listed.head}:
        return
    default = resolve_revision(TargetRevision(HEAD), listed)
    if default:
        mirror.git("symbolic-ref", _DEFAULT_BRANCH, f"refs/heads/{default.name}")
    else:
        mirror.git("update-ref", "--no-deref", "-d", _DEFAULT_BRANCH)


def _default_branch(mirror: Mirror) -> str | None:
    output = mirror.git("symbolic-ref", "--quiet", _DEFAULT_BRANCH, ok=(0, 1)).stdout.decode(errors="replace")
    return output.removesuffix("\n").removeprefix("refs/heads/") or None


def resolve(mirror: Mirror, revision: TargetRevision) -> ResolvedRevision | None:
    """What a revision resolves to in the mirror; None if nothing."""
    branch = _default_branch(mirror) if revision.text == HEAD else revision.exact_branch
    if branch is not None:  # the usual case: reading one branch is faster than reading all
        sha = branch_tip(mirror, branch)
        return ResolvedRevision("branch", branch, sha) if sha else None
    resolved = resolve_revision(revision, _list(mirror))
    if resolved is None and is_short_sha(revision.text):
        commits = [sha for sha, kind in disambiguate(mirror, revision.text) if kind == "commit"]
        return ResolvedRevision("commit", commits[0][:8], commits[0]) if len(commits) == 1 else None
    if resolved is not None and resolved.kind == "commit" and not disambiguate(mirror, resolved.sha):
        return None
    return resolved


def tracked(mirror: Mirror, revision: TargetRevision) -> ResolvedRevision:
    """What a revision resolves to after a fetch. Raises RefNotFoundError, which lists the branches."""
    resolved = resolve(mirror, revision)
    if resolved is None:
        raise _not_found(mirror, revision)
    return resolved


def _not_found(mirror: Mirror, revision: TargetRevision) -> RefNotFoundError:
    names = mirror.git("for-each-ref", "--count=10", "--format=%(refname:lstrip=2)", "refs/heads/").stdout
    branches = ", ".join(names.decode(errors="replace").split())
    branch = revision.exact_branch
    phrase = texts.NO_BRANCHES if not branches else texts.NO_BRANCH if branch else texts.NO_REVISION
    return RefNotFoundError(
        LocalizedText(phrase, url=mirror.url, branch=branch or revision.display_name, there=branches)
    )


def _list(mirror: Mirror) -> Refs:
    """Every branch and tag that points to a commit."""
    lines = mirror.git("for-each-ref", f"--format={_REF_FORMAT}", "refs/heads/", "refs/tags/", _REMOTE_HEAD).stdout
    branches: list[Ref] = []
    tags: list[Ref] = []
    head = None
    for line in lines.decode(errors="replace").split("\n")[:-1]:  # names may contain line breaks of splitlines()
        name, *direct, peeled_sha, peeled_kind, peeled_time = line.split("\0")
        sha, kind, time = (peeled_sha, peeled_kind, peeled_time) if peeled_sha else direct
        if kind != "commit":
            continue
        if name == _REMOTE_HEAD:
            head = sha
        else:
            refs = branches if name.startswith("refs/heads/") else tags
            refs.append(Ref(name.split("/", 2)[2], sha, int(time or 0)))
    return Refs(branches, tags, head)
