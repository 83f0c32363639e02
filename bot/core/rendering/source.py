"""The source of an application's manifests: a path in a repository, the tool that renders it, and its parameters."""

import posixpath
from collections.abc import Iterable
from dataclasses import dataclass, field, fields, is_dataclass
from enum import StrEnum
from hashlib import sha256

from bot.core.globs import matches_glob

KUSTOMIZATION_FILES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
CHART_FILE = "Chart.yaml"


class SourceType(StrEnum):
    """How a path's files become manifests."""

    PLAIN = "plain"
    KUSTOMIZE = "kustomize"
    HELM = "helm"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The Kubernetes version and API versions that templates see in `.Capabilities`. "" and () mean Helm's default."""

    kube_version: str = ""
    api_versions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HelmParameters:
    """What a deployer passes to Helm besides the chart. "" and () mean Helm's default.

    - `values_files` are paths from the source's path, or with a leading slash, from the repository's root. Later files
      override earlier ones; with `ignore_missing_values_files`, missing ones are skipped. A glob (`*`, `?`, `[…]`,
      `**`) matches files in the order of their paths, except those that are also listed by name.
    - `inline_values` is YAML that overrides the files. `set` and `set_string` are (name, value) pairs, as in `helm
      --set` and `--set-string`, that override both. `set_file` are (name, path) pairs, as in `--set-file`.
    - `is_upgrade` is `helm --is-upgrade`: `.Release.IsUpgrade` is true instead of `.Release.IsInstall`.
    - `include_crds` is `helm --include-crds`: whether to render the crds/ directory.
    - `masked_values` are `inline_values` with those from Secrets masked, to find the objects they appear in.
      `secret_keys` are keys in both that only Secrets contain.
    - With `replaces_values`, the chart's own values.yaml counts only if it is among the files.
    - `post_renderers` are kustomizations with `images` and `patches` for Helm's output, as JSON.
    """

    release_name: str = ""
    namespace: str = ""
    values_files: tuple[str, ...] = ()
    inline_values: str = field(default="", repr=False)
    masked_values: str = field(default="", repr=False)
    secret_keys: tuple[str, ...] = field(default=(), repr=False)
    set: tuple[tuple[str, str], ...] = ()
    set_string: tuple[tuple[str, str], ...] = ()
    set_file: tuple[tuple[str, str], ...] = ()
    api_versions: tuple[str, ...] = ()
    kube_version: str = ""
    is_upgrade: bool = False
    include_crds: bool = True
    ignore_missing_values_files: bool = False
    replaces_values: bool = False
    post_renderers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DirectoryParameters:
    """Which plain files in a path to read, like Argo CD's `directory` options.

    `include` and `exclude` are glob patterns for paths relative to the source's path. An empty `include` matches every
    file, an empty `exclude` none. With `hidden`, hidden files are read too; with `skip_other_yaml`, YAML files without
    Kubernetes objects are skipped.
    """

    recurse: bool = True
    include: str = ""
    exclude: str = ""
    hidden: bool = False
    skip_other_yaml: bool = False

    def includes(self, path: str) -> bool:
        """Whether to read the file at `path`, relative to the source's path."""
        if not self.recurse and "/" in path:
            return False
        if self.exclude and matches_glob(self.exclude, path):
            return False
        return not self.include or matches_glob(self.include, path)

    def includes_below(self, path: str) -> bool:
        """Whether to read files below the directory at `path`, unless `include` leaves them all out."""
        is_excluded = bool(self.exclude) and matches_glob(self.exclude, f"{path}/")
        return self.recurse and not is_excluded and (self.hidden or "/." not in f"/{path}")


@dataclass(frozen=True, slots=True)
class FluxBuild:
    """What Flux does beyond Kustomize.

    `substitutions` are (name, value) pairs for `${name}` in the built manifests. Without any, nothing is substituted
    unless `substitute_always`. With `has_unread_variables`, there may be variables with values that the bot cannot
    read.
    """

    substitutions: tuple[tuple[str, str], ...] = ()
    substitute_always: bool = False
    has_unread_variables: bool = False


@dataclass(frozen=True, slots=True)
class KustomizeParameters:
    """What a deployer changes in a kustomization. "" and () leave it unchanged.

    - `images` and `patches` are entries of those fields as JSON, `replicas` are (name, count) pairs, and `components`
      are paths relative to the source's path. With `ignore_missing_components`, missing ones are skipped.
    - `common_labels` and `common_annotations` are (name, value) pairs. Unless forced, they must not exist yet.
    - `flux` is set if Flux builds the kustomization; it generates one if there is none.
    """

    name_prefix: str = ""
    name_suffix: str = ""
    namespace: str = ""
    images: tuple[str, ...] = ()
    replicas: tuple[tuple[str, int], ...] = ()
    patches: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    ignore_missing_components: bool = False
    build_metadata: tuple[str, ...] = ()
    common_labels: tuple[tuple[str, str], ...] = ()
    common_annotations: tuple[tuple[str, str], ...] = ()
    force_labels: bool = False
    force_annotations: bool = False
    label_without_selector: bool = False
    label_include_templates: bool = False
    flux: FluxBuild | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """A normalized path in a repository (see `normalize_path`). If `type` is None, its files determine it.

    `labels` and `annotations` are (name, value) pairs that the deployer adds to every object. `ignore` is set if Flux
    reads the repository: lines as in .gitignore for files to leave out. `argocd` is Argo CD's source as JSON, which
    files in the path may override, and `argocd_references` the sources that it may refer to. `chart` is the key of a
    fetched chart that the path has values for. `capabilities` are the cluster's, which the deployer passes to Helm
    unless `helm` has others, or None while they are unknown. `tenant` is who it is rendered for, which makes no
    difference to the manifests.
    """

    path: str
    type: SourceType | None = None
    helm: HelmParameters = HelmParameters()
    directory: DirectoryParameters = DirectoryParameters()
    kustomize: KustomizeParameters = KustomizeParameters()
    labels: tuple[tuple[str, str], ...] = ()
    annotations: tuple[tuple[str, str], ...] = ()
    ignore: str | None = None
    argocd: str = ""
    argocd_references: str = ""
    chart: str = ""
    capabilities: Capabilities | None = Capabilities()
    tenant: str = field(default="", compare=False)
    _digest: str = field(default="", init=False, repr=False, compare=False)

    @property
    def digest(self) -> str:
        """Equal sources have the same one. A cache with sources as its keys would keep texts of any length."""
        if not self._digest:
            digest = sha256(repr(_compared(self)).encode()).hexdigest()
            object.__setattr__(self, "_digest", digest)
        return self._digest

    @property
    def may_have_charts(self) -> bool:
        """Whether its deployer may pass capabilities to Helm. Flux does not render charts in kustomizations."""
        if self.type is SourceType.KUSTOMIZE:
            return self.kustomize.flux is None
        return self.type is not SourceType.PLAIN

    @property
    def helm_capabilities(self) -> Capabilities | None:
        """The capabilities to pass to Helm; None while they are unknown."""
        declared = self.helm.kube_version, self.helm.api_versions
        if self.capabilities is None:
            return Capabilities(*declared) if all(declared) else None
        return Capabilities(
            declared[0] or self.capabilities.kube_version, declared[1] or self.capabilities.api_versions
        )


def _compared(value: object) -> object:
    """What decides whether a part of a source equals another, also if its `repr` leaves it out."""
    if not is_dataclass(value):
        return value
    return [_compared(getattr(value, part.name)) for part in fields(value) if part.compare]


def detect_source_type(paths: Iterable[str], root: str) -> SourceType:
    """The type of the source at `root`, from the files in it. As in Argo CD, Kustomize takes precedence over Helm."""
    names = {posixpath.basename(path) for path in paths if posixpath.dirname(path) == root}
    if names.intersection(KUSTOMIZATION_FILES):
        return SourceType.KUSTOMIZE
    return SourceType.HELM if CHART_FILE in names else SourceType.PLAIN


def normalize_path(path: str) -> str:
    """A path from the repository's root as git writes it: `apps/shop`, or "" for the root."""
    normal = posixpath.normpath(path.strip("/") or ".")
    return "" if normal == "." else normal


def resolve_path(folder: str, path: str) -> str | None:
    """The path from the repository's root that `path`, relative to `folder`, refers to; None if it is outside."""
    if path.startswith("/") or not path.isprintable():
        return None
    resolved = normalize_path(posixpath.join(folder, path))
    return None if resolved.split("/")[0] == ".." else resolved


def is_glob(path: str) -> bool:
    """Whether a path of a values file is a glob."""
    return any(character in path for character in "*?[")


def is_within(path: str, folder: str) -> bool:
    """Whether a path is `folder` or below it; "" is the root."""
    return not folder or path == folder or path.startswith(f"{folder}/")


def parents_of(paths: Iterable[str]) -> set[str]:
    """Every directory above one of the paths, up to the root, which is ""."""
    parents: set[str] = set()
    for path in paths:
        while path and (path := posixpath.dirname(path)) not in parents:
            parents.add(path)
    return parents
