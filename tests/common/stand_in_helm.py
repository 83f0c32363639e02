"""A program that handles arguments like Helm 3's command line, in case the real Helm is not installed.

Other tests render with Helm's own code (helm-python-sdk), which has no command line. This program doesn't render
templates: it prints a ConfigMap with everything that its options made it read, as a chart could. It follows Helm's
cmd/helm/template.go, pkg/cli/values/options.go, pkg/getter/plugingetter.go and pkg/postrender/exec.go.
"""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

LISTS = {"--values", "-f", "--api-versions"}
WITH_VALUE = {"--namespace", "--name-template", "--kube-version", "--set-file", "--post-renderer", "--repo", "--set"}


def main(argv: list[str]) -> int:
    if argv[0] == "version":
        sys.stdout.write("v3.14.0")
        return 0
    options, positional = parse(argv[1:])
    if argv[0] == "pull":
        for plugin in Path(os.environ["HELM_DATA_HOME"]).glob("plugins/*/run"):
            subprocess.run([plugin], check=True)
        return 1
    files = [path for option in ("--values", "-f") for path in options.get(option, [])]
    files += [path.partition("=")[2] for path in options.get("--set-file", [])]
    chart = Path(positional[-1])
    files += [str(path) for path in chart.rglob("*") if path.is_file()]
    read = {path: Path(path).read_text() for path in files}
    environment = {name: value for name, value in os.environ.items() if name.startswith("HELM_")}
    data = {"argv": json.dumps(argv), "environment": json.dumps(environment), "read": json.dumps(read)}
    output = json.dumps(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"helm-{os.getpid()}"}, "data": data}
    )
    for program in options.get("--post-renderer", []):
        subprocess.run([program], input=next(iter(chart.rglob("*.sh"))).read_text(), text=True, check=True)
    sys.stdout.write(output)
    return 0


def parse(arguments: list[str]) -> tuple[dict[str, list[str]], list[str]]:
    """Options and positional arguments as pflag reads them."""
    options: dict[str, list[str]] = {}
    positional: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        if argument == "--":
            positional += rest
        elif argument.startswith("-"):
            name, equals, value = argument.partition("=")
            if name in LISTS | WITH_VALUE:
                value = value if equals else next(rest)
                options.setdefault(name, []).extend(next(csv.reader([value])) if name in LISTS else [value])
        else:
            positional.append(argument)
    return options, positional


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
