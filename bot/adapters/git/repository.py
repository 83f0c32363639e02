"""`ports.Repository` on a bare mirror: git plumbing without a work tree, so that no hook or filter runs."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from bot.adapters.git import bounds, merge, refs, trees
from bot.adapters.git.commits import ancestry_path, changes, log, write_commit
from bot.adapters.git.credential import Credential
from bot.adapters.git.errors import is_not_served
from bot.adapters.git.links import LinkReader, TreeLinks
from bot.adapters.git.mirror import Mirror
from bot.adapters.git.objects import disambiguate, full_sha, is_full_sha
from bot.adapters.git.push import push
from bot.adapters.git.remote import Remote
from bot.core.git.commit import Commit
from bot.core.git.target_revision import HEAD, ResolvedRevision, TargetRevision, is_short_sha
from bot.i18n.catalogue import repository as texts
from bot.i18n.language import LocalizedText
from bot.ports.git import File, LimitExceededError, Merged, RevisionNotFoundError
from bot.ports.telemetry import GIT_FETCH, NO_TELEMETRY, Telemetry


class GitRepository:
    """`ports.Repository` by git, from a bare mirror at `mirrors`/NAME.git, created on first use.

    `url` is any https, http, ssh or file URL, or a local path; a user and password in it are sent as a header instead.
    `revision` is the tracked one; a str is a branch. Repositories that differ only in it share the mirror named
    `mirror`. `credential` returns the current credential, and `credential_variable` is its environment variable. Raises
    RepositoryError at once for an invalid URL.
    """

    def __init__(
        self,
        name: str,
        url: str,
        revision: TargetRevision | str,
        mirrors: Path,
        *,
        mirror: str = "",
        credential: Callable[[], Credential | None] | None = None,
        credential_variable: str = "GITHUB_TOKEN",
        telemetry: Telemetry = NO_TELEMETRY,
    ) -> None:
        self.name = name
        self._telemetry = telemetry
        self._revision = TargetRevision.branch(revision) if isinstance(revision, str) else revision
        remote = Remote.parse(url)
        self.url = remote.url
        self._mirror = Mirror(
            name.partition("@")[0],  # people know no key of a revision
            mirrors.absolute() / f"{quote(mirror or name, safe='')}.git",
            remote,
            credential=credential,
            credential_variable=credential_variable,
        )
        self._link_reader = LinkReader(self._mirror)
        self._merges = merge.Merges(self._mirror)

    # ------------------------------------------------------------ what is tracked

    def fetch(self) -> str:
        with self._fetched():
            return self.fetched_revision().sha

    def update_mirror(self) -> None:
        with self._fetched():
            pass

    def fetched_revision(self) -> ResolvedRevision:
        self._fetch_alone(self._revision)
        return refs.tracked(self._mirror, self._revision)

    def fetch_if_moved(self) -> str:
        tracked = self.resolved_revision()
        return tracked.sha if refs.remote_tip(self._mirror, tracked.name) == tracked.sha else self.fetch()

    def head(self) -> str:
        return self.resolved_revision().sha

    def resolved_revision(self) -> ResolvedRevision:
        resolved = self.known_revision()
        if resolved is None:
            with self._fetched():
                resolved = self.fetched_revision()
        return resolved

    def known_revision(self) -> ResolvedRevision | None:
        return refs.resolve(self._mirror, self._revision) if self._mirror.exists() else None

    @property
    def branch(self) -> str:
        return self._revision.exact_branch or self.resolved_revision().name

    @property
    def is_branch(self) -> bool:
        revision = self._revision
        return bool(revision.exact_branch) or (self.resolved_revision().kind == "branch" and not revision.is_pattern)

    def tip(self, branch: str) -> str | None:
        self._fetch_alone(TargetRevision.branch(branch))
        return refs.branch_tip(self._mirror, branch)

    def has_branch(self, branch: str) -> bool:
        tip = refs.remote_tip if self._mirror.is_incomplete else refs.branch_tip
        return tip(self._mirror, branch) is not None

    def has_branches_under(self, branch: str) -> bool:
        return refs.has_branches_under(self._mirror, branch)

    # ------------------------------------------------------------ commits

    def resolve(self, text: str) -> Commit:
        if not is_short_sha(text):
            raise RevisionNotFoundError(LocalizedText(texts.BAD_PREFIX))
        objects = disambiguate(self._mirror, text)
        if not objects:
            self.fetch()
            objects = disambiguate(self._mirror, text)
        commits = [sha for sha, kind in objects if kind == "commit"]
        if len(commits) > 1:
            commits = self._tracked_commits(text) or commits
        if len(commits) == 1:
            return self.commit(commits[0])
        if commits:
            raise RevisionNotFoundError(
                LocalizedText(texts.AMBIGUOUS, text=text, n=str(len(commits)), name=self._mirror.name),
                [self.commit(sha) for sha in commits[: bounds.CANDIDATES]],
            )
        if objects:
            kind = objects[0][1]
            raise RevisionNotFoundError(
                LocalizedText(texts.NO_COMMIT_BUT, text=text, kind=kind, name=self._mirror.name)
            )
        raise self._mirror.errors.unknown_commit(text)

    def commit(self, sha: str) -> Commit:
        commits = self.read_commits([sha])
        if not commits or commits[0].sha != sha:
            raise RevisionNotFoundError(LocalizedText(texts.NOT_A_COMMIT, text=sha, name=self._mirror.name))
        return commits[0]

    def read_commits(self, shas: Sequence[str]) -> list[Commit]:
        return log(self._mirror, "--no-walk", *map(full_sha, shas), revisions=shas, limit=len(shas)) if shas else []

    def fetch_commit(self, sha: str) -> bool:
        """Fetches into the quarantine, which is removed when the process ends. See ports.Repository."""
        return self._fetch_commit(sha, keep=False)

    def keep_commit(self, sha: str) -> bool:
        """The same, but into the mirror, where it stays even if its branch is deleted. Keeps an annotated tag, too."""
        is_available = is_full_sha(sha) and bool(disambiguate(self._mirror, sha))
        if not is_available and not self._fetch_commit(sha, keep=True):
            return False
        self._mirror.keep_object(sha)
        return True

    def _fetch_commit(self, sha: str, *, keep: bool) -> bool:
        if not is_full_sha(sha):
            return False
        if self._has_commit(sha):
            return True
        output = self._mirror.fetch_object(sha, keep=keep)
        if output.status != 0 and not is_not_served(output.stderr):
            raise self._mirror.errors.fetch_failed(output.stderr)
        return output.status == 0 and self._has_commit(sha)

    def is_ancestor(self, sha: str, of: str) -> bool:
        argv = ("merge-base", "--is-ancestor", "--end-of-options", full_sha(sha), full_sha(of))
        return self._mirror.git(*argv, ok=(0, 1), revisions=(sha, of)).status == 0

    def merge_base(self, one: str, other: str) -> str | None:
        argv = ("merge-base", "--end-of-options", full_sha(one), full_sha(other))
        return self._mirror.git(*argv, ok=(0, 1), revisions=(one, other)).stdout.decode().strip() or None

    def first_parent(self, since: str | None, until: str, *, path: str | None = None, limit: int = 100) -> list[Commit]:
        within = trees.normalized(path) if path is not None else ""
        pathspec = ("--", within) if within else ()
        return self._log("--first-parent", since=since, until=until, limit=limit, pathspec=pathspec)

    def differs(self, one: str | None, other: str, paths: Sequence[str]) -> bool:
        ids = trees.tree_ids(self._mirror, one, paths) if one else [None] * len(paths)
        return ids != trees.tree_ids(self._mirror, other, paths)

    def commits(self, since: str | None, until: str, *, limit: int = 100) -> list[Commit]:
        return self._log(since=since, until=until, limit=limit)

    def mainline(self, since: str, until: str, *, limit: int) -> list[tuple[str | None, Commit]]:
        commits = self.first_parent(since, until, limit=limit)
        steps = [(commit.parents[0] if commit.parents else None, commit) for commit in commits]
        if not steps or steps[-1][0] == since:
            return steps
        with suppress(LimitExceededError):  # then the first parents are the best known
            path = ancestry_path(self._mirror, since, until)[:limit]
            by_sha = {commit.sha: commit for commit in self.read_commits([sha for _, sha in path])}
            steps = [(before, by_sha[sha]) for before, sha in path] or steps
        return steps

    def changes(self, since: str, until: str, *, limit: int) -> list[tuple[str, list[str]]]:
        return changes(self._mirror, since, until, limit=limit)

    # ------------------------------------------------------------ trees

    def tree_id(self, revision: str, path: str) -> str | None:
        return self.tree_ids(revision, [path])[0]

    def tree_ids(self, revision: str, paths: Sequence[str]) -> list[str | None]:
        ids = trees.tree_ids(self._mirror, revision, paths)
        missing = [path for path, id_ in zip(paths, ids, strict=True) if id_ is None]
        if not missing:
            return ids
        links = self.links(revision)
        for path in missing:
            links.check(trees.normalized(path))  # git finds nothing where the mirror lacks a directory either
        return trees.tree_ids(self._mirror, revision, paths)

    def files(self, revision: str, path: str) -> list[File]:
        """Raises RepositoryError also above 5 MiB in a file, 256 MiB or 20,000 files in total. See ports.Repository."""
        return trees.read_files(self._mirror, revision, path, self.links(revision))

    def links(self, revision: str) -> TreeLinks:
        return TreeLinks(self._link_reader, revision)

    def files_of(
        self, revision: str, paths: Sequence[str], *, most_bytes: int | None = None
    ) -> Iterator[list[File] | None]:
        return trees.read_files_of(self._mirror, revision, paths, self.links(revision), most_bytes)

    def changed_paths(self, base: str | None, revision: str) -> list[str]:
        return trees.changed_paths(self._mirror, base, revision)

    # ------------------------------------------------------------ merging and pushing

    def merge(self, ours: str, theirs: str, *, follow_directories: bool = True) -> Merged:
        return self._merges.merge(ours, theirs, follow_directories=follow_directories)

    def merge_trees(self, base: str, ours: str, theirs: str) -> Merged:
        return merge.merge_trees(self._mirror, base, ours, theirs)

    def edited_tree(self, revision: str, files: Mapping[str, bytes | None]) -> str:
        return trees.edited_tree(self._mirror, revision, files)

    def push_commit(self, *, branch: str, tree: str, parent: str, message: str, head: str | None = None) -> str:
        sha = write_commit(self._mirror, full_sha(tree), [full_sha(parent)], message, at=int(time.time()))
        tracked = self.resolved_revision()
        unmoved = {tracked.name: full_sha(head or parent)} if tracked.kind == "branch" else {}
        push(self._mirror, sha, branch, unmoved)
        return sha

    # ------------------------------------------------------------ inside

    @contextmanager
    def _fetched(self) -> Iterator[None]:
        """Fetch, and block other fetches while the caller reads."""
        measured = self._telemetry.measure(GIT_FETCH, repository=self.name)
        with measured, self._mirror.fetched(*refs.refspecs(self._revision)):
            if self._revision.text == HEAD and not self._mirror.is_incomplete:
                refs.remember_default_branch(self._mirror)
            yield

    def _fetch_alone(self, revision: TargetRevision) -> None:
        """Fetch a revision if the last fetch could not fetch everything. Raises RepositoryError."""
        if not self._mirror.is_incomplete or revision.is_invalid():
            return
        with self._telemetry.measure(GIT_FETCH, repository=self.name):
            if is_full_sha(revision.text):
                self.keep_commit(revision.text)
            else:
                refs.fetch_alone(self._mirror, revision)

    def _log(
        self, *options: str, since: str | None, until: str, limit: int, pathspec: Sequence[str] = ()
    ) -> list[Commit]:
        revisions = [until, *([since] if since else [])]
        commit_range = (full_sha(until), *([f"^{full_sha(since)}"] if since else []))
        return log(
            self._mirror,
            *options,
            f"--max-count={limit}",
            "--end-of-options",
            *commit_range,
            *pathspec,
            revisions=revisions,
            limit=limit,
        )

    def _tracked_commits(self, prefix: str) -> list[str]:
        """The shas of the commits that begin with `prefix` and are reachable from the tracked revision."""
        # Not by candidate: strangers can make many, in pull requests from forks.
        shas = self._mirror.git("rev-list", "--end-of-options", self.head()).stdout.decode().split()
        return [sha for sha in shas if sha.startswith(prefix)]

    def _has_commit(self, sha: str) -> bool:
        return (sha, "commit") in disambiguate(self._mirror, sha)
