"""Which files of a repository Flux leaves out: its default exclusions, .sourceignore files, and `spec.ignore`.

The rules are those of source-controller 1.9. https://fluxcd.io/flux/components/source/gitrepositories/#excluding-files
"""

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from bot.core.globs import PathGlob
from bot.core.rendering.budget import Budget
from bot.core.rendering.source import is_within

IGNORE_FILE: Final = ".sourceignore"
_COMPILATION: Final = 200  # cost of compiling one character of a pattern, in compared characters
_GIT: Final = (".git/", ".gitignore", ".gitmodules", ".gitattributes")
_DEFAULTS: Final = (
    *("*.jpg", "*.jpeg", "*.gif", "*.png", "*.wmv", "*.flv", "*.tar.gz", "*.zip"),
    *(".github/", ".circleci/", ".travis.yml", ".gitlab-ci.yml", "appveyor.yml", ".drone.yml", "cloudbuild.yaml"),
    *("codeship-services.yml", "codeship-steps.yml", "**/.goreleaser.yml", "**/.sops.yaml", "**/.flux.yaml"),
)


@dataclass(frozen=True, slots=True)
class _Pattern:
    """A line as in .gitignore, in the file of a directory, and whether matches are left out or kept.

    Unless `anchored`, the glob matches names at any depth.
    """

    glob: PathGlob
    directory: str
    anchored: bool
    only_directories: bool
    excludes: bool

    def relative(self, path: str) -> str:
        """What the glob is matched against; "" if the path isn't in the directory."""
        if not is_within(path, self.directory):
            return ""
        relative = path[len(self.directory) :].lstrip("/")
        return relative if self.anchored else posixpath.basename(relative)


class SourceIgnore:
    """What Flux leaves out of a repository, from the content of its .sourceignore files by path, and `spec.ignore`."""

    def __init__(self, files: Mapping[str, bytes], ignore: str, budget: Budget) -> None:
        """Raises GlobError for a pattern with too many alternatives, BudgetExceededError."""
        self._budget = budget
        lines = [
            (line, posixpath.dirname(file))
            for file in sorted(files, key=lambda file: (file.count("/"), file))
            for line in files[file].decode(errors="replace").splitlines()
        ]
        patterns = list(self._patterns_of([*lines, *((line, "") for line in ignore.splitlines())]))
        defaults = [(line, "") for line in (_GIT if patterns else (*_GIT, *_DEFAULTS))]
        self._patterns = [*self._patterns_of(defaults), *patterns][::-1]
        self._first_matches: dict[str, int] = {"": len(self._patterns)}  # of directories
        self._excluded: dict[str, bool] = {}  # by the file's path

    def excludes(self, path: str) -> bool:
        """Whether the file at `path` is left out. The last matching line decides. Raises BudgetExceededError."""
        if path not in self._excluded:
            first = self._first_match(path, self._first_match_above(path), is_file=True)
            self._excluded[path] = first < len(self._patterns) and self._patterns[first].excludes
        return self._excluded[path]

    def _first_match_above(self, path: str) -> int:
        """The index of the first pattern that matches one of the directories that a file is in."""
        directory = posixpath.dirname(path)
        unknown = []
        while directory not in self._first_matches:
            unknown.append(directory)
            directory = posixpath.dirname(directory)
        for below in reversed(unknown):
            self._first_matches[below] = self._first_match(below, self._first_matches[directory], is_file=False)
            directory = below
        return self._first_matches[directory]

    def _first_match(self, path: str, end: int, *, is_file: bool) -> int:
        """The index of the first pattern before `end` that matches, or `end`."""
        for index, pattern in enumerate(self._patterns[:end]):
            if is_file and pattern.only_directories:
                continue
            relative = pattern.relative(path)
            self._budget.take(pattern.glob.cost(len(relative)))
            if relative and pattern.glob.matches(relative.split("/")):
                return index
        return end

    def _patterns_of(self, lines: Iterable[tuple[str, str]]) -> Iterator[_Pattern]:
        """The patterns of lines, which have the directory of their file."""
        for line, directory in lines:
            if line.startswith("#") or not line.strip():
                continue
            text = line.rstrip() if not line.endswith("\\ ") else line
            excludes = not text.startswith("!")
            text = text.removeprefix("!")
            only_directories, text = text.endswith("/"), text.rstrip("/")
            self._budget.take(_COMPILATION * len(line))
            glob = PathGlob(text.lstrip("/").replace("{", "\\{").replace("}", "\\}"))
            yield _Pattern(glob, directory, "/" in text, only_directories, excludes)
