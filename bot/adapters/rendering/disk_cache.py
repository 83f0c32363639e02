"""Caches rendered output on disk, so that unchanged files are not rendered again after a restart.

An entry's name is a hash of everything that its content depends on: the files, the parameters and the programs. Only
this user can read the entries, which are compressed but not encrypted. Output that contains a Secret is never stored,
nor is that of charts whose output may vary or whose values come from Secrets: they are rendered again after a restart.
Everything else comes from the repository, whose mirror is on disk too, and from the deployer's parameters.
"""

import hashlib
import json
import os
import re
import tempfile
import threading
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from bot.adapters.rendering.programs import ProgramRenderer
from bot.core.objects.documents import ManifestError
from bot.core.objects.manifest import read_manifests
from bot.core.rendering.chart import renderings_to_compare
from bot.core.rendering.limits import MAX_DISK_CACHE_BYTES
from bot.core.rendering.source import Capabilities, HelmParameters
from bot.ports.git import File
from bot.ports.telemetry import NO_TELEMETRY, RENDER_CACHE, Telemetry

_FORMAT: Final = 1
_BLOCK_BYTES: Final = 4096  # the size of the smallest file on disk
# Matches `kind: Secret` and more, in any notation of YAML, but not imagePullSecrets and SealedSecret.
_SECRET: Final = re.compile(rb"(?<![A-Za-z])Secret(List)?(?![A-Za-z])")
_ENCODING: Final = re.compile(rb"[\\!]")  # an escape or a tag, which can hide the word


class DiskCache:
    """Content by key, at most `max_bytes`: the least recently used entries are removed. Thread-safe.

    Errors are not raised: what cannot be read or written is not cached.
    """

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._folder, self._max_bytes = folder, max_bytes
        self._lock = threading.Lock()
        self._bytes: int | None = None  # None if not known yet

    def get(self, key: str, max_bytes: int) -> bytes | None:
        """The content, if it is cached and has at most `max_bytes`."""
        file = self._folder / key
        try:
            compressed = file.read_bytes()
            os.utime(file)
            decompressor = zlib.decompressobj()
            content = decompressor.decompress(compressed, max_bytes)
        except (OSError, zlib.error):
            return None
        return content if decompressor.eof else None

    def put(self, key: str, content: bytes) -> None:
        """Store the content."""
        compressed = zlib.compress(content, level=1)
        with self._lock, suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(dir=self._folder)  # only this user can read it
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(compressed)
                Path(name).replace(self._folder / key)
            except OSError:
                Path(name).unlink(missing_ok=True)
                raise
            self._bytes = self._evict() if self._bytes is None else self._bytes + _size(len(compressed))
            if self._bytes > self._max_bytes:
                self._bytes = self._evict()

    def _evict(self) -> int:
        """Remove the least recently used entries, down to three quarters of the bound if exceeded. Returns the size."""
        with os.scandir(self._folder) as entries:
            files = sorted(((entry.stat(), entry.path) for entry in entries), key=lambda file: file[0].st_mtime)
        total = sum(_size(status.st_size) for status, _ in files)
        if total > self._max_bytes:
            for status, path in files:
                if total <= self._max_bytes * 3 // 4:
                    break
                Path(path).unlink(missing_ok=True)
                total -= _size(status.st_size)
        return total


@dataclass(frozen=True, slots=True)
class CachedRenderer:
    """`ports.Renderer` that keeps the output of `programs` in `folder`."""

    programs: ProgramRenderer
    folder: Path
    telemetry: Telemetry = NO_TELEMETRY
    _cache: DiskCache = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_cache", DiskCache(self.folder, MAX_DISK_CACHE_BYTES))

    def without_cache(self) -> ProgramRenderer:
        return self.programs

    def kustomize(self, files: Sequence[File], path: str, *, helm: Capabilities | None, plugins: bool) -> bytes:
        render = partial(self.programs.kustomize, files, path, helm=helm, plugins=plugins)
        if helm and renderings_to_compare((file.path, file.content) for file in files) > 1:
            return render()
        capabilities = asdict(helm) if helm else None
        return self._cached(_key(self.programs.version, files, "kustomize", path, capabilities, plugins), render)

    def helm(self, files: Sequence[File], path: str, parameters: HelmParameters) -> bytes:
        render = partial(self.programs.helm, files, path, parameters)
        contents = [(file.path, file.content) for file in files]
        if renderings_to_compare([*contents, ("", parameters.inline_values.encode())]) > 1:
            return render()
        return self._cached(_key(self.programs.version, files, "helm", path, asdict(parameters)), render)

    def _cached(self, key: str, render: Callable[[], bytes]) -> bytes:
        output = self._cache.get(key, self.programs.limits.output_bytes)
        self.telemetry.count(RENDER_CACHE, cache="disk", result="miss" if output is None else "hit")
        if output is None:
            output = render()
            if not _may_have_secret(output):
                self._cache.put(key, output)
        return output


def _may_have_secret(output: bytes) -> bool:
    if _SECRET.search(output):
        return True
    if not _ENCODING.search(output):
        return False
    try:
        return any(manifest.kind in ("Secret", "SecretList") for manifest in read_manifests("output", output))
    except ManifestError:
        return True


def _key(version: str, files: Sequence[File], *parameters: object) -> str:
    contents = sorted((file.path, hashlib.sha256(file.content).hexdigest()) for file in files)
    return hashlib.sha256(json.dumps([_FORMAT, version, parameters, contents]).encode()).hexdigest()


def _size(length: int) -> int:
    return -(-length // _BLOCK_BYTES) * _BLOCK_BYTES
