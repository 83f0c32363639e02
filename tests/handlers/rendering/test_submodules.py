"""Submodules and Git LFS: what a deployer may have and the bot does not is never read as empty."""

import pytest

from bot.core.objects.documents import ManifestError
from bot.core.rendering.source import (
    DirectoryParameters,
    FluxBuild,
    HelmParameters,
    KustomizeParameters,
    Source,
)
from tests.common.kubernetes import as_yaml, config_map

SUBMODULE = "This is a git submodule, which the bot does not fetch"
POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'4d' * 32}\nsize 12345\n"
CHART = {
    "app/Chart.yaml": "{apiVersion: v2, name: web, version: 1.0.0}\n",
    "app/templates/a.yaml": as_yaml(config_map()),
}
PLAIN = {"app/a.yaml": as_yaml(config_map())}


def overlay(text):
    return {**PLAIN, "app/kustomization.yaml": text}


def commit(rendering, files, *submodules):
    """A commit of files and submodules; its sha."""
    parent = rendering.commit(files)
    for path in submodules:
        rendering.source.git("update-index", "--add", "--cacheinfo", f"160000,{parent},{path}")
    rendering.source.git("commit", "-qm", "Add submodules")
    return rendering.repository.fetch()


OPTIONAL_VALUES = HelmParameters(values_files=("/lib/values.yaml",), ignore_missing_values_files=True)
OPTIONAL_COMPONENT = KustomizeParameters(components=("../lib/part",), ignore_missing_components=True)
LOCAL_CHART = "{apiVersion: v2, name: web, version: 1.0.0, dependencies: [{name: lib, repository: file://../lib}]}"

UNREADABLE = {
    "in plain manifests": (PLAIN, "app/sub", Source("app")),
    "in a directory of plain manifests": (PLAIN, "app/deep/er/sub", Source("app")),
    "hidden, where Argo CD reads hidden files": (
        PLAIN,
        "app/.sub",
        Source("app", directory=DirectoryParameters(hidden=True)),
    ),
    "in a chart": (CHART, "app/charts/sub", Source("app")),
    "as a chart that a chart depends on": ({**CHART, "app/Chart.yaml": LOCAL_CHART}, "lib", Source("app")),
    "with values that may be missing": (CHART, "lib", Source("app", helm=OPTIONAL_VALUES)),
    "with a component that may be missing": (
        overlay("resources: [a.yaml]"),
        "lib",
        Source("app", kustomize=OPTIONAL_COMPONENT),
    ),
    "with a resource of a kustomization": (overlay("resources: [../lib/a.yaml]"), "lib", Source("app")),
    "in the chart of a kustomization": (
        {
            **overlay("helmCharts: [{name: web, releaseName: web}]"),
            **{f"app/charts/web/{path[4:]}": text for path, text in CHART.items()},
        },
        "app/charts/web/charts/sub",
        Source("app"),
    ),
}


@pytest.mark.parametrize(("files", "submodule", "application"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_submodule_that_may_hold_manifests_makes_the_application_unknown(rendering, files, submodule, application):
    sha = commit(rendering, files, submodule)
    with pytest.raises(ManifestError, match=rf"^{submodule}:1: {SUBMODULE}"):
        rendering.render(application, sha)


def test_a_kustomization_that_refers_to_a_submodule_in_its_directory_is_unknown(rendering):
    sha = commit(rendering, overlay("resources: [a.yaml, sub]"), "app/sub")
    with pytest.raises(ManifestError, match=r"^app/kustomization\.yaml:1: app/sub is not in the repository"):
        rendering.render("app", sha)


FLUX = Source("app", kustomize=KustomizeParameters(flux=FluxBuild()), ignore="")

READABLE = {
    "beside the path": (PLAIN, "lib", Source("app")),
    "in a hidden directory": (PLAIN, "app/.sub", Source("app")),
    "below a directory that is not searched": (
        PLAIN,
        "app/sub",
        Source("app", directory=DirectoryParameters(recurse=False)),
    ),
    "excluded": (PLAIN, "app/sub", Source("app", directory=DirectoryParameters(exclude="{notes.yaml,sub/*}"))),
    "in a kustomization that does not refer to it": (overlay("resources: [a.yaml]"), "app/sub", Source("app")),
    "in a path that Flux applies without submodules": (PLAIN, "app/sub", FLUX),
}


@pytest.mark.parametrize(("files", "submodule", "application"), READABLE.values(), ids=READABLE)
def test_a_submodule_that_the_deployer_does_not_read_is_ignored(rendering, files, submodule, application):
    sha = commit(rendering, files, submodule)
    assert [manifest.name for manifest in rendering.render(application, sha)] == ["settings"]


def test_a_submodule_that_is_added_or_removed_later_is_noticed(rendering):
    one = commit(rendering, PLAIN, "app/sub", "app/other")
    assert rendering.repository.links(one).below("").submodules == ("app/other", "app/sub")
    rendering.source.git("rm", "-q", "--cached", "app/sub")
    two = commit(rendering, {"app/other": "now a file"}, "app/new")
    assert rendering.repository.links(two).below("").submodules == ("app/new",)


IN_LFS = {
    "a manifest": ({**PLAIN, "app/b.yaml": POINTER}, "app/b.yaml", Source("app")),
    "a manifest, where Argo CD skips other YAML": (
        {**PLAIN, "app/b.yaml": POINTER},
        "app/b.yaml",
        Source("app", directory=DirectoryParameters(skip_other_yaml=True)),
    ),
    "a template": ({**CHART, "app/templates/b.yaml": POINTER}, "app/templates/b.yaml", Source("app")),
    "a chart's own values": ({**CHART, "app/values.yaml": POINTER}, "app/values.yaml", Source("app")),
    "values": ({**CHART, "v.yaml": POINTER}, "v.yaml", Source("app", helm=HelmParameters(values_files=("/v.yaml",)))),
    "a kustomization": (overlay(POINTER), "app/kustomization.yaml", Source("app")),
}


@pytest.mark.parametrize(("files", "pointer", "application"), IN_LFS.values(), ids=IN_LFS)
def test_a_file_in_git_lfs_is_said_to_be_one(rendering, files, pointer, application):
    sha = rendering.commit(files)
    with pytest.raises(ManifestError, match=rf"^{pointer}:1: This file is in Git LFS"):
        rendering.render(application, sha)
