"""Recorded from a real API server: each case must come out exactly as its file says."""

from pathlib import Path

import pytest
import yaml

from bot.core.drift.autoscaling import scale_targets
from bot.core.drift.compare import compare_object
from bot.core.objects.manifest import read_manifests
from bot.core.objects.resolve import resolve
from bot.core.objects.schema import Schemas

DATA = Path(__file__).parents[2] / "data"
CASES = sorted((DATA / "drift").glob("*.yaml"))


@pytest.fixture(scope="module")
def schemas():
    document = yaml.load((DATA / "openapi" / "example.com-v1.yaml").read_text(), yaml.CSafeLoader)
    return Schemas({"example.com/v1": document})


def differences(case, schemas):
    (manifest,) = resolve(
        read_manifests("case.yaml", case["desired"].encode()),
        namespace=case["namespace"] or "default",
        namespaced=lambda _api_version, _kind: case["namespace"] is not None,
    )
    comparison = compare_object(
        manifest, case["live"], schema=schemas, scale_targets=scale_targets(case.get("context") or ())
    )
    if comparison.drift is None:
        return set()
    if comparison.drift.change == "missing":
        return {("missing", "")}
    return {(field.change, field.path) for field in comparison.drift.fields}


def load(path):
    return yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)


def agrees(case, schemas):
    found = differences(case, schemas)
    expected = {(entry["change"], entry["path"]) for entry in case["drift"]}
    allowed = set(case.get("may") or ())
    return expected <= found and all(path in allowed for _, path in found - expected)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_recorded_case_comes_out_as_its_file_says(path, schemas):
    case = load(path)
    expected = {(entry["change"], entry["path"]) for entry in case["drift"]}
    allowed = set(case.get("may") or ())
    found = differences(case, schemas)
    assert {entry for entry in found if entry in expected or entry[1] not in allowed} == expected


def test_the_whole_corpus_agrees_with_and_without_the_schema_of_the_cluster(schemas, capsys):
    cases = {path.stem: load(path) for path in CASES}
    for title, known in (("with the cluster's schema", schemas), ("with our own table alone", Schemas())):
        wrong = [name for name, case in cases.items() if not agrees(case, known)]
        with capsys.disabled():
            print(f"\ndrift corpus, {title}: {len(cases) - len(wrong)} of {len(cases)} agree")
        assert wrong == []
    assert len(cases) >= 88
