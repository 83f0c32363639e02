"""Git objects by their names: which there are, and the contents of blobs."""

import re
from collections.abc import Sequence

from bot.adapters.git.mirror import Mirror
from bot.i18n.catalogue import repository as texts
from bot.i18n.language import LocalizedText
from bot.ports.git import RevisionNotFoundError

_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def is_full_sha(text: str) -> bool:
    """Whether a text can be the whole name of an object."""
    return _SHA.fullmatch(text) is not None


def full_sha(revision: str) -> str:
    """The revision itself. RevisionNotFoundError for what git could read as an option, a reference or a range."""
    if not is_full_sha(revision):
        raise RevisionNotFoundError(LocalizedText(texts.NOT_A_SHA))
    return revision


def disambiguate(mirror: Mirror, prefix: str) -> list[tuple[str, str]]:
    """The sha and type of every object that begins with `prefix`. References are ignored, even one of that name."""
    shas = mirror.git("rev-parse", f"--disambiguate={prefix}").stdout
    if not shas:
        return []
    types = mirror.git("cat-file", "--batch-check=%(objectname) %(objecttype)", stdin=shas).stdout
    pairs = [line.split() for line in types.decode().splitlines()]
    return [(sha, kind) for sha, kind in pairs if kind != "missing"]


def read_blobs(mirror: Mirror, shas: Sequence[str]) -> dict[str, bytes]:
    """The contents of blobs by their shas."""
    if not shas:
        return {}
    stdin = "".join(f"{sha}\n" for sha in set(shas)).encode()
    output = mirror.git("cat-file", "--batch", "--buffer", stdin=stdin).stdout
    contents: dict[str, bytes] = {}
    position = 0
    while position < len(output):
        # "sha type size", the content, and a newline: git-cat-file(1), BATCH OUTPUT
        start = output.index(b"\n", position) + 1
        sha, _, size = output[position:start].decode().split()
        end = start + int(size)
        contents[sha] = output[start:end]
        position = end + 1
    return contents
