"""Git objects by name: which exist, and the contents of blobs."""

import io
import re
from collections.abc import Collection, Iterator, Sequence

import gitdb

from bot.adapters.git import bounds
from bot.adapters.git.errors import disk_errors
from bot.adapters.git.mirror import Mirror, Objects
from bot.i18n.catalogue import repository as texts
from bot.i18n.language import LocalizedText
from bot.ports.git import RevisionNotFoundError

_HEADER_BYTES = 96  # of an object in the output, with the longest possible sha
_FEW, _SMALL_BYTES = 50, 2**16  # blobs that the reader of all objects may read, and bytes of each
_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_DESCRIBED = re.compile(r"-g[0-9a-fA-F]{4}")


def is_full_sha(text: str) -> bool:
    """Whether a text is a full object name."""
    return _SHA.fullmatch(text) is not None


def full_sha(revision: str) -> str:
    """The revision. Raises RevisionNotFoundError if git could read it as an option, reference or range."""
    if not is_full_sha(revision):
        raise RevisionNotFoundError(LocalizedText(texts.NOT_A_SHA))
    return revision


def is_like_described(name: str) -> bool:
    """Whether git could read a name as the output of `git describe`, which ends with an object's first digits.

    Before 2.49, it tries that before SHA:PATH, and for a reference that doesn't exist.
    """
    return _DESCRIBED.search(name) is not None


def disambiguate(mirror: Mirror, prefix: str) -> list[tuple[str, str]]:
    """The sha and type of every object that begins with `prefix`. References are ignored, even with that name."""
    if is_full_sha(prefix):
        shas = [prefix.encode()]
    else:
        shas = mirror.git("rev-parse", f"--disambiguate={prefix}").stdout.split()
    return [(item.sha, item.kind) for item in mirror.objects(shas) if item]


def root_tree(mirror: Mirror, revision: str) -> str:
    """The id of the tree of a commit, or of an annotated tag or tree. Raises RevisionNotFoundError."""

    def lacks_objects(objects: Objects) -> bool:
        item, tree = objects
        return tree is None and (item.kind == "commit" if item else mirror.keeps(revision))

    names = [f"{full_sha(revision)}{suffix}".encode() for suffix in ("", "^{tree}")]
    _, tree = mirror.objects(names, lacks_objects=lacks_objects)
    if tree is None:
        raise mirror.errors.unknown_commit(revision)
    return tree.sha


def read_blobs(mirror: Mirror, shas: Sequence[str], *, most_bytes: int = bounds.FILE_BYTES) -> dict[str, bytes]:
    """The contents of blobs by sha. Raises RepositoryError if they have more than `most_bytes` in total."""
    unique = set(shas)
    if not unique:
        return {}
    if len(unique) <= _FEW and (contents := _read_few(mirror, unique)) is not None:
        return contents
    stdin = "".join(f"{sha}\n" for sha in unique).encode()
    headers = len(unique) * _HEADER_BYTES
    output = mirror.git(
        *("cat-file", "--batch", "--buffer"),
        stdin=stdin,
        lacks_objects=lambda stdout: any(end is None for _, _, end in _entries(stdout)),
        output_bytes=most_bytes + headers,
    ).stdout
    return {sha: output[start:end] for sha, start, end in _entries(output)}


def _read_few(mirror: Mirror, shas: Collection[str]) -> dict[str, bytes] | None:
    """The contents of small blobs, without a process of their own. None if they are not small, missing, or no blobs."""
    items = mirror.objects([sha.encode() for sha in shas])
    small = [item for item in items if item and item.kind == "blob" and item.size <= _SMALL_BYTES]
    if len(small) < len(items):
        return None
    return {item.sha: mirror.content(item.sha, most_bytes=item.size) for item in small}


def write_object(mirror: Mirror, kind: str, content: bytes) -> str:
    """Write an object to the quarantine and return its sha. Raises RepositoryError."""
    folder = mirror.quarantine()
    with disk_errors(folder):
        stream = gitdb.IStream(kind.encode(), len(content), io.BytesIO(content))
        return str(gitdb.LooseObjectDB(str(folder)).store(stream).hexsha.decode())


def _entries(output: bytes) -> Iterator[tuple[str, int, int | None]]:
    """The sha, start and end of each content; the end is None for an object that is missing or not a blob."""
    position = 0
    while position < len(output):
        # "sha type size", the content, and a newline; or "sha missing": git-cat-file(1), BATCH OUTPUT
        start = output.index(b"\n", position) + 1
        sha, kind, *size = output[position:start].decode().split()
        end = start + int(size[0]) if size else None
        yield sha, start, end if kind == "blob" else None
        position = start if end is None else end + 1
