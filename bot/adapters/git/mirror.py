"""The bare mirror of one remote on disk: created, fetched, and run git on.

Only `fetched` writes to the mirror. Every other git process writes to a quarantine next to it that has the mirror as
its alternate, so objects of a revert that is never pushed are removed with the process.
"""

import fcntl
import shutil
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bot.adapters.git.credential import Credential
from bot.adapters.git.errors import GitErrorMapper, disk_errors, is_corrupt
from bot.adapters.git.process import Output, run_git
from bot.adapters.git.remote import Remote

NETWORK_SECONDS = 300.0
LOCAL_SECONDS = 60.0

_FETCH = ("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules")


class Mirror:
    """A bare repository at `path` that is created when it is first needed. Any thread may call.

    `credential` returns the current one, or None. `name` is the repository's, and `credential_variable` the
    environment variable that holds the credential, both for errors.
    """

    def __init__(
        self,
        name: str,
        path: Path,
        remote: Remote,
        *,
        credential: Callable[[], Credential | None] | None,
        credential_variable: str,
    ) -> None:
        self.name = name
        self.path = path
        self.url = remote.url
        self.errors = GitErrorMapper(name, remote.url, credential_variable)
        self._folder = path.parent
        self._remote = remote
        self._credential = credential
        self._creating = threading.Lock()
        self._quarantine: Path | None = None
        self._fetches_started = 0
        self._fetches_completed = 0

    def exists(self) -> bool:
        """Whether it has been created."""
        return self.path.is_dir()

    def git(
        self,
        *argv: str,
        ok: Sequence[int] = (0,),
        stdin: bytes = b"",
        config: Sequence[tuple[str, str]] = (),
        index: Path | None = None,
        revisions: Sequence[str] = (),
    ) -> Output:
        """Run one local git. RepositoryError when its status is not among `ok`.

        RevisionNotFoundError when that is because one of `revisions` is unknown.
        """
        self._create()
        output = run_git(
            argv,
            git_dir=self.path,
            objects=self.quarantine(),
            allowed_protocols=self._remote.allowed_protocols,
            seconds=LOCAL_SECONDS,
            stdin=stdin,
            config=config,
            index=index,
        )
        if output.status not in ok:
            raise self.errors.failed(argv[0], output.stderr, revisions)
        return output

    @contextmanager
    def fetched(self, *refspecs: str) -> Iterator[None]:
        """Fetch, and keep other fetches out while the caller reads. RepositoryError.

        Threads and processes take turns. A thread that waited through a whole fetch uses its result.
        """
        started = self._fetches_started
        self._create()
        with self._locked():
            if self._fetches_completed <= started:
                self._fetches_started += 1
                self._fetch(refspecs)
                self._fetches_completed = self._fetches_started
            yield

    def fetch_object(self, sha: str) -> Output:
        """Fetch one commit by its sha into the quarantine, whatever the status."""
        return self.network_git(*_FETCH, "--end-of-options", self.url, sha)

    def network_git(self, *argv: str, objects: Path | None = None) -> Output:
        """Run one git that talks to the remote, whatever its status. Objects go to the quarantine by default.

        The credential is passed in the environment, never in argv, the URL or a log, and is masked in the output.
        """
        credential = None
        if self._remote.is_http:
            credential = (self._credential() if self._credential else None) or self._remote.credential
        header = (
            (f"http.{self._remote.origin}.extraHeader", f"Authorization: {credential.header}") if credential else None
        )
        self._create()
        output = run_git(
            argv,
            git_dir=self.path,
            objects=objects or self.quarantine(),
            allowed_protocols=self._remote.allowed_protocols,
            seconds=NETWORK_SECONDS,
            config=[header] if header else [],
        )
        if credential is None:
            return output
        stdout, stderr = output.stdout.decode(errors="replace"), output.stderr
        for secret in credential.secrets:
            stdout, stderr = stdout.replace(secret, "***"), stderr.replace(secret, "***")
        return Output(output.status, stdout.encode(), stderr)

    def quarantine(self) -> Path:
        """The directory of the objects that only this process sees."""
        with self._creating, disk_errors(self._folder):
            if self._quarantine is None:
                self._quarantine = Path(tempfile.mkdtemp(prefix="quarantine-", dir=self._folder))
                weakref.finalize(self, shutil.rmtree, self._quarantine, ignore_errors=True)
            return self._quarantine

    @contextmanager
    def temporary_index(self) -> Iterator[Path]:
        """Where a git index can be written; it is removed afterwards."""
        with disk_errors(self._folder), tempfile.TemporaryDirectory(dir=self._folder, prefix="index-") as folder:
            yield Path(folder) / "index"

    def _create(self) -> None:
        """Create the mirror in one step, so that `path` never holds half of one."""
        with self._creating:
            if self.path.is_dir():
                return
            with disk_errors(self._folder):
                self._folder.mkdir(parents=True, exist_ok=True)
                unfinished = Path(tempfile.mkdtemp(prefix=f"{self.path.name}.", dir=self._folder))
            try:
                self._init(unfinished)
                with disk_errors(self._folder):
                    try:
                        unfinished.rename(self.path)
                    except OSError:
                        if not self.path.is_dir():  # if it is one, another process was faster
                            raise
            finally:
                shutil.rmtree(unfinished, ignore_errors=True)

    def _init(self, path: Path) -> None:
        output = run_git(
            ("init", "--quiet", "--bare", "--template="),
            git_dir=path,
            objects=path / "objects",
            allowed_protocols=self._remote.allowed_protocols,
            seconds=LOCAL_SECONDS,
        )
        if output.status != 0:
            raise self.errors.failed("init", output.stderr)

    def _fetch(self, refspecs: Sequence[str]) -> None:
        argv = (*_FETCH, "--prune", "--force", "--end-of-options", self.url, *refspecs)
        output = self.network_git(*argv, objects=self.path / "objects")
        if output.status != 0 and is_corrupt(output.stderr):
            # The process that left a lock file behind has ended, since we hold the lock. Only a cache is lost.
            shutil.rmtree(self.path, ignore_errors=True)
            self._create()
            output = self.network_git(*argv, objects=self.path / "objects")
        if output.status != 0 or "shallow roots" in output.stderr:  # git only warns about shallow roots
            raise self.errors.fetch_failed(output.stderr)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the fetch lock, among threads and processes alike; it is released when a process dies."""
        with disk_errors(self._folder):
            lock = self.path.with_suffix(".lock").open("w")
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
