"""Hosted repositories with their pull requests, reviews and comments."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bot.sandbox.forge.git import CommitFacts, ConflictError, Git, GitError, Person
from bot.sandbox.forge.merge import Method, merge_commit, rebase, squash
from bot.sandbox.forge.pull import Comment, Pull, Retarget, Review

# Refuses, in GitHub's words, direct pushes to a protected branch, and unsigned commits if a rule requires signatures.
_UPDATE_HOOK = """#!/bin/sh
case " $FORGE_PROTECTED " in
  *" $1 "*)
    echo "error: GH006: Protected branch update failed for $1." >&2
    echo "error: Changes must be made through a pull request." >&2
    exit 1 ;;
esac
test -z "$FORGE_SIGNED" && exit 0
for sha in $(git rev-list "$3" --not --all); do
  git cat-file commit "$sha" | sed '/^$/q' | grep -q '^gpgsig ' && continue
  echo "error: GH013: Repository rule violations found for $1." >&2
  echo "" >&2
  echo "- Commits must have verified signatures." >&2
  echo "  Found 1 violation:" >&2
  echo "  $sha" >&2
  exit 1
done
"""


class RefusedError(Exception):
    """A refused request, in GitHub's words: `status` is the HTTP status, `errors` GitHub's list of details.

    `reason` is the key of other forges' messages; `about` is the pull request or the branch concerned.
    """

    def __init__(
        self,
        status: int,
        message: str,
        errors: list[dict[str, str]] | None = None,
        *,
        reason: str = "",
        about: Pull | str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.errors = errors
        self.reason = reason
        self.about = about


@dataclass(frozen=True, slots=True)
class Build:
    """A check of a commit. `state` is pending, success, failure or skipped; `app` runs it as a GitHub check run."""

    name: str
    state: str
    url: str
    app: str = ""


@dataclass(frozen=True, slots=True)
class Push:
    """A push to a branch: `before` is "" for a new branch, `after` is "" for a deleted one."""

    branch: str
    before: str
    after: str
    by: str
    at: datetime


class HostedRepository:
    """One bare repository with its pull requests. All methods are thread-safe and raise RefusedError."""

    def __init__(
        self,
        path: Path,
        full_name: str,
        *,
        branch: str,
        people: Mapping[str, Person],
        clock: Callable[[], datetime],
        first_number: int,
        id_: int = 1,
    ) -> None:
        self.id = id_
        self.full_name = full_name
        self.owner, _, self.name = full_name.rpartition("/")
        self.branch = branch
        self.path = path
        self.created_at = clock()
        self.protected = {branch}
        self.archived = False
        self.index = "whole"  # Bitbucket Cloud's index of pull requests by commit; or "begun", or "none"
        self.signatures_required = False
        self.readers: set[str] = set()  # logins without write access
        self.git = Git(path)
        self.pulls: dict[int, Pull] = {}
        self.pushes: list[Push] = []
        self.builds: dict[str, dict[str, Build]] = {}  # by sha and name
        self.lag = False  # commits of merged pull requests are not indexed yet
        self.on_push: Callable[[str, str], object] = lambda _branch, _after: None
        self.on_pull: Callable[[int], object] = lambda _number: None
        self._people = people
        self._clock = clock
        self._next = first_number
        self._ids = 1000
        self._lock = threading.RLock()
        for folder in ("objects/info", "objects/pack", "refs/heads", "refs/tags", "hooks"):  # as `git init` makes them
            (path / folder).mkdir(parents=True)
        (path / "HEAD").write_text(f"ref: refs/heads/{branch}\n")
        # gc would pack the refs
        (path / "config").write_text("[core]\nrepositoryformatversion = 0\nbare = true\n[gc]\nauto = 0\n")
        hook = path / "hooks" / "update"
        hook.write_text(_UPDATE_HOOK)
        hook.chmod(0o755)

    def now(self) -> datetime:
        """The current time."""
        return self._clock()

    def person(self, login: str) -> Person:
        """The account with this login; one with a made-up email if it is unknown."""
        return self._people.get(login) or Person(login, login, f"{login}@users.forge.example")

    def login_of(self, email: str) -> str | None:
        """The login of the account with this email."""
        return next((person.login for person in self._people.values() if person.email == email), None)

    def commit(
        self, branch: str, files: Mapping[str, str | None], message: str, by: str, at: datetime | None = None
    ) -> str:
        """Commit files (path to text, None removes) to a branch, which may be new, and return the SHA."""
        with self._lock:
            before = self.git.tip(branch)
            start = before or self.git.tip(self.branch)
            when = at or self._clock()
            sha = self.git.import_commit(branch, start, files, message, author=self.person(by), at=when)
            self.pushed(branch, before or "", sha, by)
            return sha

    def report(self, sha: str, name: str, state: str, *, url: str = "", app: str = "") -> None:
        """Report the state of a check of a commit, as a CI system does."""
        with self._lock:
            page = url or f"https://ci.example/{name.replace(' ', '-')}"
            self.builds.setdefault(sha, {})[name] = Build(name, state, page, app)

    def pushed(self, branch: str, before: str, after: str, by: str) -> None:
        """Record a push."""
        with self._lock:
            self.pushes.append(Push(branch, before, after, by, self._clock()))
            self.listed()  # records a pull request's new head
        self.on_push(branch, after)

    def pull(self, number: int) -> Pull:
        """The pull request with this number, with its current head. Raises RefusedError 404."""
        with self._lock:
            pull = self.pulls.get(number)
            if pull is None:
                raise RefusedError(404, "Not Found", reason="pull")
            return self._as_of(pull, self.git.branches())

    def listed(self) -> list[Pull]:
        """All pull requests, newest first."""
        with self._lock:
            tips = self.git.branches()
            return [self._as_of(self.pulls[number], tips) for number in sorted(self.pulls, reverse=True)]

    def open_pull(self, *, head: str, base: str, title: str, body: str, by: str, at: datetime | None = None) -> Pull:
        """Open a pull request. Raises RefusedError 422 for an unknown branch, no commits, or a duplicate."""
        with self._lock:
            branches = self.git.branches()
            tips = {"head": branches.get(head), "base": branches.get(base)}
            errors = [
                {"resource": "PullRequest", "field": field_, "code": "invalid"}
                for field_, tip in tips.items()
                if tip is None
            ]
            if not title.strip():
                errors.append({"resource": "PullRequest", "field": "title", "code": "missing_field"})
            unknown = next((ref for ref, tip in ((head, tips["head"]), (base, tips["base"])) if tip is None), None)
            reason, about = ("branch" if unknown else "", unknown)
            twin = next((pull for pull in self._open() if (pull.head, pull.base) == (head, base)), None)
            if twin:
                errors.append(_custom(f"A pull request already exists for {self.owner}:{head}."))
                reason = "exists"
            head_sha, base_sha = tips["head"], tips["base"]
            if head_sha and base_sha and not self.git.shas(base_sha, head_sha):
                errors.append(_custom(f"No commits between {base} and {head}"))
                reason = reason or "empty"
            if errors or head_sha is None or base_sha is None:
                raise RefusedError(422, "Validation Failed", errors, reason=reason, about=twin or about)
            now = at or self._clock()
            pull = Pull(self._next, title, body, by, head, base, head_sha, base_sha, now, now)
            pull.heads.append((head_sha, now))
            self._next += 1
            self.pulls[pull.number] = pull
            self._keep_head(pull)
            self.on_pull(pull.number)
            return pull

    def review(
        self, number: int, by: str, state: str = "APPROVED", body: str = "", at: datetime | None = None
    ) -> Review:
        """Review an open pull request at its current head. Raises RefusedError 422 to approve one's own."""
        with self._lock:
            pull = self._opened(number)
            if by == pull.author and state != "COMMENTED":
                raise RefusedError(422, "Unprocessable Entity", [_custom("Can not approve your own pull request")])
            review = Review(self._new_id(), by, state, pull.head_sha, body, at or self._clock())
            pull.reviews.append(review)
            self.on_pull(number)
            pull.updated_at = review.at
            return review

    def comment(self, number: int, by: str, body: str, at: datetime | None = None) -> Comment:
        """Comment on a pull request."""
        with self._lock:
            pull = self.pull(number)
            comment = Comment(self._new_id(), by, body, at or self._clock())
            pull.comments.append(comment)
            pull.updated_at = comment.at
            return comment

    def retarget(self, number: int, base: str, by: str, *, automatic: bool = False) -> Pull:
        """Change the target branch of an open pull request."""
        with self._lock:
            pull, now = self._opened(number), self._clock()
            before, before_sha = pull.base, pull.base_sha
            pull.base, pull.updated_at = base, now
            after_sha = self.pull(number).base_sha
            pull.retargets.append(Retarget(now, by, before, base, before_sha, after_sha, pull.head_sha, automatic))
            self.on_pull(number)
            return pull

    def close(self, number: int, at: datetime | None = None) -> Pull:
        """Close an open pull request without merging it."""
        with self._lock:
            pull = self._opened(number)
            pull.state, pull.closed_at = "closed", at or self._clock()
            pull.updated_at = pull.closed_at
            self._keep_head(pull)
            self.on_pull(number)
            return pull

    def merge(
        self,
        number: int,
        by: str,
        method: str = Method.MERGE,
        *,
        expected_head: str | None = None,
        delete_branch: bool = False,
        at: datetime | None = None,
    ) -> Pull:
        """Merge an open pull request. Raises RefusedError 405 on a conflict, 409 if its head or base has moved."""
        if method not in tuple(Method):
            raise RefusedError(422, "Invalid request.\n\nmerge_method must be merge, squash or rebase.")
        with self._lock:
            pull = self._opened(number)
            if expected_head not in {None, pull.head_sha}:
                raise RefusedError(409, "Head branch was modified. Review and try the merge again.")
            now = at or self._clock()
            base, head, person = pull.base_sha, pull.head_sha, self.person(by)
            try:
                if method == Method.MERGE:
                    message = f"Merge pull request #{number} from {self.owner}/{pull.head}\n\n{pull.title}\n"
                    tip = merge_commit(self.git, base, head, message, by=person, at=now)
                elif method == Method.SQUASH:
                    message = f"{pull.title} (#{number})\n\n{pull.body}".rstrip() + "\n"
                    tip = squash(self.git, base, head, message, by=self.person(pull.author), at=now)
                else:
                    tip = rebase(self.git, base, head, by=person, at=now)
            except ConflictError as error:
                raise RefusedError(405, "Pull Request is not mergeable") from error
            try:
                self.git.move(pull.base, tip, base)
            except GitError as error:
                raise RefusedError(409, "Base branch was modified. Review and try the merge again.") from error
            self._keep_head(pull)
            pull.state, pull.closed_at, pull.merged_at, pull.updated_at = "closed", now, now, now
            pull.merged_by, pull.merge_sha, pull.method = by, tip, Method(method)
            pull.landed = frozenset(self.git.shas(base, tip))
            pull.commits = self.git.log("--topo-order", f"{base}..{head}", "--")
            self.pushed(pull.base, base, tip, by)
            self.on_pull(number)
            if delete_branch:
                self.git.run("update-ref", "-d", f"refs/heads/{pull.head}")
            return pull

    def mergeable(self, pull: Pull) -> bool:
        """Whether an open pull request has no conflicts."""
        try:
            self.git.merged_tree(pull.base_sha, pull.head_sha)
        except ConflictError:
            return False
        return True

    def commits_of(self, pull: Pull) -> list[str]:
        """The commits of a pull request, newest first; none if the repository no longer has them."""
        try:
            return self.git.shas(pull.base_sha, pull.head_sha)
        except GitError:
            return []

    def listed_commits(self, pull: Pull) -> list[CommitFacts]:
        """The commits of a pull request, newest first; for a merged one, also those that no longer exist."""
        return pull.commits or self.git.log("--topo-order", f"{pull.base_sha}..{pull.head_sha}", "--")

    def pusher(self, sha: str) -> str | None:
        """The login that moved a branch to this commit."""
        return next((push.by for push in self.pushes if push.after == sha), None)

    def pulls_of(self, sha: str) -> list[Pull]:
        """The pull requests that merged a commit, or else the open ones that contain it."""
        with self._lock:
            pulls = [pull for pull in self.listed() if not (self.lag and pull.merged_at)]
            landed = [pull for pull in pulls if sha in pull.landed or (pull.merged_at and sha == pull.head_sha)]
            return landed or [pull for pull in pulls if pull.state == "open" and sha in self.commits_of(pull)]

    def _open(self) -> list[Pull]:
        return [pull for pull in self.pulls.values() if pull.state == "open"]

    def _opened(self, number: int) -> Pull:
        pull = self.pull(number)
        if pull.state != "open":
            raise RefusedError(405, "Pull Request is not open")
        return pull

    def _keep_head(self, pull: Pull) -> None:
        # As on GitHub, the commits stay reachable after the branch is deleted.
        self.git.keep(f"refs/pull/{pull.number}/head", pull.head_sha)

    def _as_of(self, pull: Pull, tips: Mapping[str, str]) -> Pull:
        """Update the head and base of an open pull request from its branches."""
        if pull.state == "open":
            pull.head_sha = tips.get(pull.head, pull.head_sha)
            pull.base_sha = tips.get(pull.base, pull.base_sha)
            if pull.heads[-1][0] != pull.head_sha:
                pull.heads.append((pull.head_sha, self._clock()))
        return pull

    def _new_id(self) -> int:
        self._ids += 1
        return self._ids


def _custom(message: str) -> dict[str, str]:
    return {"resource": "PullRequest", "code": "custom", "message": message}
