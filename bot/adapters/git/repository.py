"""One bare mirror per repository, read and written by git's plumbing: no work tree, so no hook, filter or link runs.

Only `fetch` writes into the mirror. Everything else writes into a quarantine beside it, which holds the mirror as its
alternate: objects of a revert that is never pushed vanish with the process.
"""

import fcntl
import os
import re
import shutil
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate, groupby
from pathlib import Path
from typing import NoReturn
from urllib.parse import quote, unquote, urlsplit

import git

from bot.adapters.git.login import Login
from bot.core.git.commit import Commit
from bot.core.git.target_revision import HEAD, Followed, Ref, Refs, TargetRevision, follow, is_short_sha
from bot.i18n.catalogue import repository as texts
from bot.i18n.language import LocalizedText, Phrase
from bot.ports.git import File, Merged, PushRejectedError, RepositoryError, RevisionNotFoundError

NETWORK_SECONDS = 300.0
LOCAL_SECONDS = 60.0
MAX_FILE_BYTES = 5 * 2**20
MAX_TOTAL_BYTES = 256 * 2**20
MAX_FILES = 20_000
MAX_CANDIDATES = 10
_LISTED_AT_ONCE = 100  # paths: git looks at each of them for each file below any
_READ_AT_ONCE = 4 * 2**20  # bytes, all of which are held

_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_PREFIX = re.compile(r"[0-9a-f]{7,64}")
_OWN_BRANCH = re.compile(r"gitops-bot/[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
_HTTP = {"http": "http:https", "https": "https"}  # a redirect may lead to https, never away from it
_PROTOCOLS = {"file": "file", "ssh": "ssh", **_HTTP}
_SCP_LIKE = re.compile(r"(?:[\w.-]+@)?[\w.-]+:(?!/?/)\S+", re.ASCII)

_IDENTITY = {
    f"GIT_{role}_{field}": value
    for role in ("AUTHOR", "COMMITTER")
    for field, value in (("NAME", "gitops-bot"), ("EMAIL", "gitops-bot@users.noreply.invalid"))
}
_HARDENED = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_PARAMETERS": "",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "",
    "SSH_ASKPASS": "",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TRACE_REDACT": "1",
}
_SSH = {"GIT_SSH_COMMAND": "ssh -oBatchMode=yes -oConnectTimeout=15 -oServerAliveInterval=15 -oServerAliveCountMax=4"}
_CONFIG = (
    ("core.hooksPath", os.devnull),
    ("credential.helper", ""),
    ("safe.directory", "*"),  # a mounted volume often belongs to another user than the one who runs
    ("http.lowSpeedLimit", "1000"),  # bytes a second
    ("http.lowSpeedTime", "30"),
    ("log.showSignature", "false"),
)


_DEFAULT = "refs/gitops-bot/HEAD"  # where the remote's default branch is noted


@dataclass(frozen=True, slots=True)
class _Output:
    status: int
    stdout: bytes
    stderr: str


@dataclass(frozen=True, slots=True)
class _Blob:
    path: str
    oid: str
    size: int  # bytes


class SignaturesRequiredError(PushRejectedError):
    """A rule of the remote's takes no commit that nobody signed."""


class GitRepository:
    """`ports.Repository` by GitPython, from a bare mirror at `mirrors`/NAME.git, made when it is first needed.

    `url` is any https, http, ssh, file URL or local path; a user and password in it are taken out and sent as a header.
    `revision` is what is followed there, a str the branch of that name. Several may share one `mirror`, which is called
    like the first of them.
    `login` returns what git says who it is by today, `credential_name` is the variable people set it by.
    RepositoryError at once for a URL that git may not be given.
    """

    def __init__(
        self,
        name: str,
        url: str,
        revision: TargetRevision | str,
        mirrors: Path,
        *,
        mirror: str = "",
        login: Callable[[], Login | None] | None = None,
        credential_name: str = "GITHUB_TOKEN",
    ) -> None:
        self.name = name
        self._revision = TargetRevision.branch(revision) if isinstance(revision, str) else revision
        remote = _remote(url)
        self.url = remote.url
        self._protocol = _PROTOCOLS[remote.protocol]
        user, _, password = (remote.userinfo or "").partition(":")
        # Forges take any user name beside a token.
        self._userinfo = Login(password or user, user if password else "x-access-token") if remote.userinfo else None
        self._has_header = remote.protocol in _HTTP
        self._login = login
        self._credential_name = credential_name
        self._mirrors = mirrors.absolute()
        self._mirror = self._mirrors / f"{quote(mirror or name, safe='')}.git"
        self._making = threading.Lock()
        self._quarantine: Path | None = None
        self._fetches = 0  # started, and finished well: lets a caller who waited take the result of the one before
        self._fetched = 0

    # ------------------------------------------------------------ reading

    def fetch(self) -> str:
        """See ports.Repository. Threads and processes take turns; one that waited through a whole fetch reuses it."""
        asked = self._fetches
        self._make()
        with self._locked():
            if self._fetched <= asked:
                self._fetches += 1
                self._fetch()
                self._fetched = self._fetches
            return self._tracked().sha

    def head(self) -> str:
        """See ports.Repository."""
        return self.followed().sha

    def followed(self) -> Followed:
        """See ports.Repository."""
        found = self._follow() if self._mirror.is_dir() else None
        if found is None:
            self.fetch()
            found = self._tracked()
        return found

    @property
    def branch(self) -> str:
        """See ports.Repository."""
        return self._revision.exact_branch or self.followed().name

    @property
    def is_branch(self) -> bool:
        """See ports.Repository."""
        revision = self._revision
        return bool(revision.exact_branch) or (self.followed().kind == "branch" and not revision.is_pattern)

    def tip(self, branch: str) -> str | None:
        """The sha of any branch as last fetched; None when there is none."""
        if not branch or branch.startswith("-") or not branch.isprintable():
            return None
        found = self._git("for-each-ref", "--format=%(refname) %(objectname)", f"refs/heads/{branch}").stdout
        for line in found.decode().splitlines():
            ref, _, sha = line.rpartition(" ")
            if ref == f"refs/heads/{branch}":
                return sha
        return None

    def resolve(self, text: str) -> Commit:
        """See ports.Repository."""
        if not _PREFIX.fullmatch(text):
            raise RevisionNotFoundError(LocalizedText(texts.BAD_PREFIX))
        names = self._objects(text)
        if not names:
            self.fetch()
            names = self._objects(text)
        commits = [name for name, kind in names if kind == "commit"]
        if len(commits) == 1:
            return self.commit(commits[0])
        if commits:
            raise RevisionNotFoundError(
                LocalizedText(texts.AMBIGUOUS, text=text, n=str(len(commits)), name=self.name),
                [self.commit(name) for name in commits[:MAX_CANDIDATES]],
            )
        if names:
            raise RevisionNotFoundError(LocalizedText(texts.NO_COMMIT_BUT, text=text, kind=names[0][1], name=self.name))
        raise RevisionNotFoundError(LocalizedText(texts.NO_COMMIT, text=text, name=self.name))

    def commit(self, sha: str) -> Commit:
        """See ports.Repository."""
        found = self._log("--no-walk", _checked(sha), missing=(sha,))
        if not found or found[0].sha != sha:
            raise RevisionNotFoundError(LocalizedText(texts.NOT_A_COMMIT, text=sha, name=self.name))
        return found[0]

    def is_ancestor(self, sha: str, of: str) -> bool:
        """See ports.Repository."""
        argv = ("merge-base", "--is-ancestor", "--end-of-options", _checked(sha), _checked(of))
        return self._git(*argv, ok=(0, 1), missing=(sha, of)).status == 0

    def first_parent(self, since: str | None, until: str, *, path: str | None = None, limit: int = 100) -> list[Commit]:
        """See ports.Repository."""
        span = (_checked(until), *([f"^{_checked(since)}"] if since else []))
        only = () if path is None else _tidy(path)
        options = ("--first-parent", f"--max-count={limit}", "--end-of-options")
        return self._log(*options, *span, *(("--", only) if only else ()), missing=(until, *([since] if since else [])))

    def commits(self, since: str | None, until: str, *, limit: int = 100) -> list[Commit]:
        """See ports.Repository."""
        span = (_checked(until), *([f"^{_checked(since)}"] if since else []))
        return self._log(
            f"--max-count={limit}", "--end-of-options", *span, missing=(until, *([since] if since else []))
        )

    def tree_id(self, revision: str, path: str) -> str | None:
        """See ports.Repository; `revision` may also be the tree of a merge."""
        return self.tree_ids(revision, [path])[0]

    def tree_ids(self, revision: str, paths: Sequence[str]) -> list[str | None]:
        """See ports.Repository."""
        asked = "".join(f"{name}\n" for name in (_checked(revision), *(f"{revision}:{_tidy(path)}" for path in paths)))
        whole, *parts = self._git("cat-file", "--batch-check", stdin=asked.encode()).stdout.splitlines()
        if whole.endswith(b" missing"):
            raise self._unknown(revision)
        return [None if part.endswith(b" missing") else part.split()[0].decode() for part in parts]

    def files(self, revision: str, path: str) -> list[File]:
        """See ports.Repository. RepositoryError too beyond 5 MiB a file, 256 MiB or 20,000 files in all."""
        blobs = self._listed(revision, [path])[_tidy(path)]
        if not blobs and self.tree_id(revision, path) is None:
            raise RepositoryError(LocalizedText(texts.NO_PATH, path=path, name=self.name, revision=revision[:8]))
        if excess := self._excess(path, blobs):
            raise RepositoryError(excess)
        contents = self._blobs([blob.oid for blob in blobs])
        return [File(blob.path, contents[blob.oid]) for blob in blobs]

    def files_of(self, revision: str, paths: Sequence[str]) -> Iterator[list[File] | None]:
        """See ports.Repository. One git lists 100 paths, and one reads 4 MiB or a path that is larger."""
        for first in range(0, len(paths), _LISTED_AT_ONCE):
            some = paths[first : first + _LISTED_AT_ONCE]
            listed = self._listed(revision, some)
            blobs = [[] if self._excess(path, listed[_tidy(path)]) else listed[_tidy(path)] for path in some]
            starts = accumulate((sum(blob.size for blob in each) for each in blobs), initial=0)
            for _, batch in groupby(zip(blobs, starts, strict=False), lambda each: each[1] // _READ_AT_ONCE):
                trees = [each for each, _ in batch]
                contents = self._blobs([blob.oid for each in trees for blob in each])
                for each in trees:
                    yield [File(blob.path, contents[blob.oid]) for blob in each] or None

    def _listed(self, revision: str, paths: Sequence[str]) -> dict[str, list[_Blob]]:
        """The regular files below each path, by the path as git writes it; none where there is no such path."""
        found: dict[str, list[_Blob]] = {_tidy(path): [] for path in paths}
        asked = {tidy.encode(): blobs for tidy, blobs in found.items()}
        argv = ("ls-tree", "-r", "-z", "-l", "--full-tree", "--end-of-options", _checked(revision))
        listed = self._git(*argv, *([] if "" in found else found), missing=(revision,)).stdout
        for line in listed.split(b"\0")[:-1]:
            meta, _, raw = line.partition(b"\t")
            mode, _, oid, size = meta.split()
            if not mode.startswith(b"100"):
                continue
            blob = _Blob(raw.decode(errors="replace"), oid.decode(), int(size))
            parts = raw.split(b"/")
            for length in range(len(parts) + 1):
                below = asked.get(b"/".join(parts[:length]))
                if below is not None:
                    below.append(blob)
        return found

    def _excess(self, path: str, blobs: Sequence[_Blob]) -> str:
        """Why these are not read: what is too large; "" when nothing is."""
        for blob in blobs:
            if blob.size > MAX_FILE_BYTES:
                size = f"{blob.size / 2**20:.1f}"
                return LocalizedText(
                    texts.LARGE_FILE, path=blob.path, name=self.name, size=size, most=str(MAX_FILE_BYTES >> 20)
                )
        total = sum(blob.size for blob in blobs)
        if len(blobs) > MAX_FILES or total > MAX_TOTAL_BYTES:
            return LocalizedText(
                texts.LARGE_PATH,
                path=path,
                name=self.name,
                files=f"{len(blobs):,}",
                size=f"{total / 2**20:.0f}",
                most=f"{MAX_FILES:,}",
                most_size=str(MAX_TOTAL_BYTES >> 20),
            )
        return ""

    def changed_paths(self, base: str | None, revision: str) -> list[str]:
        """See ports.Repository; either may also be the tree of a merge. A rename is both its paths."""
        revisions = (*([_checked(base)] if base else []), _checked(revision))
        argv = ("diff-tree", "-r", "-z", "--root", "--name-only", "--no-renames", "--no-commit-id", "--end-of-options")
        out = self._git(*argv, *revisions, missing=revisions).stdout
        return [path.decode(errors="replace") for path in out.split(b"\0")[:-1]]

    # ------------------------------------------------------------ writing

    def merge_trees(self, base: str, ours: str, theirs: str) -> Merged:
        """See ports.Repository. Agrees with `git revert` when theirs is the parent of base and ours the head."""
        root = self._commit_tree(_checked(base), [], "base")
        sides = [self._commit_tree(_checked(revision), [root], "side") for revision in (ours, theirs)]
        return self.merge(*sides)

    def merge(self, ours: str, theirs: str) -> Merged:
        """See ports.Repository."""
        options = ("--write-tree", "-z", "--messages", "--allow-unrelated-histories", "--end-of-options")
        argv = ("merge-tree", *options, _checked(ours), _checked(theirs))
        merged = self._git(*self._attributes(ours), *argv, ok=(0, 1), missing=(ours, theirs))
        # A conflicted tree can equal ours, so the exit status decides and nothing else.
        fields = merged.stdout.decode(errors="replace").split("\0")
        if merged.status == 0:
            return Merged(fields[0])
        return _conflicted(fields)

    def fetch_commit(self, sha: str) -> bool:
        """See ports.Repository. What is fetched goes to the quarantine, and with the process when that ends."""
        if not _SHA.fullmatch(sha):
            return False
        if (sha, "commit") in self._objects(sha):
            return True
        argv = ("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules")
        done = self._network(*argv, "--end-of-options", self.url, sha)
        if done.status != 0 and not _NOT_GIVEN.search(done.stderr):
            self._unreachable(done)
        return done.status == 0 and (sha, "commit") in self._objects(sha)

    def edited_tree(self, revision: str, files: Mapping[str, bytes | None]) -> str:
        """See ports.Repository."""
        modes = self._modes(_checked(revision), list(files))
        entries = b""
        for path, content in files.items():
            if content is None:
                entries += f"0 {'0' * 40}\t{_tidy(path)}\0".encode()
                continue
            blob = self._git("hash-object", "-w", "--stdin", stdin=content).stdout.decode().strip()
            entries += f"{modes.get(_tidy(path), '100644')} {blob}\t{_tidy(path)}\0".encode()
        with self._disk(), tempfile.TemporaryDirectory(dir=self._mirrors, prefix="index-") as scratch:
            index = Path(scratch) / "index"
            self._git("read-tree", f"{revision}^{{tree}}", index=index, missing=(revision,))
            self._git("update-index", "-z", "--index-info", index=index, stdin=entries)
            return self._git("write-tree", index=index).stdout.decode().strip()

    def push_commit(self, *, branch: str, tree: str, parent: str, message: str) -> str:
        """See ports.Repository."""
        if not _OWN_BRANCH.fullmatch(branch) or ".." in branch or branch.endswith(".lock"):
            raise ValueError(f"{branch!r} is not one of the bot's branches: it must start with gitops-bot/")
        sha = self._commit_tree(_checked(tree), [_checked(parent)], message)
        ref = f"refs/heads/{branch}"
        # An empty expectation means: must not exist there yet.
        argv = ("push", "--porcelain", "--no-verify", "--no-recurse-submodules", f"--force-with-lease={ref}:")
        done = self._network(*argv, "--end-of-options", self.url, f"{sha}:{ref}")
        if done.status != 0:
            self._rejected(branch, done)
        return sha

    # ------------------------------------------------------------ the mirror

    def _make(self) -> None:
        """Make the mirror in one step: a half-made one never bears the name."""
        with self._making:
            if self._mirror.is_dir():
                return
            with self._disk():
                self._mirrors.mkdir(parents=True, exist_ok=True)
                half = Path(tempfile.mkdtemp(prefix=f"{self._mirror.name}.", dir=self._mirrors))
            try:
                self._git("init", "--quiet", "--bare", "--template=", mirror=half)
                with self._disk():
                    try:
                        half.rename(self._mirror)
                    except OSError:
                        if not self._mirror.is_dir():  # else another process was faster, which is as good
                            raise
            finally:
                shutil.rmtree(half, ignore_errors=True)

    def _fetch(self) -> None:
        argv = (
            *(
                "fetch",
                "--quiet",
                "--prune",
                "--force",
                "--no-tags",
                "--no-write-fetch-head",
                "--no-recurse-submodules",
            ),
            *("--end-of-options", self.url, "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"),
            *([f"+HEAD:{_DEFAULT}"] if self._revision.text == HEAD else ()),
        )
        done = self._network(*argv, objects=self._mirror / "objects")
        if done.status != 0 and _BROKEN.search(done.stderr):
            # Whoever held git's lock file is gone, since we hold ours. A mirror is a cache: make it anew.
            shutil.rmtree(self._mirror, ignore_errors=True)
            self._make()
            done = self._network(*argv, objects=self._mirror / "objects")
        if done.status != 0 or "shallow roots" in done.stderr:  # git only warns of these
            self._unreachable(done)

    def _tracked(self) -> Followed:
        found = self._follow()
        if found is None:
            refs = self._git("for-each-ref", "--count=10", "--format=%(refname:lstrip=2)", "refs/heads/").stdout
            there = ", ".join(refs.decode(errors="replace").split())
            branch = self._revision.exact_branch
            missing = texts.NO_BRANCHES if not there else texts.NO_BRANCH if branch else texts.NO_REVISION
            raise RepositoryError(
                LocalizedText(missing, url=self.url, branch=branch or self._revision.shown, there=there)
            )
        return found

    def _follow(self) -> Followed | None:
        """What the revision means in the mirror as it is."""
        branch = self._revision.exact_branch
        if branch is not None:  # the usual case, and one git tells the one branch faster than all of them
            sha = self.tip(branch)
            return Followed("branch", branch, sha) if sha else None
        found = follow(self._revision, self._refs())
        if found is None and is_short_sha(self._revision.text):
            commits = [name for name, kind in self._objects(self._revision.text) if kind == "commit"]
            return Followed("commit", commits[0][:8], commits[0]) if len(commits) == 1 else None
        if found is not None and found.kind == "commit" and not self._objects(found.sha):
            return None
        return found

    def _refs(self) -> Refs:
        """Every branch and tag of a commit, and the default branch as last fetched."""
        asked = "%(refname)%00%(objectname)%00%(objecttype)%00%(committerdate:unix)%00"
        peeled = "%(*objectname)%00%(*objecttype)%00%(*committerdate:unix)"
        found = self._git("for-each-ref", f"--format={asked}{peeled}", "refs/heads/", "refs/tags/", _DEFAULT).stdout
        branches: list[Ref] = []
        tags: list[Ref] = []
        head = None
        for line in found.decode(errors="replace").splitlines():
            name, *own, to_sha, to_kind, to_at = line.split("\0")
            sha, kind, at = (to_sha, to_kind, to_at) if to_sha else own  # of an annotated tag, the commit
            if kind != "commit":
                continue
            if name == _DEFAULT:
                head = sha
            else:
                several = branches if name.startswith("refs/heads/") else tags
                several.append(Ref(name.split("/", 2)[2], sha, int(at or 0)))
        return Refs(branches, tags, head)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One fetch at a time, among threads and processes alike; a process that dies lets go."""
        with self._disk():
            lock = self._mirror.with_suffix(".lock").open("w")
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _own_objects(self) -> Path:
        with self._making, self._disk():
            if self._quarantine is None:
                self._quarantine = Path(tempfile.mkdtemp(prefix="quarantine-", dir=self._mirrors))
                weakref.finalize(self, shutil.rmtree, self._quarantine, ignore_errors=True)
            return self._quarantine

    @contextmanager
    def _disk(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise RepositoryError(
                LocalizedText(texts.NOT_WRITABLE, path=str(self._mirrors), why=str(error.strerror))
            ) from error

    # ------------------------------------------------------------ git

    def _git(
        self,
        *argv: str,
        ok: tuple[int, ...] | None = (0,),
        stdin: bytes = b"",
        config: Sequence[tuple[str, str]] = (),
        seconds: float = LOCAL_SECONDS,
        mirror: Path | None = None,
        objects: Path | None = None,
        index: Path | None = None,
        missing: Sequence[str] = (),
    ) -> _Output:
        """Run one git, by argument list and with a bounded time; RepositoryError when its status is not among `ok`.

        `missing` are revisions that, when git does not know one of them, make it a RevisionNotFoundError.
        """
        if mirror is None:
            self._make()
            mirror = self._mirror
            objects = objects or self._own_objects()
        objects = objects or mirror / "objects"
        settings = (*_CONFIG, *config)
        environment = {
            **({} if "GIT_SSH_COMMAND" in os.environ else _SSH),
            **_HARDENED,
            **_IDENTITY,
            "GIT_ALLOW_PROTOCOL": self._protocol,
            "GIT_DIR": str(mirror),
            "GIT_OBJECT_DIRECTORY": str(objects),
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(mirror / "objects"),
            **({"GIT_INDEX_FILE": str(index)} if index else {}),
            "GIT_CONFIG_COUNT": str(len(settings)),
            **{f"GIT_CONFIG_KEY_{number}": key for number, (key, _) in enumerate(settings)},
            **{f"GIT_CONFIG_VALUE_{number}": value for number, (_, value) in enumerate(settings)},
        }
        with self._disk(), tempfile.TemporaryFile(dir=self._mirrors) as feed:
            feed.write(stdin)
            feed.seek(0)
            try:
                # A Git of its own for each call: one that is shared mixes up its threads' answers.
                status, stdout, stderr = git.Git(mirror).execute(
                    ["git", *argv],
                    istream=feed,
                    env=environment,
                    kill_after_timeout=seconds,
                    with_extended_output=True,
                    with_exceptions=False,
                    stdout_as_string=False,
                    strip_newline_in_stdout=False,
                    start_new_session=True,  # Ctrl-C is for the bot, which lets its git finish
                )
            except git.GitCommandNotFound as error:
                raise RepositoryError(LocalizedText(texts.NO_GIT)) from error
        if ok is not None and status not in ok:
            for revision in missing:
                if revision in stderr and _UNKNOWN_OBJECT.search(stderr):
                    raise self._unknown(revision)
            raise RepositoryError(
                LocalizedText(texts.FAILED, command=argv[0], name=self.name, said=_last_words(stderr))
            )
        return _Output(status, stdout, stderr)

    def _network(self, *argv: str, objects: Path | None = None) -> _Output:
        """Run one git that talks to the remote, whatever its status.

        The credential goes by the environment, never by argv, URL or log, and is masked in what comes back.
        """
        login = ((self._login() if self._login else None) or self._userinfo) if self._has_header else None
        if login is None:
            return self._git(*argv, ok=None, seconds=NETWORK_SECONDS, objects=objects)
        header = (f"http.{_origin(self.url)}.extraHeader", f"Authorization: {login.header}")
        done = self._git(*argv, ok=None, config=[header], seconds=NETWORK_SECONDS, objects=objects)
        stdout, stderr = done.stdout.decode(errors="replace"), done.stderr
        for word in login.words:
            stdout, stderr = stdout.replace(word, "***"), stderr.replace(word, "***")
        return _Output(done.status, stdout.encode(), stderr)

    # ------------------------------------------------------------ pieces

    def _log(self, *argv: str, missing: Sequence[str]) -> list[Commit]:
        out = self._git("log", "-z", f"--format={_FORMAT}", *argv, missing=missing).stdout
        fields = out.decode(errors="replace").split("\0")
        records = zip(*(fields[n::6] for n in range(6)), strict=False)  # the last is what follows the last NUL
        return [
            Commit(sha, tuple(parents.split()), message.rstrip("\n"), author, email, _instant(at))
            for sha, parents, author, email, at, message in records
        ]

    def _objects(self, prefix: str) -> list[tuple[str, str]]:
        """Every object of that prefix with its type. References play no part, so a branch of that name cannot win."""
        names = self._git("rev-parse", f"--disambiguate={prefix}").stdout
        if not names:
            return []
        types = self._git("cat-file", "--batch-check=%(objectname) %(objecttype)", stdin=names).stdout
        pairs = [line.split() for line in types.decode().splitlines()]
        return [(name, kind) for name, kind in pairs if kind != "missing"]

    def _blobs(self, oids: Sequence[str]) -> dict[str, bytes]:
        if not oids:
            return {}
        out = self._git(
            "cat-file", "--batch", "--buffer", stdin="".join(f"{oid}\n" for oid in set(oids)).encode()
        ).stdout
        contents: dict[str, bytes] = {}
        at = 0
        while at < len(out):
            end = out.index(b"\n", at)
            oid, _, size = out[at:end].decode().split()
            contents[oid] = out[end + 1 : end + 1 + int(size)]
            at = end + int(size) + 2
        return contents

    def _modes(self, revision: str, paths: Sequence[str]) -> dict[str, str]:
        """What kind of file each path is, of those that are there."""
        argv = ("ls-tree", "-z", "--end-of-options", revision, "--", *map(_tidy, paths))
        listed = self._git(*argv, missing=(revision,)).stdout.decode(errors="surrogateescape")
        entries = (entry.partition("\t") for entry in listed.split("\0") if entry)
        return {path: entry.split(" ", 1)[0] for entry, _, path in entries}

    def _commit_tree(self, tree: str, parents: Sequence[str], message: str) -> str:
        """Make a commit in the quarantine; `tree` may be a commit that has it."""
        options = [option for parent in parents for option in ("-p", parent)]
        argv = ("commit-tree", *options, "-F", "-", f"{tree}^{{tree}}")
        return self._git(*argv, stdin=message.encode(), missing=(tree, *parents)).stdout.decode().strip()

    def _attributes(self, revision: str) -> tuple[str, ...]:
        """Let merges see the root .gitattributes: a bare repository does not read it by itself before git 2.43."""
        blob = self.tree_id(revision, ".gitattributes")
        content = self._blobs([blob]).get(blob) if blob else None
        if content is None:
            return ()
        file = self._own_objects() / f"attributes-{blob}"
        with self._disk():
            file.write_bytes(content)
        return ("-c", f"core.attributesFile={file}")

    # ------------------------------------------------------------ errors

    def _unknown(self, revision: str) -> RevisionNotFoundError:
        return RevisionNotFoundError(LocalizedText(texts.NO_COMMIT, text=revision, name=self.name))

    def _unreachable(self, done: _Output) -> NoReturn:
        for pattern, sentence in _ERRORS:
            if pattern.search(done.stderr):
                raise RepositoryError(
                    LocalizedText(sentence, url=self.url, name=self.name, variable=self._credential_name)
                )
        raise RepositoryError(LocalizedText(texts.NOT_FETCHED, url=self.url, said=_last_words(done.stderr)))

    def _rejected(self, branch: str, done: _Output) -> NoReturn:
        said = f"{done.stdout.decode(errors='replace')}\n{done.stderr}"
        if _UNSIGNED.search(said):
            raise SignaturesRequiredError(LocalizedText(texts.SIGNATURES, url=self.url, branch=branch))
        for pattern, sentence in _REJECTIONS:
            if pattern.search(said):
                raise PushRejectedError(
                    LocalizedText(sentence, url=self.url, branch=branch, variable=self._credential_name)
                )
        if "rejected]" not in said:
            self._unreachable(done)
        raise PushRejectedError(LocalizedText(texts.REFUSED, url=self.url, branch=branch, said=_last_words(said)))


# ---------------------------------------------------------------- what git says

_FORMAT = "%H%x00%P%x00%an%x00%ae%x00%ct%x00%B"

_BROKEN = re.compile(
    r"not a git repository: '|\.lock': File exists|object file .* is empty|bad object|loose object .* is corrupt"
    r"|packfile .* (?:is|cannot)|unable to read tree|unresolved deltas left|did not send all necessary objects"
)
# https://git-scm.com/docs/git-config#Documentation/git-config.txt-uploadpackallowAnySHA1InWant
_NOT_GIVEN = re.compile(r"not our ref|unadvertised object|not found in upload-pack|couldn't find remote ref")
_UNKNOWN_OBJECT = re.compile(
    r"bad object|[Nn]ot a valid (?:object|commit|tree)|bad revision|unable to read|not a tree object"
)


def _when(pattern: str, sentence: Phrase) -> tuple[re.Pattern[str], Phrase]:
    return re.compile(pattern, re.IGNORECASE), sentence


_ERRORS = (
    _when(r"^Timeout: the command", texts.SLOW),
    _when(
        r"authentication failed|could not read (?:username|password)|HTTP (?:code = )?40[13]|returned error: 40[13]"
        r"|invalid credentials",
        texts.BAD_CREDENTIAL,
    ),
    _when(r"permission denied \(|host key verification failed", texts.BAD_KEY),
    _when(
        r"dubious ownership",
        texts.OWNED_BY_ANOTHER,
    ),
    _when(
        r"shallow roots|shallow file",
        texts.SHALLOW,
    ),
    _when(
        r"repository .*not found|returned error: 404|not valid: is this a git repository",
        texts.NOT_FOUND_OR_HIDDEN,
    ),
    _when(r"does not appear to be a git repository|does not exist", texts.NOT_A_REPOSITORY),
    _when(
        r"could not resolve|failed to connect|could ?n[o']t connect|connection (?:refused|timed out|reset|closed)"
        r"|network is unreachable|no route to host|operation too slow|operation timed out|unable to access"
        r"|hung up unexpectedly|early EOF|could not read from remote",
        texts.UNREACHABLE,
    ),
    _when(r"no space left", texts.DISK_FULL),
)
_UNSIGNED = re.compile(r"must have verified signatures|commits? must be signed", re.IGNORECASE)
_REJECTIONS = (
    _when(r"stale info|already exists|fetch first", texts.BRANCH_EXISTS),
    _when(
        r"without `?workflows?`? (?:permission|scope)",
        texts.WORKFLOWS,
    ),
    _when(
        r"GH013|GH006|protected branch",
        texts.PROTECTED,
    ),
    _when(r"\barchived\b", texts.ARCHIVED),
    _when(
        r"authentication failed|could not read username|returned error: 40[13]|write access .*not granted"
        r"|permission to .* denied|read.only|deploy key",
        texts.NO_WRITING,
    ),
)


def _last_words(said: str) -> str:
    """The line that says most, with any user and password in a URL masked."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    told = [line for line in lines if line.startswith(("fatal:", "error:", "remote: error:", "!"))] or lines
    return re.sub(r"://[^/@\s]+@", "://***@", told[0])[:300] if told else LocalizedText(texts.NO_REASON)


def _instant(seconds: str) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)


def _conflicted(fields: Sequence[str]) -> Merged:
    """Read merge-tree's answer: the tree, `mode oid stage TAB path` each, an empty field, then records of messages."""
    tree, *rest = fields
    end = rest.index("")
    kinds: dict[str, list[str]] = {line.partition("\t")[2]: [] for line in rest[:end]}
    told = iter(rest[end + 1 :])
    for count in told:
        if not count:
            break
        paths = [next(told) for _ in range(int(count))]
        kind, _ = next(told), next(told)
        if kind.startswith("CONFLICT ("):
            for path in paths:
                kinds.setdefault(path, []).append(kind.removeprefix("CONFLICT (").rstrip(")"))
    return Merged(tree, tuple(kinds), tuple(", ".join(dict.fromkeys(told)) or "content" for told in kinds.values()))


# ---------------------------------------------------------------- what people give


@dataclass(frozen=True, slots=True)
class _Remote:
    url: str
    protocol: str
    userinfo: str | None


def _remote(url: str) -> _Remote:
    """Take a URL apart; RepositoryError, which never repeats the URL whole, when git may not be given it."""
    refusal = RepositoryError(LocalizedText(texts.BAD_URL))
    if not url or url.startswith("-") or not url.isprintable() or "::" in url:
        raise refusal
    if "://" not in url:
        if not url.startswith(("/", ".")) and _SCP_LIKE.fullmatch(url):
            return _Remote(url, "ssh", None)
        return _Remote(str(Path(url).absolute()), "file", None)
    parts = urlsplit(url)
    if parts.scheme not in _PROTOCOLS or (parts.scheme != "file" and not parts.hostname):
        raise refusal
    if parts.scheme in _HTTP and "@" in parts.netloc:
        userinfo, _, host = parts.netloc.rpartition("@")
        return _Remote(parts._replace(netloc=host).geturl(), parts.scheme, unquote(userinfo))
    if parts.password is not None:
        raise RepositoryError(LocalizedText(texts.PASSWORD_IN_URL))
    return _Remote(url, parts.scheme, None)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/"


def _checked(revision: str) -> str:
    """A full name, so that nothing people typed can be an option, a reference or a range."""
    if not _SHA.fullmatch(revision):
        raise RevisionNotFoundError(LocalizedText(texts.NOT_A_SHA))
    return revision


def _tidy(path: str) -> str:
    """A path from the root as git writes it; "" is the root. RepositoryError when it leads out of the repository."""
    tidy = os.path.normpath(path.strip("/") or ".")
    if tidy.startswith("..") or not tidy.isprintable():
        raise RepositoryError(LocalizedText(texts.OUTSIDE, path=repr(path)))
    return "" if tidy == "." else tidy
