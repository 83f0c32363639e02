"""Text that Go's YAML parser doesn't read as JSON usually has it, in each file that the bot writes for Kustomize."""

import json

import pytest

from bot.adapters.rendering.programs import ProgramRenderer
from bot.core.objects.documents import NodeBudget
from bot.core.objects.manifest import read_manifests
from bot.core.rendering.kustomization import BaseReference, with_base_paths
from bot.core.rendering.kustomize_edit import edit_kustomization
from bot.core.rendering.load_restrictions import move_outside_files
from bot.core.rendering.remote_base import RemoteBase
from bot.core.rendering.source import FluxBuild, HelmParameters, KustomizeParameters, Source, SourceType
from bot.handlers.rendering.chart_output import deployed_by_flux
from bot.handlers.rendering.render_request import RenderRequest
from bot.ports.git import File

FILE = "app/kustomization.yaml"
URL = "https://git.example.org/acme/base//one?ref=v1"
TEXT = "🚀 é \u2028."
ONE = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\n"


KUSTOMIZATION = {"resources": ["one.yaml"], "commonAnnotations": {"note": TEXT}}


def written(resource="one.yaml"):
    return json.dumps({**KUSTOMIZATION, "resources": [resource]}, ensure_ascii=False).encode()


def edited():
    parameters = KustomizeParameters(flux=FluxBuild())
    return {FILE: edit_kustomization({FILE: written()}, "app", parameters).content, "app/one.yaml": ONE}


def moved():
    files = {FILE: written("../one.yaml"), "one.yaml": ONE}
    return files | move_outside_files(files, NodeBudget())


def mounted():
    base = RemoteBase.parse(URL)
    content = with_base_paths(FILE, written(URL), [BaseReference(base, URL, "resources", FILE, 1)], NodeBudget())
    return {FILE: content, f"{base.mount}/kustomization.yaml": b"resources: [one.yaml]", f"{base.mount}/one.yaml": ONE}


@pytest.mark.parametrize("files", [edited, moved, mounted])
def test_a_kustomization_that_the_bot_writes_is_built(files):
    contents = [File(path, content) for path, content in files().items()]
    output = ProgramRenderer.find().kustomize(contents, "app", helm=None, plugins=False)
    (manifest,) = read_manifests("output", output)
    assert manifest.object["metadata"] == {"name": "one", "annotations": {"note": TEXT}}


def test_the_output_of_a_chart_and_its_post_renderers_are_built():
    one = json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one"}, "data": {"text": TEXT}})
    printed, renderers = read_manifests("output", one.encode()), (json.dumps(KUSTOMIZATION),)
    source = Source("app", SourceType.HELM, HelmParameters("shop", post_renderers=renderers))
    request = RenderRequest(source, SourceType.HELM, "app")
    (manifest,) = deployed_by_flux("output", one.encode(), printed, request, ProgramRenderer.find())
    assert manifest.object == {**printed[0].object, "metadata": {"name": "one", "annotations": {"note": TEXT}}}
