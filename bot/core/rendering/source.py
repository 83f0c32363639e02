"""Where an application's manifests come from: a path, what makes manifests of it, and with which parameters."""

import posixpath
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from bot.core.globs import matches_glob

KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
CHART = "Chart.yaml"


class Kind(StrEnum):
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

    release: str = ""
    namespace: str = ""
    values: tuple[str, ...] = ()
    inline: str = ""
    set: tuple[tuple[str, str], ...] = ()
    set_string: tuple[tuple[str, str], ...] = ()
    api_versions: tuple[str, ...] = ()
    kube_version: str = ""
    crds: bool = True
    lenient: bool = False


@dataclass(frozen=True, slots=True)
class DirectoryParameters:
    """Which plain files of a path count: with `recurse` those in folders below it too; of these the ones whose paths
    from there match the glob pattern `include`, if there is one, and not `exclude`.
    """

    recurse: bool = True
    include: str = ""
    exclude: str = ""

    def counts(self, path: str) -> bool:
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
    generate: bool = False
    substitutes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """A path in a repository as `tidy` has it; with a `kind` of None its files tell what it is."""

    path: str
    kind: Kind | None = None
    helm: HelmParameters = HelmParameters()
    directory: DirectoryParameters = DirectoryParameters()
    kustomize: KustomizeParameters = KustomizeParameters()


def detect(paths: Iterable[str], root: str) -> Kind:
    """What a path is, by the files that lie in it: a kustomization goes before a chart, as with Argo CD."""
    names = {posixpath.basename(path) for path in paths if posixpath.dirname(path) == root}
    if names.intersection(KUSTOMIZATIONS):
        return Kind.KUSTOMIZE
    return Kind.HELM if CHART in names else Kind.PLAIN


def tidy(path: str) -> str:
    """A path from the repository's root as git writes it; "" is the root."""
    normal = posixpath.normpath(path.strip("/") or ".")
    return "" if normal == "." else normal


def within(folder: str, path: str) -> str | None:
    """What `path`, written in `folder`, means from the repository's root; None when it leads out of the repository."""
    if path.startswith("/") or not path.isprintable():
        return None
    meant = tidy(posixpath.join(folder, path))
    return None if meant.split("/")[0] == ".." else meant


def below(path: str, folder: str) -> bool:
    """Whether a path is `folder` or lies in it."""
    return not folder or path == folder or path.startswith(f"{folder}/")
