"""The JSON schema of the configuration: generated from the models, and true to what the bot accepts.

`UPDATE_GOLDEN=1 pytest tests/test_config_schema.py` writes it.
"""

import json
import os
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from bot.config.schema import json_schema

DOCS = Path(__file__).parents[1] / "docs"
FILE = DOCS / "configuration.schema.json"
EXAMPLES = {
    f"{page.name} {number}": example
    for page in (DOCS.parent / "README.md", *DOCS.glob("*.md"))
    for number, example in enumerate(
        re.findall(r"^ *```yaml\n(.*?)^ *```", page.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    )
    if re.search(r"^ *(repositories|applications|slack|clusters):", example, re.MULTILINE)
}


def errors(text):
    """What the schema rejects, as `path: message`. Examples may leave out what does not matter to them."""
    validator = jsonschema.Draft202012Validator(json_schema())
    found = validator.iter_errors(yaml.safe_load(text))
    return [f"{error.json_path}: {error.message}" for error in found if error.validator != "required"]


def test_the_file_is_the_schema_of_the_models():
    text = json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        FILE.write_text(text, encoding="utf-8")
    assert FILE.read_text("utf-8") == text


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
def test_the_schema_accepts_every_example_of_the_documentation(example):
    assert errors(example) == []


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("applications: {shop: {clustr: prod}}", "$.applications.shop"),
        ("schedule: {drift: often}", "$.schedule.drift"),
        ("clusters: {prod: {discover: [jenkins]}}", "$.clusters.prod.discover[0]"),
        ("alerts: {looks: 11}", "$.alerts.looks"),
    ],
)
def test_the_schema_rejects_mistakes(text, path):
    assert any(error.startswith(f"{path}: ") for error in errors(text))


@pytest.mark.parametrize("branch", ["1.10", "main", "on"])
def test_scalars_that_are_taken_literally_are_no_mistakes(branch):
    assert errors(f"repositories: {{platform: {{url: https://git.example/a.git, branch: {branch}}}}}") == []
