"""Where an application's manifests come from: a path, what makes manifests of it, and with which parameters."""

import posixpath
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from bot.core.globs import matches_glob

KUSTOMIZATION_FILES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
CHART_FILE = "Chart.yaml"


class SourceType(StrEnum):
    """What makes manifests of a path's files."""

    PLAIN = "plain"
    KUSTOMIZE = "kustomize"
    HELM = "helm"


@dataclass(frozen=True, slots=True)
class HelmParameters:
    """What a deployer hands to Helm beside the chart. "" and () leave Helm's own default.

    `values` are files, from the source's path or, with a leading slash, from the repository's root; of two that set one
    value the later wins, and with `lenient` one that is not there is empty. `inline` is YAML that goes over them, and
    `set` (name, value) over that, each value as Helm reads `--set`, or with `set_string` as text. `crds` says
    whether the chart's crds/ folders count.
    """

    release_name: str = ""
    namespace: str = ""
    values_files: tuple[str, ...] = ()
    inline_values: str = ""
    set: tuple[tuple[str, str], ...] = ()
    set_string: tuple[tuple[str, str], ...] = ()
    api_versions: tuple[str, ...] = ()
    kube_version: str = ""
    include_crds: bool = True
    ignore_missing_values_files: bool = False


@dataclass(frozen=True, slots=True)
class DirectoryParameters:
    """Which plain files of a path count: with `recurse` those in folders below it too; of these the ones whose paths
    from there match the glob pattern `include`, if there is one, and not `exclude`.
    """

    recurse: bool = True
    include: str = ""
    exclude: str = ""

    def includes(self, path: str) -> bool:
        """Whether the file at that path, from the source's own, does."""
        if not self.recurse and "/" in path:
            return False
        if self.exclude and matches_glob(self.exclude, path):
            return False
        return not self.include or matches_glob(self.include, path)


@dataclass(frozen=True, slots=True)
class KustomizeParameters:
    """What a deployer changes of a kustomization. "" and () leave what it says.

    `images` and `patches` are entries of its fields as JSON, `replicas` are (name, count), `components` paths from its
    own. With `generate` one is made where there is none; `substitutes` (name, value) fill `${name}` in what is built.
    """

    name_prefix: str = ""
    name_suffix: str = ""
    namespace: str = ""
    images: tuple[str, ...] = ()
    replicas: tuple[tuple[str, int], ...] = ()
    patches: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    create_if_missing: bool = False
    substitutions: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """A path in a repository as `tidy` has it; with a `kind` of None its files tell what it is."""

    path: str
    type: SourceType | None = None
    helm: HelmParameters = HelmParameters()
    directory: DirectoryParameters = DirectoryParameters()
    kustomize: KustomizeParameters = KustomizeParameters()


def detect_source_type(paths: Iterable[str], root: str) -> SourceType:
    """What a path is, by the files that lie in it: a kustomization goes before a chart, as with Argo CD."""
    names = {posixpath.basename(path) for path in paths if posixpath.dirname(path) == root}
    if names.intersection(KUSTOMIZATION_FILES):
        return SourceType.KUSTOMIZE
    return SourceType.HELM if CHART_FILE in names else SourceType.PLAIN


def normalize_path(path: str) -> str:
    """A path from the repository's root as git writes it; "" is the root."""
    normal = posixpath.normpath(path.strip("/") or ".")
    return "" if normal == "." else normal


def resolve_path(folder: str, path: str) -> str | None:
    """What `path`, written in `folder`, means from the repository's root; None when it leads out of the repository."""
    if path.startswith("/") or not path.isprintable():
        return None
    meant = normalize_path(posixpath.join(folder, path))
    return None if meant.split("/")[0] == ".." else meant


def is_within(path: str, folder: str) -> bool:
    """Whether a path is `folder` or lies in it."""
    return not folder or path == folder or path.startswith(f"{folder}/")
