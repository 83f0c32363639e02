"""Files that may be missing: the bot notices when they appear, and says so if it can't know whether they are there."""

import pytest

from bot.adapters.rendering.programs import ProgramRenderer
from bot.core.objects.documents import ManifestError
from bot.core.rendering.source import FluxBuild, HelmParameters, KustomizeParameters, Source
from tests.common.kubernetes import as_yaml, config_map

COMPONENT = "{apiVersion: kustomize.config.k8s.io/v1alpha1, kind: Component, resources: [added.yaml]}"
FILES = {
    "app/kustomization.yaml": "resources: [a.yaml]",
    "app/a.yaml": as_yaml(config_map()),
    "chart/Chart.yaml": "{apiVersion: v2, name: web, version: 1.0.0}",
    "chart/values.yaml": "level: info",
    "chart/templates/a.yaml": as_yaml(config_map(level="{{ .Values.level }}")),
    "lib/unrelated": "",
    "real/part/kustomization.yaml": COMPONENT,
    "real/part/added.yaml": as_yaml(config_map("added")),
    "real/values.yaml": "level: debug",
}


def overlay(component, flux=None):
    parameters = KustomizeParameters(components=(component,), ignore_missing_components=True, flux=flux)
    return Source("app", kustomize=parameters, ignore=None if flux is None else "")


def chart(values, *, ignore_missing=True):
    helm = HelmParameters("web", values_files=(values,), ignore_missing_values_files=ignore_missing)
    return Source("chart", helm=helm)


def link(rendering, path, target):
    (rendering.source.path / path).symlink_to(target)
    return rendering.commit({})


def copy(rendering):
    return rendering.commit({f"lib{path[4:]}": text for path, text in FILES.items() if path.startswith("real")})


def replace_directory(rendering):
    rendering.source.git("rm", "-rq", "lib")
    return link(rendering, "lib", "real")


APPEARING = {
    "a component": (overlay("../lib/part"), copy),
    "a component of Flux": (overlay("../lib/part", FluxBuild()), copy),
    "a component behind a link": (overlay("../new/part"), lambda rendering: link(rendering, "new", "real")),
    "a component in a directory that becomes a link": (overlay("../lib/part"), replace_directory),
    "values": (chart("/lib/values.yaml"), copy),
    "values in a link": (chart("/new.yaml"), lambda rendering: link(rendering, "new.yaml", "real/values.yaml")),
    "values behind a link": (chart("/new/values.yaml"), lambda rendering: link(rendering, "new", "real")),
}


@pytest.mark.parametrize(("application", "change"), APPEARING.values(), ids=APPEARING)
def test_what_was_missing_is_rendered_once_it_is_there(rendering, application, change):
    before = rendering.render(application, one := rendering.commit(FILES))
    after = rendering.render(application, two := change(rendering))
    assert [manifest.object for manifest in after] != [manifest.object for manifest in before]
    inputs = [rendering.cache.inputs(rendering.repository, sha, [application]) for sha in (one, two)]
    assert inputs[0] != inputs[1]
    assert rendering.render(application, one) == before
    rendering.use(ProgramRenderer.find())
    assert [rendering.render(application, sha) for sha in (one, two)] == [before, after]


def test_an_unrelated_commit_does_not_render_it_again(rendering):
    application = overlay("../lib/part")
    first = rendering.render(application, rendering.commit(FILES))
    assert rendering.render(application, rendering.commit({"lib/other": "", "real/values.yaml": ""})) is first


def test_a_component_that_becomes_a_submodule_makes_the_application_unknown(rendering):
    application = overlay("../new/part")
    sha = rendering.commit(FILES)
    rendering.render(application, sha)
    rendering.source.git("update-index", "--add", "--cacheinfo", f"160000,{sha},new")
    rendering.source.git("commit", "-qm", "Add a submodule")
    with pytest.raises(ManifestError, match=r"^new:1: This is a git submodule"):
        rendering.render(application, rendering.repository.fetch())


UNKNOWN = {
    "values, which may be missing": (chart("/out/v.yaml"), "out/v.yaml:1: This symbolic link does not lead to a file"),
    "values": (chart("/out", ignore_missing=False), "out:1: out is not in the repository"),
    "values that are gone": (chart("/gone", ignore_missing=False), "gone:1: gone is not in the repository"),
    "a component": (overlay("../out"), "out:1: This symbolic link does not lead to a file"),
    "an application": (Source("linked"), "linked:1: The application's path is a symbolic link. Use the path"),
}


@pytest.mark.parametrize(("application", "error"), UNKNOWN.values(), ids=UNKNOWN)
def test_a_link_that_is_not_followed_makes_the_application_unknown(rendering, application, error):
    for path, target in (("out", "/etc"), ("gone", "real/gone"), ("linked", "app")):
        (rendering.source.path / path).symlink_to(target)
    sha = rendering.commit(FILES)
    with pytest.raises(ManifestError) as raised:
        rendering.render(application, sha)
    assert str(raised.value).startswith(error)


def test_what_is_missing_behind_a_link_is_left_out(rendering):
    (rendering.source.path / "linked").symlink_to("real")
    sha = rendering.commit(FILES)
    applications = [chart("/linked/gone.yaml"), overlay("../linked/gone")]
    assert [len(rendering.render(application, sha)) for application in applications] == [1, 1]
