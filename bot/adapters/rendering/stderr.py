"""A program's stderr as one line for people, without the machine's paths and without what may be secret.

Kustomize and Helm quote the text that they fail on, and some of it may be from Secrets. The files tell which words may
be secret: those that are values in them are masked wherever they occur.
"""

import ast
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from bot.i18n.catalogue import render as texts
from bot.i18n.language import LocalizedText, Text
from bot.ports.git import File

_LENGTH: Final = 400
# What kubectl logs instead of "Error: …": the error as a quoted string, or between < and > if it has several lines.
_LOGGED: Final = re.compile(r'"command failed" err=(?:("(?:[^"\\]|\\.)*")|<\n(.*)\n >)', re.DOTALL)
_PREFIX: Final = re.compile(r"^(?:error|Error):\s*")
_WORD: Final = re.compile(r"[^\s\"'`\[\]{}()<>,:;=|\\]{4,}")
_VALUE: Final = re.compile(r"^\s*(?:-\s+)*(?:[\w./-]+\s*[:=])?(.*)$", re.MULTILINE)
_HARMLESS: Final = frozenset({"Secret", "Opaque", "ConfigMap", "Kustomization", "true", "false", "null"})


def sanitize_stderr(stderr: str, *, tree: Path, files: Iterable[File], secrets: Iterable[bytes]) -> Text:
    """One line of at most 400 characters. `tree` is where the files were; `secrets` are texts with values to mask."""
    logged = _LOGGED.search(stderr)
    if logged:
        stderr = _unquoted(logged[1]) if logged[1] else logged[2]
    text = _PREFIX.sub("", stderr.strip())
    for path in sorted({str(tree.resolve()), str(tree)}, key=len, reverse=True):  # one may end with the other
        text = text.replace(f"{path}/", "").replace(path, ".")
    masked = {word for secret in secrets for word in _values(secret)} - _HARMLESS
    masked -= {part for file in files for part in (file.path, *file.path.split("/"))}
    text = _WORD.sub(lambda word: "***" if word[0] in masked or word[0].rstrip(".") in masked else word[0], text)
    line = "".join(letter for letter in " ".join(text.split()) if letter.isprintable())
    return (line if len(line) <= _LENGTH else f"{line[: _LENGTH - 1]}…") or LocalizedText(texts.NO_REASON)


def _unquoted(text: str) -> str:
    """The text of a string that Go quoted; its escapes are the same as Python's."""
    try:
        return str(ast.literal_eval(text))
    except (SyntaxError, ValueError):
        return text


def _values(text: bytes) -> Iterable[str]:
    for line in _VALUE.finditer(text.decode(errors="replace")):
        yield from _WORD.findall(line[1])
