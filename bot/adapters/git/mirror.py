"""The bare mirror of one remote on disk: creates it, fetches into it, and runs git on it.

Only fetches write to the mirror. Every other git process writes to a quarantine next to it, with the mirror as an
alternate, so that objects of a revert that is never pushed are removed when the bot ends.
"""

import fcntl
import logging
import shutil
import tempfile
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar, cast

from bot.adapters.git import bounds
from bot.adapters.git.backoff import Backoff, backoff_of
from bot.adapters.git.credential import Credential
from bot.adapters.git.disk import move_objects, remove_unfinished
from bot.adapters.git.errors import (
    DamagedMirrorError,
    GitErrorMapper,
    MirrorTooLargeError,
    RefNotFoundError,
    SlowFetchError,
    disk_errors,
)
from bot.adapters.git.process import GitObject, ObjectReader, Output, ReaderFailedError, run_git
from bot.adapters.git.quarantine import new_quarantine, remove_quarantine
from bot.adapters.git.refspecs import BRANCHES_AND_TAGS, is_everything
from bot.adapters.git.remote import Remote
from bot.ports.git import LimitExceededError, RepositoryError

_FETCH = ("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules")
_KEPT = "refs/gitops-bot/commits"  # a ref for each object to keep, named after its sha

_log = logging.getLogger(__name__)
_Result = TypeVar("_Result")
Objects = list[GitObject | None]


class Mirror:
    """A bare repository at `path`, created on first use. Thread-safe.

    `credential` returns the current one, or None. `name` is the repository's, and `credential_variable` the
    credential's environment variable, both for errors.
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
        self._fetching = threading.RLock()
        self._has_lock = False  # for the thread that holds `_fetching`
        self._refspecs: Sequence[str] = BRANCHES_AND_TAGS
        self._quarantine: Path | None = None
        self._reading = threading.Lock()
        self._reader: ObjectReader | None = None  # for the thread that holds `_reading`
        self._fetches_started = 0
        self._fetches_ended = 0
        self._failure: RepositoryError | None = None  # of the last fetch

    def exists(self) -> bool:
        """Whether it has been created."""
        return self.path.is_dir()

    @property
    def is_incomplete(self) -> bool:
        """Whether the last fetch of all branches and tags failed because of what one of them contains."""
        return self._backoff.failure is not None

    @property
    def _backoff(self) -> Backoff:
        return backoff_of(self.path, self.url)

    def git(
        self,
        *argv: str,
        ok: Sequence[int] = (0,),
        stdin: bytes = b"",
        config: Sequence[tuple[str, str]] = (),
        index: Path | None = None,
        work_tree: Path | None = None,
        revisions: Sequence[str] = (),
        lacks_objects: Callable[[bytes], bool] = lambda _: False,
        cpu_seconds: int | None = None,
        output_bytes: int | None = None,
        field_bytes: Sequence[int] = (),
    ) -> Output:
        """Run a local git command; see `run_git`.

        Raises RepositoryError if its status is not in `ok`, and RevisionNotFoundError if one of `revisions` is unknown.
        If the mirror is damaged or stdout shows that it lacks objects, it is rebuilt first, and git runs again.
        """

        def run() -> tuple[Output, RepositoryError | None]:
            self._create()
            output = run_git(
                argv,
                git_dir=self.path,
                objects=self.quarantine(),
                protocol=self._remote.scheme,
                seconds=bounds.LOCAL_SECONDS,
                cpu_seconds=cpu_seconds,
                stdin=stdin,
                config=config,
                index=index,
                work_tree=work_tree,
                output_bytes=output_bytes,
                field_bytes=field_bytes,
            )
            if output.status not in ok:
                return output, self.errors.failed(argv[0], output.stderr, revisions)
            return output, self.errors.damaged() if lacks_objects(output.stdout) else None

        return self._repaired(run)

    def objects(self, names: Sequence[bytes], *, lacks_objects: Callable[[Objects], bool] = lambda _: False) -> Objects:
        """The objects with these names, which git resolves; None for missing ones. Raises RepositoryError.

        If they show that the mirror lacks objects, it is rebuilt first, and they are read again.
        """

        def read(reader: ObjectReader) -> tuple[Objects, RepositoryError | None]:
            objects = reader.read(names)
            return objects, self.errors.damaged() if lacks_objects(objects) else None

        return self._read(read)

    def content(self, sha: str, *, most_bytes: int) -> bytes:
        """The content of an object. Raises RepositoryError, and OutputTooLargeError if it is larger."""

        def read(reader: ObjectReader) -> tuple[bytes, RepositoryError | None]:
            content = reader.content(sha, most_bytes)
            return content or b"", self.errors.damaged() if content is None else None

        return self._read(read)

    def _read(self, use: Callable[[ObjectReader], tuple[_Result, RepositoryError | None]]) -> _Result:
        def read() -> tuple[_Result | None, RepositoryError | None]:
            self._create()
            with self._reading:
                if self._reader is None or self._reader.objects != self.quarantine():
                    self._reader = ObjectReader(self.path, self.quarantine(), self._remote.scheme)
                try:
                    return use(self._reader)
                except ReaderFailedError as error:
                    self._reader.close()
                    self._reader = None
                    return None, self.errors.failed("cat-file", str(error))

        return cast("_Result", self._repaired(read))

    def _repaired(self, run: Callable[[], tuple[_Result, RepositoryError | None]]) -> _Result:
        """The result of `run`; if it fails because of a damaged mirror, that of another run in a new mirror."""
        output, error = run()
        if isinstance(error, DamagedMirrorError):
            with self._locked():
                output, error = run()  # another thread or process may have rebuilt it
                if isinstance(error, DamagedMirrorError) and self._rebuild(error, self._refspecs):
                    output, error = run()
        if error:
            raise error
        return output

    @contextmanager
    def fetched(self, *refspecs: str) -> Iterator[None]:
        """Fetch, and block other fetches while the caller reads. Raises RepositoryError, unless it `is_incomplete`.

        Threads and processes take turns. A thread that waited through a whole fetch uses its result, also if it failed.
        """
        started = self._fetches_started
        self._create()
        with self._locked():
            if self._fetches_ended <= started:
                self._fetches_started += 1
                self._refspecs = refspecs
                try:
                    self._fetch(refspecs)
                    self._failure = None
                except RepositoryError as error:
                    self._failure = error
                self._fetches_ended = self._fetches_started
            if self._failure:
                raise self._failure
            yield

    def fetch_part(self, name: str, *refspecs: str) -> None:
        """Fetch only these branches and tags, unless those with this `name` took too much. Raises RepositoryError."""
        with self._locked(), backoff_of(self.path, self.url, name).remembered():
            self._fetch_or_rebuild(refspecs)

    def fetch_object(self, sha: str, *, keep: bool = False) -> Output:
        """Fetch one commit by its sha into the quarantine, or with `keep` into the mirror. Returns the output.

        Raises RepositoryError if it takes too much disk, time or memory, not for another status. Only then is this
        commit not tried again for a while: it may be a stranger's, such as in a pull request, so other fetches go on.
        """
        with backoff_of(self.path, self.url, sha).remembered():
            output = self._fetch_into_mirror(sha) if keep else self._fetch_into_quarantine(sha)
            if output.status != 0:
                error = self.errors.fetch_failed(output.stderr)
                if isinstance(error, MirrorTooLargeError | SlowFetchError | LimitExceededError):
                    raise error
        return output

    def keep_object(self, sha: str) -> None:
        """Keep an object in the mirror even if no branch or tag contains it. Raises RepositoryError."""
        self.git("update-ref", f"{_KEPT}/{sha}", sha)

    def keeps(self, sha: str) -> bool:
        """Whether `keep_object` was called with this sha, also if the object has been lost since."""
        return (self.path / _KEPT / sha).exists()

    def _fetch_into_quarantine(self, sha: str) -> Output:
        with self.temporary_folder() as objects:
            output = self.network_git(*_FETCH, "--end-of-options", self.url, sha, objects=objects)
            if output.status == 0:
                move_objects(objects, self.quarantine())
        return output

    def _fetch_into_mirror(self, sha: str) -> Output:
        self._create()
        with self._locked():
            output = self.network_git(*_FETCH, "--end-of-options", self.url, sha, into=self.path)
            if output.status != 0:
                remove_unfinished(self.path)
        return output

    def network_git(
        self, *argv: str, into: Path | None = None, objects: Path | None = None, seconds: float | None = None
    ) -> Output:
        """Run a git command that talks to the remote, for at most NETWORK_SECONDS. Returns the output at any status.

        It fetches `into` a mirror, or only objects into the folder `objects`, up to the DiskLimit of either. The
        credential is passed in the environment, never in argv, the URL or a log, and is masked in the output.
        """
        credential = None
        if self._remote.is_http:
            credential = (self._credential() if self._credential else None) or self._remote.credential
        header = f"http.{self._remote.origin}.extraHeader"
        self._create()
        output = run_git(
            argv,
            git_dir=into or self.path,
            objects=into / "objects" if into else objects or self.quarantine(),
            protocol=self._remote.scheme,
            seconds=seconds or bounds.NETWORK_SECONDS,
            config=[(header, f"Authorization: {credential.header}")] if credential else [],
            limited=into or objects,
        )
        for secret in credential.secrets if credential else ():
            stdout, stderr = output.stdout.replace(secret.encode(), b"***"), output.stderr.replace(secret, "***")
            output = replace(output, stdout=stdout, stderr=stderr)
        return output

    def quarantine(self) -> Path:
        """The directory of the objects that only this process uses."""
        with self._creating, disk_errors(self._folder):
            if self._quarantine is None or not self._quarantine.is_dir():
                self._quarantine, lock = new_quarantine(self._folder)
                weakref.finalize(self, remove_quarantine, self._quarantine, lock)
            return self._quarantine

    @contextmanager
    def temporary_folder(self) -> Iterator[Path]:
        """An empty folder, which is removed afterward."""
        with disk_errors(self._folder), tempfile.TemporaryDirectory(dir=self.quarantine(), prefix="tmp-") as folder:
            yield Path(folder)

    def _create(self) -> None:
        """Create the mirror atomically, so that `path` never has a partial one."""
        if self.path.is_dir():
            return
        unfinished = self._new_repository()
        try:
            with self._creating, disk_errors(self._folder):
                try:
                    unfinished.rename(self.path)
                except OSError:
                    if not self.path.is_dir():  # otherwise another thread or process was faster
                        raise
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)

    def _new_repository(self) -> Path:
        """An empty bare repository in the quarantine."""
        with disk_errors(self._folder):
            path = Path(tempfile.mkdtemp(prefix="mirror-", dir=self.quarantine()))
        output = run_git(
            ("init", "--quiet", "--bare", "--template="),
            git_dir=path,
            objects=path / "objects",
            protocol=self._remote.scheme,
            seconds=bounds.LOCAL_SECONDS,
        )
        if output.status != 0:
            raise self.errors.failed("init", output.stderr)
        return path

    def _fetch(self, refspecs: Sequence[str]) -> None:
        """Fetch all branches and tags, or only remove those that are gone if one can't be fetched."""
        if self._backoff.is_waiting:
            self._prune()
            return
        try:
            self._fetch_or_rebuild(refspecs)
        except RefNotFoundError:
            raise
        except RepositoryError as error:
            try:
                self._prune()
            except RepositoryError:  # the remote can't be used at all
                raise error from None
            _log.warning("%s Until that works, only the branches and tags that the bot needs are fetched.", error)
            self._backoff.failed(error)
        else:
            self._backoff.failure = None

    def _prune(self) -> None:
        """Remove the branches and tags that the remote no longer has. Raises RepositoryError."""
        settings = [f"url={self.url}", *(f"fetch={refspec}" for refspec in BRANCHES_AND_TAGS)]
        options = [option for setting in settings for option in ("-c", f"remote.all.{setting}")]
        output = self.network_git(*options, "remote", "prune", "all", seconds=bounds.LIST_SECONDS)
        if output.status != 0:
            raise self.errors.fetch_failed(output.stderr)

    def _fetch_or_rebuild(self, refspecs: Sequence[str]) -> None:
        try:
            self._fetch_into(self.path, refspecs)
        except DamagedMirrorError as error:
            if not self._rebuild(error, refspecs):
                raise

    def _fetch_into(self, path: Path, refspecs: Sequence[str]) -> None:
        options = () if is_everything(refspecs) else ("-c", "pack.threads=1")  # less memory, more time
        argv = (*options, *_FETCH, "--prune", "--force", "--end-of-options", self.url, *refspecs)
        if not self._fetches_ended:
            remove_unfinished(path)
        output = self.network_git(*argv, into=path)
        if output.status != 0:
            remove_unfinished(path)
        if output.status != 0 or "shallow roots" in output.stderr:  # git only warns about shallow roots
            raise self.errors.fetch_failed(output.stderr)

    def _rebuild(self, why: DamagedMirrorError, refspecs: Sequence[str]) -> bool:
        """Fetch into a new mirror that replaces this one; False if that was done recently."""
        backoff = self._backoff if is_everything(refspecs) else backoff_of(self.path, self.url, " ".join(refspecs))
        if time.monotonic() < backoff.next_rebuild:
            return False
        fresh = self._new_repository()
        try:
            self._fetch_into(fresh, refspecs)
            with disk_errors(self._folder), self._creating:
                shutil.rmtree(self.path, ignore_errors=True)
                fresh.rename(self.path)
            with self._reading:
                self._reader = None
        except (DamagedMirrorError, LimitExceededError, SlowFetchError):  # the old mirror is not the reason
            backoff.next_rebuild = time.monotonic() + bounds.REBUILD_SECONDS
            raise
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
        backoff.next_rebuild = time.monotonic() + bounds.REBUILD_SECONDS
        _log.warning("%s The mirror may have been damaged or too large, so it has been fetched again.", why)
        return True

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the fetch lock, across threads and processes; it is released when a process dies."""
        with self._fetching:
            if self._has_lock:
                yield
                return
            with disk_errors(self._folder):
                lock = self.path.with_suffix(".lock").open("w")
            with lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                self._has_lock = True
                try:
                    yield
                finally:
                    self._has_lock = False
