"""Which files of a repository Flux leaves out: its default exclusions, .sourceignore files, and `spec.ignore`.

The rules are those of source-controller 1.9. https://fluxcd.io/flux/components/source/gitrepositories/#excluding-files
"""

import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Final

from bot.core.globs import PathGlob
from bot.core.rendering.budget import Budget

IGNORE_FILE: Final = ".sourceignore"
_LINE: Final = 20  # cost of reading a line, in compared characters
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

    def relative(self, path: str, names: Sequence[str]) -> Sequence[str]:
        """The names that the glob is matched against, of all in a path; none if the path isn't in the directory."""
        if self.directory:
            if not path.startswith(f"{self.directory}/"):
                return ()
            names = names[self.directory.count("/") + 1 :]
        return names if self.anchored else names[-1:]


class SourceIgnore:
    """What Flux leaves out of a repository, from the content of its .sourceignore files by path, and `spec.ignore`."""

    def __init__(self, files: Mapping[str, bytes], ignore: str, budget: Budget) -> None:
        """Raises GlobError for a pattern with too many alternatives, BudgetExceededError."""
        self._budget = budget
        lines = (
            (line, directory)
            for file in sorted(files, key=lambda file: (file.count("/"), file))
            for directory in [posixpath.dirname(file)]
            for line in files[file].decode(errors="replace").splitlines()
        )
        patterns = list(self._patterns_of(chain(lines, ((line, "") for line in ignore.splitlines()))))
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
        names = path.split("/")
        for index, pattern in enumerate(islice(self._patterns, end)):
            relative = () if is_file and pattern.only_directories else pattern.relative(path, names)
            self._budget.take(pattern.glob.cost(len(path) if len(relative) > 1 else len(names[-1])))
            if relative and pattern.glob.matches(relative):
                return index
        return end

    def _patterns_of(self, lines: Iterable[tuple[str, str]]) -> Iterator[_Pattern]:
        """The patterns of lines, which have the directory of their file."""
        for line, directory in lines:
            self._budget.take(_LINE)
            if line.startswith("#") or not line.strip():
                continue
            text = line.rstrip() if not line.endswith("\\ ") else line
            excludes = not text.startswith("!")
            text = text.removeprefix("!")
            only_directories, text = text.endswith("/"), text.rstrip("/")
            glob = PathGlob(text.lstrip("/").replace("{", "\\{").replace("}", "\\}"), self._budget.take)
            yield _Pattern(glob, directory, "/" in text, only_directories, excludes)
