"""Reads YAML with the line of each key and value."""

import re
from pathlib import Path
from typing import Any

import yaml

from bot.config.errors import ConfigError, Location, Mistake
from bot.core.objects.documents import MAX_ALIASED

_COMMENT = re.compile(r"[ \t]+#\S")  # as in `channel: #general`


class YamlFile:
    """A YAML file as nested dicts, lists and strings in `data`.

    `duplicates` are the keys that are set twice, `commented_out` those whose value is a YAML comment.

    Raises ConfigError if it can't be read, is not YAML, or is not a mapping.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines: dict[Location, int] = {}
        self.duplicates: list[Mistake] = []
        self.commented_out: list[Location] = []
        self._nodes = 0
        try:
            root = yaml.compose(path.read_bytes(), Loader=yaml.BaseLoader)
            data = self._convert(root, ()) if root is not None else None
        except OSError as error:
            raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            position = f"{path}:{mark.line + 1}" if mark else f"{path}"
            raise ConfigError(f"{position}: invalid YAML: {error.problem or error.context}") from None
        except yaml.YAMLError as error:
            raise ConfigError(f"{path}: invalid YAML: {str(error).splitlines()[0]}") from None
        except RecursionError:
            raise ConfigError(f"{path}: nested too deeply, or contains an alias that refers to itself") from None
        if not isinstance(data, dict):
            problem = "empty" if data is None else "not a mapping"
            raise ConfigError(
                f"{path}: {problem}; expected keys such as slack, repositories, clusters and applications"
            )
        self.data: dict[str, Any] = data

    def line(self, location: Location) -> int:
        """The line of a location, or of its nearest parent in the file."""
        while location not in self._lines:
            location = location[:-1]
        return self._lines[location]

    def report(self, mistake: Mistake) -> str:
        """`FILE:LINE: KEY: what is wrong and what is expected`."""
        key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in mistake.location)
        return f"{self._path}:{self.line(mistake.location)}: {key.removeprefix('.')}: {mistake.text}"

    def _convert(self, node: yaml.Node, location: Location) -> Any:
        self._lines.setdefault(location, node.start_mark.line + 1)
        self._nodes += 1
        if self._nodes > MAX_ALIASED:
            line = node.start_mark.line + 1
            raise ConfigError(f"{self._path}:{line}: the aliases expand to too much content, as in a YAML bomb")
        if isinstance(node, yaml.MappingNode):
            return self._convert_mapping(node, location)
        if isinstance(node, yaml.SequenceNode):
            return [self._convert(item, (*location, index)) for index, item in enumerate(node.value)]
        is_plain = isinstance(node, yaml.ScalarNode) and node.style is None
        return None if is_plain and node.value in {"", "~", "null"} else node.value

    def _convert_mapping(self, node: yaml.MappingNode, location: Location) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else "?"
            line, child = key.start_mark.line + 1, (*location, name)
            if name in data:
                self.duplicates.append(Mistake(child, f"duplicate key; set again on line {line}"))
                continue
            self._lines[child] = line
            data[name] = self._convert(value, child)
            if data[name] is None and _COMMENT.match(value.start_mark.buffer or "", value.start_mark.pointer):
                self.commented_out.append(child)
        return data
