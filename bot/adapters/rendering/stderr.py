"""What a program complained of, as one line for people: without the machine's paths, and without what may be secret.

Kustomize and Helm quote the text that they stumble over, and some of it is out of Secrets. Which words may be secret is
known from the files: those that stand there as values are masked wherever they occur.
"""

import ast
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from bot.i18n.catalogue import render as texts
from bot.i18n.language import LocalizedText
from bot.ports.git import File

_LENGTH: Final = 400
# What kubectl logs in place of "Error: …": the error as a quoted string, or between < and > when it has several lines.
_LOGGED: Final = re.compile(r'"command failed" err=(?:("(?:[^"\\]|\\.)*")|<\n(.*)\n >)', re.DOTALL)
_PREFIX: Final = re.compile(r"^(?:error|Error):\s*")
_WORD: Final = re.compile(r"[^\s\"'`\[\]{}()<>,:;=|\\]{4,}")
_VALUE: Final = re.compile(r"^\s*(?:-\s+)*(?:[\w./-]+\s*[:=])?(.*)$", re.MULTILINE)
_HARMLESS: Final = frozenset({"Secret", "Opaque", "ConfigMap", "Kustomization", "true", "false", "null"})


def sanitize_stderr(said: str, *, tree: Path, files: Iterable[File], secret: Iterable[bytes]) -> str:
    """One line of at most 400 characters. `tree` is where the files were; `secret` are texts with values to mask."""
    logged = _LOGGED.search(said)
    if logged:
        said = _unquoted(logged[1]) if logged[1] else logged[2]
    said = _PREFIX.sub("", said.strip())
    for path in sorted({str(tree.resolve()), str(tree)}, key=len, reverse=True):  # one may end with the other
        said = said.replace(f"{path}/", "").replace(path, ".")
    masked = {word for text in secret for word in _values(text)} - _HARMLESS
    masked -= {part for file in files for part in (file.path, *file.path.split("/"))}
    said = _WORD.sub(lambda word: "***" if word[0] in masked or word[0].rstrip(".") in masked else word[0], said)
    line = "".join(letter for letter in " ".join(said.split()) if letter.isprintable())
    return (line if len(line) <= _LENGTH else f"{line[: _LENGTH - 1]}…") or LocalizedText(texts.NO_REASON)


def _unquoted(text: str) -> str:
    """A string as Go quotes it; its escapes are Python's too."""
    try:
        return str(ast.literal_eval(text))
    except (SyntaxError, ValueError):
        return text


def _values(text: bytes) -> Iterable[str]:
    for line in _VALUE.finditer(text.decode(errors="replace")):
        yield from _WORD.findall(line[1])
