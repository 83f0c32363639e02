"""`ports.Bases`: mirrors of the repositories, and the files at URLs, that kustomizations refer to."""

import fnmatch
import hashlib
import math
import os
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final

from cachetools import LRUCache

from bot.adapters.downloads.background import BackgroundFetches, FetchPendingError
from bot.adapters.downloads.files import FileDownloads
from bot.adapters.git.disk import remove_unused
from bot.adapters.git.errors import RefNotFoundError
from bot.adapters.git.repository import GitRepository
from bot.core.git.target_revision import HEAD, TargetRevision
from bot.core.rendering.remote_base import RemoteBase
from bot.core.rendering.remote_file import RemoteFile
from bot.i18n.catalogue import download as download_texts
from bot.i18n.catalogue import repository as texts
from bot.i18n.language import LocalizedText
from bot.ports.bases import LastingBaseError
from bot.ports.git import RepositoryError

_FETCH_EVERY: Final = 60.0  # seconds, for a branch or tag, and after a failed fetch
_CLEANUP_EVERY: Final = 3_600.0  # seconds
_MAX_REVISIONS: Final = 10_000


class GitBases:
    """`ports.Bases`, with mirrors and files below `folder`, fetched without credentials, except for SSH keys.

    A mirror that no rendering has used for UNUSED_SECONDS is removed.

    `allow` has patterns for hosts (`github.com`), and for hosts with the path of a repository or file
    (`github.com/acme/*`), with `*` for any characters, but not for the `/` after the host.
    """

    def __init__(self, folder: Path, allow: Sequence[str], fetches: BackgroundFetches | None = None) -> None:
        self._fetches = fetches or BackgroundFetches(threading.TIMEOUT_MAX)
        self._folder = folder
        self._allow = [pattern.lower().partition("/") for pattern in allow]
        self._locks: LRUCache[str, threading.Lock] = LRUCache(_MAX_REVISIONS)  # by URL
        # with when each expires, and when the mirror was created
        self._revisions: LRUCache[RemoteBase, tuple[str | RepositoryError, float, int]] = LRUCache(_MAX_REVISIONS)
        self._reading = threading.Lock()  # of `_revisions` and `_locks`
        self._cleaning = threading.Lock()
        self._used: set[str] = set()  # the paths of mirrors used since the last cleanup
        self._next_cleanup = time.monotonic() + _CLEANUP_EVERY  # renderings use what they need before the first one
        self._files = FileDownloads(folder / "files", self._is_allowed_location, self._fetches)

    def is_allowed(self, base: RemoteBase | RemoteFile) -> bool:
        return self._is_allowed_location(base.location)

    def content(self, file: RemoteFile) -> bytes:
        return self._files.content(file)

    def _is_allowed_location(self, location: str) -> bool:
        host, _, path = location.partition("/")
        return any(
            fnmatch.fnmatchcase(host, allowed_host) and (not has_path or fnmatch.fnmatchcase(path, allowed_path))
            for allowed_host, has_path, allowed_path in self._allow
        )

    def repository(self, base: RemoteBase) -> GitRepository:
        return self._tracking(base, TargetRevision(base.ref or HEAD))

    def revision(self, base: RemoteBase) -> str:
        self._clean_up(self._mirror(base))
        at_ref = RemoteBase(base.url, base.ref, "")
        with self._reading:
            revision, expires, created_at = self._revisions.get(at_ref, ("", 0.0, 0))
        is_replaced = isinstance(revision, str) and created_at != self._created_at(base)
        if expires <= time.monotonic() or is_replaced:
            host = base.location.partition("/")[0]
            try:
                revision = self._fetches.result(host, at_ref, partial(self._fetch_revision, at_ref))
            except FetchPendingError as error:
                raise RepositoryError(LocalizedText(download_texts.PENDING, host=host, what=base.location)) from error
        if isinstance(revision, RepositoryError):
            raise type(revision)(revision.text)
        return revision

    def _fetch_revision(self, base: RemoteBase) -> str | RepositoryError:
        revision: str | RepositoryError
        with self._reading:
            lock = self._locks.setdefault(base.url, threading.Lock())
        try:
            with lock:
                revision, lasts = self._fetch(base), (math.inf if base.is_pinned else _FETCH_EVERY)
        except RepositoryError as error:
            kind = LastingBaseError if isinstance(error, RefNotFoundError) else RepositoryError
            revision, lasts = kind(error.text), _FETCH_EVERY
        with self._reading:
            self._revisions[base] = revision, time.monotonic() + lasts, self._created_at(base)
        return revision

    def _fetch(self, base: RemoteBase) -> str:
        if not self.is_allowed(base):
            raise RepositoryError(LocalizedText(texts.BASE_NOT_ALLOWED, location=base.location))
        if not base.ref:
            return self.repository(base).fetch()
        if base.is_pinned:
            repository = self.repository(base)
            with suppress(RepositoryError):  # no branch or tag may contain it
                repository.head()
            if not repository.keep_commit(base.ref):
                raise RefNotFoundError(LocalizedText(texts.BASE_COMMIT, location=base.location, sha=base.ref))
            return base.ref
        # Kustomize takes the ref literally: `1.x` is a name, not a version range.
        tag = self._tracking(base, TargetRevision.tag(base.ref))
        try:
            return self._tracking(base, TargetRevision.branch(base.ref)).fetch()
        except RefNotFoundError:
            return tag.fetched_revision().sha
        except RepositoryError:
            with suppress(RefNotFoundError):  # there may be such a branch
                return tag.head()
            raise

    def _tracking(self, base: RemoteBase, revision: TargetRevision) -> GitRepository:
        return GitRepository(base.location, base.url, revision, self._folder, mirror=self._mirror(base))

    def _created_at(self, base: RemoteBase) -> int:
        """When the mirror was created, in nanoseconds; 0 if there is none. One that was repaired is a new one."""
        try:
            return (self._folder / f"{self._mirror(base)}.git" / "config").stat().st_mtime_ns
        except OSError:
            return 0

    @staticmethod
    def _mirror(base: RemoteBase) -> str:
        return hashlib.sha256(base.url.encode()).hexdigest()[:16]

    def _clean_up(self, mirror: str) -> None:
        """Note that a mirror is used; every hour, remove those that no process with this folder has used for long."""
        with self._cleaning:
            self._used.add(mirror)
            if time.monotonic() < self._next_cleanup:
                return
            self._next_cleanup = time.monotonic() + _CLEANUP_EVERY
            used, self._used = self._used, set()
        for name in used:
            with suppress(OSError):  # it has not been fetched yet
                os.utime(self._folder / f"{name}.git")
        # A daemon, since a large mirror takes long to remove; what is left is removed next time.
        threading.Thread(target=remove_unused, args=(self._folder,), name="cleanup", daemon=True).start()
