"""Git plumbing on one bare repository, without a work tree, hooks or the machine's configuration."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path


class GitError(Exception):
    """A git command failed; the message is git's own."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


class ConflictError(Exception):
    """Two commits have a merge conflict."""


@dataclass(frozen=True, slots=True)
class Person:
    """An account on the forge; the pages do not offer bots as reviewers."""

    login: str
    name: str
    email: str
    bot: bool = False


@dataclass(frozen=True, slots=True)
class CommitFacts:
    """One commit; `parents` starts with the first parent."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    author: str
    email: str
    authored_at: datetime
    committer: str
    committer_email: str
    committed_at: datetime
    message: str

    @property
    def subject(self) -> str:
        """The first line of the message."""
        return self.message.partition("\n")[0]


_FORMAT = "%H%x00%T%x00%P%x00%an%x00%ae%x00%at%x00%cn%x00%ce%x00%ct%x00%B"


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment for git processes: without the user's configuration, and without prompts."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": os.devnull,
        "LC_ALL": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        **(extra or {}),
    }


def _identity(role: str, person: Person, at: datetime) -> dict[str, str]:
    return {
        f"GIT_{role}_NAME": person.name,
        f"GIT_{role}_EMAIL": person.email,
        f"GIT_{role}_DATE": f"{int(at.timestamp())} +0000",
    }


class Git:
    """The git commands that the forge needs, on the bare repository at `path`. All methods raise GitError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._commits: dict[str, CommitFacts] = {}
        self._signatures: dict[str, str | None] = {}
        self._outputs: dict[tuple[str, ...], str] = {}
        self._packed_at = 0

    def run(self, *arguments: str, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> str:
        """Run a git command and return its standard output."""
        done = subprocess.run(
            ["git", *arguments], cwd=self.path, input=stdin, env=environment(env), capture_output=True, check=False
        )
        if done.returncode:
            raise GitError(done.stderr.decode("utf-8", "replace").strip(), done.returncode)
        return done.stdout.decode("utf-8", "replace")

    def _of_shas(self, *arguments: str) -> str:
        """The output of a command that only SHAs determine, so it runs once."""
        self._forget_removed()
        if (output := self._outputs.get(arguments)) is None:
            output = self._outputs[arguments] = self.run(*arguments)
        return output

    def _forget_removed(self) -> None:
        """Forget all objects if they were packed: others may have been removed."""
        packed_at = (self.path / "objects" / "pack").stat().st_mtime_ns
        if packed_at != self._packed_at:
            self._packed_at, self._commits, self._outputs = packed_at, {}, {}

    def tip(self, branch: str) -> str | None:
        """The SHA of a branch's tip; None if there is no such branch."""
        return self.branches().get(branch)

    def object(self, revision: str) -> str | None:
        """The full SHA of a revision; None if it is not a commit."""
        self._forget_removed()
        if revision in self._commits:
            return revision
        try:
            return self.run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}").strip()
        except GitError:
            return None

    def branches(self) -> dict[str, str]:
        """All branches with their tips, read from the files of the loose refs: nothing packs them."""
        heads = self.path / "refs" / "heads"
        branches = {}
        for path in sorted(heads.rglob("*")):
            if path.suffix != ".lock":
                with suppress(FileNotFoundError, IsADirectoryError):
                    branches[path.relative_to(heads).as_posix()] = path.read_text().strip()
        return branches

    def log(self, *arguments: str) -> list[CommitFacts]:
        """The commits that `git log` lists for these arguments."""
        commits = []
        for record in self.run("log", "-z", f"--format={_FORMAT}%x01", *arguments).split("\x01"):
            fields = record.lstrip("\0").split("\0")
            if len(fields) < 10:
                continue
            commits.append(
                CommitFacts(
                    sha=fields[0],
                    tree=fields[1],
                    parents=tuple(fields[2].split()),
                    author=fields[3],
                    email=fields[4],
                    authored_at=datetime.fromtimestamp(int(fields[5]), UTC),
                    committer=fields[6],
                    committer_email=fields[7],
                    committed_at=datetime.fromtimestamp(int(fields[8]), UTC),
                    message=fields[9],
                )
            )
        self._commits |= {commit.sha: commit for commit in commits}
        return commits

    def commit(self, sha: str) -> CommitFacts:
        """One commit by its full SHA."""
        return self._commits.get(sha) or self.log("-1", sha, "--")[0]

    def shas(self, since: str, until: str) -> list[str]:
        """The SHAs of since..until, which are SHAs too, newest first."""
        return self._of_shas("rev-list", f"{since}..{until}", "--").splitlines()

    def merge_base(self, one: str, other: str) -> str | None:
        """The best common ancestor of two SHAs."""
        try:
            return self._of_shas("merge-base", one, other).strip()
        except GitError:
            return None

    def patch(self, base: str | None, head: str) -> str:
        """The unified diff between two commits; with base None, of everything in `head`."""
        start = base or self.run("hash-object", "-t", "tree", "--stdin").strip()
        return self.run(
            "-c",
            "core.quotePath=false",
            "diff",
            "--no-color",
            "--no-ext-diff",
            "--no-textconv",
            "-M",
            start,
            head,
            "--",
        )

    def merged_tree(self, ours: str, theirs: str) -> str:
        """The tree of a three-way merge of two SHAs. Raises ConflictError if they conflict."""
        try:
            return self._of_shas("merge-tree", "--write-tree", "--no-messages", "--name-only", ours, theirs).strip()
        except GitError as error:
            if error.code != 1:  # 1 is a conflict, other codes are failures: git-merge-tree(1), EXIT STATUS
                raise
            raise ConflictError(f"{ours[:8]} conflicts with {theirs[:8]}") from error

    def commit_tree(
        self,
        tree: str,
        parents: Sequence[str],
        message: str,
        *,
        author: Person,
        committer: Person,
        at: datetime,
        authored_at: datetime | None = None,
    ) -> str:
        """Write a commit object and return its SHA."""
        env = _identity("AUTHOR", author, authored_at or at) | _identity("COMMITTER", committer, at)
        flags = [flag for parent in parents for flag in ("-p", parent)]
        return self.run("commit-tree", tree, *flags, "-F", "-", stdin=message.encode(), env=env).strip()

    def new_commits(self, sha: str) -> list[str]:
        """A commit and its ancestors that are not on a branch yet."""
        return self.run("rev-list", sha, "--not", "--all", "--").splitlines()

    def signature(self, sha: str) -> str | None:
        """A commit's signature; None if it is unsigned or no longer exists."""
        if sha not in self._signatures:
            try:
                self._signatures[sha] = self._read_signature(sha)
            except GitError:
                return None
        return self._signatures[sha]

    def _read_signature(self, sha: str) -> str | None:
        headers = self.run("cat-file", "commit", sha).partition("\n\n")[0].replace("\n ", "\v")
        signed = next((line for line in headers.split("\n") if line.startswith("gpgsig ")), None)
        return signed.removeprefix("gpgsig ").replace("\v", "\n") if signed else None

    def sign(self, sha: str, signature: str) -> str:
        """Write the same commit with a signature and return its SHA."""
        headers, _, message = self.run("cat-file", "commit", sha).partition("\n\n")
        signed = f"{headers}\ngpgsig {signature.replace(chr(10), chr(10) + ' ')}\n\n{message}"
        return self.run("hash-object", "-t", "commit", "-w", "--stdin", stdin=signed.encode()).strip()

    def keep(self, ref: str, sha: str) -> None:
        """Let a ref that nothing else writes point at a commit."""
        file = self.path / ref
        file.parent.mkdir(parents=True, exist_ok=True)
        new = file.with_suffix(".new")
        new.write_text(f"{sha}\n")
        new.replace(file)

    def move(self, branch: str, new: str, old: str | None) -> None:
        """Move a branch to a commit, if it still points at `old`."""
        self.run("update-ref", f"refs/heads/{branch}", new, old or "0" * len(new))

    def import_commit(
        self,
        branch: str,
        start: str | None,
        files: Mapping[str, str | None],
        message: str,
        *,
        author: Person,
        at: datetime,
    ) -> str:
        """Commit files (path to text, None removes) on top of `start` as a branch's new tip, and return the SHA."""
        when = f"{author.name} <{author.email}> {int(at.timestamp())} +0000"
        stream = [f"commit refs/heads/{branch}\nmark :1\nauthor {when}\ncommitter {when}\n".encode(), _data(message)]
        if start:
            stream.append(f"from {start}\n".encode())
        for path, text in files.items():
            quoted = '"' + path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
            stream.append(f"D {quoted}\n".encode() if text is None else f"M 100644 inline {quoted}\n".encode())
            if text is not None:
                stream.append(_data(text))
        stream.append(b"get-mark :1\n")
        return self.run("fast-import", "--quiet", "--cat-blob-fd=1", stdin=b"".join(stream)).strip()


def _data(text: str) -> bytes:
    raw = text.encode()
    return b"data %d\n%s\n" % (len(raw), raw)
