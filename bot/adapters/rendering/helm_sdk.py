"""`helm template`, spoken by the helm-python-sdk where no helm is installed: a program of its own, not part of the bot.

It is run by its path in an isolated interpreter, in place of helm and with helm's options, so it imports nothing of the
bot. Helm's own Go code does the rendering; what is done here is what Helm's command line does around it.
"""

import argparse
import json
import posixpath
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import helm_python
from helm_python import _native  # the public method takes neither Kubernetes nor API versions

Values = dict[str, Any]


def main(argv: list[str]) -> int:
    """Answer one command line of helm's; its exit status."""
    parser = argparse.ArgumentParser(prog="helm", allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", required=True)
    version = commands.add_parser("version")
    version.add_argument("-c", action="store_true")
    version.add_argument("--short", action="store_true")
    template = commands.add_parser("template", allow_abbrev=False)
    template.add_argument("--namespace", "-n", default="default")
    for option in ("--set", "--set-string", "--api-versions"):
        template.add_argument(option, action="append", default=[])
    template.add_argument("--values", "-f", action="append", default=[])
    template.add_argument("--kube-version")
    template.add_argument("--include-crds", action="store_true")
    template.add_argument("--skip-crds", action="store_true")
    template.add_argument("--no-hooks", action="store_true")
    template.add_argument("--skip-tests", action="store_true")
    template.add_argument("name")
    template.add_argument("chart")
    told = parser.parse_args(argv)
    if told.command == "version":
        # Helm 4 has no -c. Who asks with it wants an answer of Helm 3, whose options these are too.
        sys.stdout.write("v3.99.0" if told.c else helm_python.helm_sdk_version())
        return 0
    try:
        sys.stdout.write(_template(told))
    except (helm_python.HelmError, OSError) as error:
        sys.stderr.write(f"Error: {error}\n")
        return 1
    return 0


def _template(told: argparse.Namespace) -> str:
    helm_python.validate_release_name(told.name)
    with helm_python.Chart.load(told.chart) as chart:
        options = {
            "name": told.name,
            "namespace": told.namespace,
            "is_install": True,
            "revision": 1,
            **({"kube_version": told.kube_version} if told.kube_version else {}),
            **({"api_versions": told.api_versions} if told.api_versions else {}),
        }
        values = _values(told)
        chart.validate_schema(values)
        made = json.loads(
            _native.call_string("helm_render", chart._raw(), json.dumps(values), json.dumps(options))  # noqa: SLF001
        )
        crds = chart.crds if told.include_crds and not told.skip_crds else []
        texts = [(crd["filename"], crd["data"]) for crd in crds]
    for name, text in sorted(made.items()):
        base = posixpath.basename(name)
        if text.strip() and not base.startswith("_") and not base.endswith("NOTES.txt"):
            texts.append((name, text))
    return "".join(f"---\n# Source: {name}\n{text.strip()}\n" for name, text in texts)


def _values(told: argparse.Namespace) -> Values:
    """Files first, then --set, then --set-string, the later over the earlier, as Helm's cli/values does it."""
    values: Values = {}
    for file in told.values:
        values = _over(values, helm_python.values_from_yaml(Path(file).read_text(encoding="utf-8")))
    for texts, parse in ((told.set, "helm_strvals_parse"), (told.set_string, "helm_strvals_parse_string")):
        for text in texts:
            parsed = json.loads(_native.call_string(parse, text))
            values = _over(values, parsed, by_index="[" in text.partition("=")[0])
    return values


def _over(base: Mapping[str, Any], top: Mapping[str, Any], *, by_index: bool = False) -> Values:
    """Maps are merged; anything else is replaced, save that `--set a[1]=x` replaces one item of a list."""
    merged = dict(base)
    for key, value in top.items():
        merged[key] = _one_over(merged.get(key), value, by_index=by_index)
    return merged


def _one_over(base: object, top: object, *, by_index: bool) -> object:
    if isinstance(base, dict) and isinstance(top, dict):
        return _over(base, top, by_index=by_index)
    if by_index and isinstance(base, list) and isinstance(top, list):
        kept = [old if new is None else _one_over(old, new, by_index=True) for old, new in zip(base, top, strict=False)]
        return [*kept, *base[len(kept) :], *top[len(kept) :]]
    return top


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
