"""Bounds what one adoption edits: ruamel.yaml takes up to 0.6 ms and 1 KB for each node, in the bot's own process."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from bot.core.drift.model import ObjectDrift
from bot.core.objects.documents import ManifestError, NodeBudget, read_documents
from bot.core.pull_requests.not_adoptable import NotAdoptableError
from bot.i18n.catalogue import adopt as texts
from bot.i18n.catalogue import manifest as manifest_texts
from bot.i18n.language import LocalizedText

MAX_BYTES: Final = 2 * 2**20  # of files
MAX_NODES: Final = 30_000  # of the documents that are edited, and their lines: comments cost time, too

_ALIAS: Final = re.compile(r"(?:^|[\s,:\[{])\*[^\s,\[\]{}]", re.MULTILINE)
_NODES_PER_ALIAS: Final = 20  # the time for merge keys that refer to the same anchor is quadratic


@dataclass(slots=True)
class EditBudget:
    """What may still be edited."""

    bytes_left: int = MAX_BYTES
    nodes_left: int = MAX_NODES

    def read(self, file: str, content: bytes) -> list[tuple[int, object]]:
        """The documents of a file to edit, with their lines. Raises NotAdoptableError."""
        self.bytes_left -= len(content)
        if self.bytes_left < 0:
            raise NotAdoptableError(LocalizedText(texts.TOO_LARGE, file=file))
        try:
            return read_documents(file, content)
        except ManifestError as error:
            raise NotAdoptableError(LocalizedText(texts.UNREADABLE, error=error.text)) from None

    def take(self, file: str, text: str) -> None:
        """Count the nodes and lines of text to edit. Raises NotAdoptableError if they are too many."""
        self.nodes_left -= text.count("\n") + _NODES_PER_ALIAS * len(_ALIAS.findall(text))
        nodes = NodeBudget(max(self.nodes_left, 0))
        try:
            read_documents(file, text.encode() if self.nodes_left > 0 else b"", nodes)
        except ManifestError as error:
            if error.problem != LocalizedText(manifest_texts.TOO_MANY_NODES):
                raise NotAdoptableError(LocalizedText(texts.UNREADABLE, error=error.text)) from None
            self.nodes_left = 0
        else:
            self.nodes_left = min(self.nodes_left, nodes.left)
        if self.nodes_left <= 0:
            raise NotAdoptableError(LocalizedText(texts.TOO_LARGE, file=file))

    def take_values(self, file: str, drift: Iterable[ObjectDrift]) -> None:
        """Count the live values to adopt. Raises NotAdoptableError if they are too many."""
        values = [field.live for object_drift in drift for field in object_drift.fields]
        self.take(file, json.dumps({"": values}))
