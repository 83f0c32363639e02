"""What is adopted in an overlay is what the official Kustomize then makes of it."""

import subprocess
from dataclasses import replace

import pytest

from bot.core.drift.model import FieldDrift, ObjectDrift
from bot.core.objects.manifest import read_manifests
from bot.core.objects.resolve import resolve
from bot.core.pull_requests.adopt_kustomize import adopt_overlay, expected
from bot.core.pull_requests.not_adoptable import NotAdoptableError

BASE = {
    "base/kustomization.yaml": "resources: [web.yaml, settings.yaml]\n",
    "base/web.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - {name: side, image: side:1}
        - name: web
          image: shop/web:1.0
          args: [serve]
          ports: [{containerPort: 80}]
          env: [{name: MODE, value: fast}]
""",
    "base/settings.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {theme: light}\n",
}
PLAIN = "# what prod adds\nresources:\n- ../base\n"
TUNED = """\
# what prod adds
resources:
  - ../base
namespace: shop
namePrefix: prod-   # as the dashboards know it
images:
  - name: shop/web
    newTag: "1.1"   # set by the pipeline
replicas:
  - name: web
    count: 3
"""


def drift(*fields, name="web"):
    return ObjectDrift("apps/v1", "Deployment", "shop", name, "modified", fields)


UDP = {"containerPort": 80, "protocol": "UDP"}
WEB = "spec.template.spec.containers[name=web]"
CASES = {
    "a number": (FieldDrift("changed", "spec.replicas", 2, 7),),
    "an image": (FieldDrift("changed", f"{WEB}.image", "shop/web:1.0", "shop/web:2.0"),),
    "a variable more": (
        FieldDrift("added", f"{WEB}.env[name=DEBUG]", None, {"name": "DEBUG", "value": "yes"}),
        FieldDrift("changed", f"{WEB}.env[name=MODE].value", "fast", "slow"),
    ),
    "a port of another protocol": (
        FieldDrift("added", f"{WEB}.ports[containerPort=80,protocol=UDP]", None, UDP),
        FieldDrift("added", f"{WEB}.ports[containerPort=80,protocol=TCP].name", None, "web"),
    ),
    "a container gone": (FieldDrift("removed", "spec.template.spec.containers[name=side]", {"name": "side"}),),
    "a label and an annotation": (
        FieldDrift("added", 'metadata.annotations["example.com/a~b"]', None, "on"),
        FieldDrift("added", "metadata.labels.team", None, "shop"),
    ),
    "a whole list": (FieldDrift("changed", f"{WEB}.args", ["serve"], ["serve", "--verbose"]),),
    "something nested": (
        FieldDrift("added", "spec.template.spec.securityContext.runAsUser", None, 0),
        FieldDrift("added", "spec.template.spec.securityContext.runAsGroup", None, 0),
    ),
}


def write(root, files):
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def built(root):
    argv = ["kubectl", "kustomize", str(root / "prod")]
    done = subprocess.run(argv, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return resolve(read_manifests("prod", done.stdout), namespace="shop", namespaced=lambda *_: True)


def own(root):
    return {str(path.relative_to(root)): path.read_bytes() for path in (root / "prod").rglob("*") if path.is_file()}


def adopted(root, found):
    """What the overlay comes to before, once adopted, and what was written."""
    before = built(root)
    written = adopt_overlay("prod", own(root), before, [found])
    write(root, written)
    return before, built(root), written


@pytest.mark.parametrize("overlay", [PLAIN, TUNED], ids=["plain", "tuned"])
@pytest.mark.parametrize("fields", CASES.values(), ids=CASES)
def test_kustomize_makes_of_it_what_live_has(tmp_path, overlay, fields):
    write(tmp_path, BASE | {"prod/kustomization.yaml": overlay})
    name = "prod-web" if overlay is TUNED else "web"
    if overlay is TUNED:  # what the overlay itself makes of the base
        now = {"spec.replicas": 3, f"{WEB}.image": "shop/web:1.1"}
        fields = tuple(replace(field, desired=now.get(field.path, field.desired)) for field in fields)
    found = drift(*fields, name=name)
    before, after, _ = adopted(tmp_path, found)
    (web,) = (manifest for manifest in before if manifest.kind == "Deployment")
    meant = [expected(manifest, found) if manifest is web else manifest.object for manifest in before]
    assert [manifest.object for manifest in after] == meant


MIXED = """\
components: []
labels:
- pairs: {tier:   front}
"""


@pytest.mark.parametrize(
    "overlay",
    [
        TUNED,
        f"{TUNED}---\n",
        f"# head\n---\n{TUNED}---\n# tail\n",
        MIXED + TUNED.replace("   # set by the pipeline", ""),
    ],
    ids=["tuned", "empty document", "empty documents", "mixed"],
)
def test_what_the_overlay_sets_is_changed_there_and_its_comments_stay(tmp_path, overlay):
    write(tmp_path, BASE | {"prod/kustomization.yaml": overlay})
    fields = (
        FieldDrift("changed", "spec.replicas", 3, 7),
        FieldDrift("changed", f"{WEB}.image", "shop/web:1.1", "shop/web:1.2"),
    )
    _, _, written = adopted(tmp_path, drift(*fields, name="prod-web"))
    assert written == {
        "prod/kustomization.yaml": overlay.replace('"1.1"', '"1.2"').replace("count: 3", "count: 7").encode()
    }


def test_a_tag_that_kubernetes_reads_as_a_boolean_is_quoted(tmp_path):
    write(tmp_path, BASE | {"prod/kustomization.yaml": TUNED.replace('"1.1"', "v1")})
    field = FieldDrift("changed", f"{WEB}.image", "shop/web:v1", "shop/web:on")
    _, _, written = adopted(tmp_path, drift(field, name="prod-web"))
    assert b'newTag: "on"' in written["prod/kustomization.yaml"]


def test_empty_entries_of_an_overlay_stay():
    manifests = [replace(one, namespace="shop") for one in read_manifests("web.yaml", BASE["base/web.yaml"].encode())]
    text = "resources: [../base]\npatches:\n- null\nimages: [null]\nreplicas: [null]\n"
    fields = (*CASES["a number"], *CASES["an image"])
    files = adopt_overlay("prod", {"prod/kustomization.yaml": text.encode()}, manifests, [drift(*fields)])
    assert files["prod/kustomization.yaml"].decode().startswith(text.split("images", maxsplit=1)[0])


def test_a_second_adoption_goes_on_in_the_same_patch(tmp_path):
    write(tmp_path, BASE | {"prod/kustomization.yaml": PLAIN})
    adopted(tmp_path, drift(FieldDrift("changed", "spec.replicas", 2, 7)))
    _, after, written = adopted(tmp_path, drift(FieldDrift("changed", "spec.replicas", 7, 9)))
    assert [manifest.object["spec"]["replicas"] for manifest in after if manifest.kind == "Deployment"] == [9]
    assert list(written) == ["prod/adopted/deployment-web.yaml"]


def test_a_base_that_changes_later_is_an_error_and_never_another_item(tmp_path):
    write(tmp_path, BASE | {"prod/kustomization.yaml": PLAIN})
    adopted(tmp_path, drift(FieldDrift("changed", f"{WEB}.env[name=MODE].value", "fast", "slow")))
    web = BASE["base/web.yaml"].replace("        - {name: side, image: side:1}\n", "")
    write(tmp_path, {"base/web.yaml": web})
    done = subprocess.run(["kubectl", "kustomize", str(tmp_path / "prod")], capture_output=True, check=False)
    assert done.returncode != 0


def test_an_object_that_is_gone_from_the_cluster_is_deleted_in_the_overlay(tmp_path):
    write(tmp_path, BASE | {"prod/kustomization.yaml": TUNED})
    _, after, _ = adopted(tmp_path, ObjectDrift("v1", "ConfigMap", "shop", "prod-settings", "missing"))
    assert [manifest.kind for manifest in after] == ["Deployment"]


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (ObjectDrift("v1", "Secret", "shop", "s", "missing"), "never writes secret values"),
        (
            ObjectDrift("v1", "ConfigMap", "shop", "other", "missing"),
            "ConfigMap other is no longer in the rendered manifests",
        ),
    ],
)
def test_what_cannot_be_adopted_says_why(tmp_path, found, says):
    write(tmp_path, BASE | {"prod/kustomization.yaml": PLAIN})
    with pytest.raises(NotAdoptableError, match=says):
        adopt_overlay("prod", own(tmp_path), built(tmp_path), [found])
    with pytest.raises(NotAdoptableError, match="no kustomization"):
        adopt_overlay("base/none", {}, [], [found])


def test_a_kustomization_keeps_its_line_ends_and_byte_order_mark():
    path, text = "prod/kustomization.yaml", "\ufeff# hello\r\nresources:\r\n- ../base\r\npatches:\r\n# tail\r\n"
    web = read_manifests("web.yaml", BASE["base/web.yaml"].encode())
    manifests = [replace(manifest, namespace="shop") for manifest in web]
    files = adopt_overlay("prod", {path: text.encode()}, manifests, [drift(*CASES["a number"])])
    before, after = text.split("\r\n"), files[path].decode().split("\r\n")
    assert set(before) < set(after)
    assert not any("\n" in line for line in after)
