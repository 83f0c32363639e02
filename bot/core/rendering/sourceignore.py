"""Which files of a repository Flux leaves out: its default exclusions, .sourceignore files, and `spec.ignore`.

The rules are those of source-controller 1.9. https://fluxcd.io/flux/components/source/gitrepositories/#excluding-files
"""

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bot.core.globs import matches_path_glob

IGNORE_FILE: Final = ".sourceignore"
_GIT: Final = (".git/", ".gitignore", ".gitmodules", ".gitattributes")
_DEFAULTS: Final = (
    *("*.jpg", "*.jpeg", "*.gif", "*.png", "*.wmv", "*.flv", "*.tar.gz", "*.zip"),
    *(".github/", ".circleci/", ".travis.yml", ".gitlab-ci.yml", "appveyor.yml", ".drone.yml", "cloudbuild.yaml"),
    *("codeship-services.yml", "codeship-steps.yml", "**/.goreleaser.yml", "**/.sops.yaml", "**/.flux.yaml"),
)


@dataclass(frozen=True, slots=True)
class _Pattern:
    """A line as in .gitignore: a path glob from the repository's root, and whether matches are left out or kept."""

    glob: str
    only_directories: bool
    excludes: bool

    def matches(self, path: str, parents: Sequence[str]) -> bool:
        """Whether it matches a file, or one of the directories that the file is in."""
        if any(matches_path_glob(self.glob, parent) for parent in parents):
            return True
        return not self.only_directories and matches_path_glob(self.glob, path)


class SourceIgnore:
    """What Flux leaves out of a repository, from the content of its .sourceignore files by path, and `spec.ignore`."""

    def __init__(self, files: Mapping[str, bytes], ignore: str) -> None:
        """Raises GlobError for a pattern with too many alternatives."""
        lines = [
            (line, posixpath.dirname(file))
            for file in sorted(files, key=lambda file: (file.count("/"), file))
            for line in files[file].decode(errors="replace").splitlines()
        ]
        patterns = list(_patterns([*lines, *((line, "") for line in ignore.splitlines())]))
        defaults = [(line, "") for line in (_GIT if patterns else (*_GIT, *_DEFAULTS))]
        self._patterns = [*_patterns(defaults), *patterns][::-1]

    def excludes(self, path: str) -> bool:
        """Whether the file at `path` is left out. The last matching line decides."""
        parts = path.split("/")
        parents = ["/".join(parts[:end]) for end in range(1, len(parts))]
        return next((pattern.excludes for pattern in self._patterns if pattern.matches(path, parents)), False)


def _patterns(lines: Sequence[tuple[str, str]]) -> Iterator[_Pattern]:
    """The patterns of lines, which have the directory of their file."""
    for line, directory in lines:
        if line.startswith("#") or not line.strip():
            continue
        text = line.rstrip() if not line.endswith("\\ ") else line
        excludes = not text.startswith("!")
        text = text.removeprefix("!")
        only_directories, text = text.endswith("/"), text.rstrip("/")
        anchored = "/" in text
        glob = text.lstrip("/") if anchored else f"**/{text}"
        escaped = glob.replace("{", "\\{").replace("}", "\\}")
        yield _Pattern(posixpath.join(directory, escaped), only_directories, excludes)
