"""`helm template` by the helm-python-sdk, if helm is not installed: a separate program, not part of the bot.

It is run by its path in an isolated interpreter, in place of helm and with helm's options, so it imports nothing from
the bot. Helm's own Go code renders; this module does what Helm's command line does around it.
"""

import argparse
import io
import json
import posixpath
import re
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import helm_python
from helm_python import _native  # the public method takes neither Kubernetes nor API versions

# As in Helm, which trims each document: https://github.com/helm/helm/blob/main/pkg/release/v1/util/manifest.go
_SEPARATOR = re.compile(r"^---\s*", re.MULTILINE)

Values = dict[str, Any]


def main(argv: list[str]) -> int:
    """Run one of helm's command lines. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="helm", allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", required=True)
    version = commands.add_parser("version")
    version.add_argument("-c", action="store_true")
    version.add_argument("--short", action="store_true")
    template = commands.add_parser("template", allow_abbrev=False)
    template.add_argument("--namespace", "-n", default="default")
    template.add_argument("--api-versions", action="append", default=[])
    template.add_argument("--values", "-f", action="append", default=[])
    template.add_argument("--kube-version")
    template.add_argument("--is-upgrade", action="store_true")
    template.add_argument("--include-crds", action="store_true")
    template.add_argument("--skip-crds", action="store_true")
    template.add_argument("--no-hooks", action="store_true")
    template.add_argument("--skip-tests", action="store_true")
    template.add_argument("name")
    template.add_argument("chart")
    options = parser.parse_args(argv)
    if options.command == "version":
        # Helm 4 has no -c: a caller that passes it expects a Helm 3 version, whose options are the same.
        sys.stdout.write("v3.99.0" if options.c else helm_python.helm_sdk_version())
        return 0
    try:
        sys.stdout.write(_template(options))
    except (helm_python.HelmError, OSError) as error:
        sys.stderr.write(f"Error: {error}\n")
        return 1
    return 0


def _template(options: argparse.Namespace) -> str:
    helm_python.validate_release_name(options.name)
    with helm_python.Chart.load(options.chart) as chart:
        _require_kube_version(chart.metadata.get("kubeVersion"), options.kube_version)
        render_options = {
            "name": options.name,
            "namespace": options.namespace,
            "is_install": not options.is_upgrade,
            "is_upgrade": options.is_upgrade,
            "revision": 1,
            **({"kube_version": options.kube_version} if options.kube_version else {}),
            **({"api_versions": options.api_versions} if options.api_versions else {}),
        }
        values = _values(options)
        arguments = (json.dumps(values), json.dumps(render_options))
        rendered = json.loads(_native.call_string("helm_render", chart._raw(), *arguments))  # noqa: SLF001
        crds = chart.crds if options.include_crds and not options.skip_crds else []
        texts = [(crd["filename"], crd["data"]) for crd in crds]
    for name, text in sorted(rendered.items()):
        base = posixpath.basename(name)
        if text.strip() and not base.startswith("_") and not base.endswith("NOTES.txt"):
            texts.append((name, text))
    documents = [(name, document.strip()) for name, text in texts for document in _SEPARATOR.split(text)]
    return "".join(f"---\n# Source: {name}\n{document}\n" for name, document in documents if document)


def _require_kube_version(supported: str | None, kube_version: str | None) -> None:
    """Raise HelmError unless the chart supports the Kubernetes version, which the library doesn't check.

    Helm compares the versions, in a chart of its own, as it does for `helm template`.
    https://github.com/helm/helm/blob/main/pkg/action/action.go
    """
    if not supported:
        return
    files = {
        "Chart.yaml": "{apiVersion: v2, name: check, version: 1.0.0}",
        "templates/check": "{{ semverCompare .Values.supported .Capabilities.KubeVersion.String }}",
    }
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(f"check/{name}")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content.encode()))
    options = {"kube_version": kube_version} if kube_version else {}
    arguments = json.dumps({"supported": supported}), json.dumps(options)
    with helm_python.Chart.load_archive(archive.getvalue()) as chart:
        try:
            rendered = json.loads(_native.call_string("helm_render", chart._raw(), *arguments))  # noqa: SLF001
        except helm_python.HelmError:  # not a valid range
            rendered = {}
    if "true" not in rendered.values():
        raise helm_python.HelmError(f"chart requires kubeVersion: {supported}")


def _values(options: argparse.Namespace) -> Values:
    """The merged values: later files override earlier ones."""
    values: Values = {}
    for file in options.values:
        values = _merged(values, helm_python.values_from_yaml(Path(file).read_text(encoding="utf-8")))
    return values


def _merged(base: Mapping[str, Any], override: Mapping[str, Any]) -> Values:
    """Merge maps and replace anything else."""
    merged = dict(base)
    for key, value in override.items():
        old = merged.get(key)
        merged[key] = _merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
