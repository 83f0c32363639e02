"""Where an application's manifests come from: a path, what makes manifests of it, and with which parameters."""

import posixpath
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

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
    value the later wins. `inline` is YAML that goes over them, and `set` (name, value) over that, each value as Helm
    reads `--set`, or with `set_string` as text. `crds` says whether the chart's crds/ folders count.
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


@dataclass(frozen=True, slots=True)
class Source:
    """A path in a repository as `tidy` has it; with a `kind` of None its files tell what it is."""

    path: str
    kind: Kind | None = None
    helm: HelmParameters = HelmParameters()


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
