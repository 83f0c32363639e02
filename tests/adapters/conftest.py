"""GitHub's own OpenAPI description, which requests and responses must match."""

import json
import re
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from aiohttp import web
from openapi_schema_validator import OAS30Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

ROOT = Path(__file__).parents[2]
NAME = "urn:github"
# GitHub describes these once for all operations: https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api
ANYWHERE = {401, 403, 404, 429, 500, 502, 503}


@dataclass(frozen=True)
class Exchange:
    """One request and its response; `path` is below the API's root, bodies are JSON or None."""

    method: str
    path: str
    request_body: Any
    status: int
    response_body: Any


@dataclass(frozen=True)
class Operation:
    method: str
    template: str
    pattern: re.Pattern[str]
    specification: dict[str, Any]


class Description:
    """The published description, with the operations it has and the schemas of their requests and responses."""

    def __init__(self, path: Path) -> None:
        self._document = json.loads(path.read_bytes())
        resource = Resource(contents=self._document, specification=DRAFT4)
        self._registry = Registry().with_resource(NAME, resource)
        self._operations = [
            Operation(method.upper(), template, self._pattern(template, specification), specification)
            for template, methods in self._document["paths"].items()
            for method, specification in methods.items()
            if method in {"get", "post", "put", "patch", "delete"}
        ]

    def mismatches(self, method: str, path: str, request_body: Any, status: int, response_body: Any) -> list[str]:
        """How a request and its response differ from the description, one sentence for each difference."""
        exchange = Exchange(method, path, request_body, status, response_body)
        parts = urlsplit(exchange.path)
        operation = self._operation(exchange.method, parts.path)
        if operation is None:
            return [f"GitHub has no operation {exchange.method} {parts.path}"]
        mismatches = [*self._request(operation, parse_qsl(parts.query), exchange), *self._response(operation, exchange)]
        return [f"{exchange.method} {operation.template} {exchange.status}: {mismatch}" for mismatch in mismatches]

    def _operation(self, method: str, path: str) -> Operation | None:
        matching = [item for item in self._operations if item.method == method and item.pattern.fullmatch(path)]
        # The most specific one: `{ref}` also matches `main/status`.
        return min(matching, key=lambda item: (item.template.count("{"), -len(item.template)), default=None)

    def _request(self, operation: Operation, query: list[tuple[str, str]], exchange: Exchange) -> list[str]:
        parameters = self._parameters(operation.specification)
        mismatches = []
        for name, text in query:
            if parameters.get(name, {}).get("in") != "query":
                mismatches.append(f"there is no parameter {name}")
                continue
            schema = parameters[name]["schema"]
            value = int(text) if schema.get("type") == "integer" and text.isdigit() else text
            mismatches += self._errors(schema, value, f"the parameter {name}")
        body = self._dereferenced(operation.specification.get("requestBody", {}))
        if content := body.get("content", {}).get("application/json"):
            if exchange.request_body is None:
                return [*mismatches, "the body is missing"] if body.get("required") else mismatches
            return mismatches + self._errors(content["schema"], exchange.request_body, "the body")
        return mismatches if exchange.request_body is None else [*mismatches, "it takes no body"]

    def _response(self, operation: Operation, exchange: Exchange) -> list[str]:
        response = operation.specification["responses"].get(str(exchange.status))
        if response is None:
            if exchange.status not in ANYWHERE:
                return [f"GitHub never answers {exchange.status} to that"]
            if exchange.response_body is None:  # not from the API itself, but from a proxy in front of it
                return []
            return self._errors({"$ref": "#/components/schemas/basic-error"}, exchange.response_body, "the answer")
        content = self._dereferenced(response).get("content", {}).get("application/json")
        return self._errors(content["schema"], exchange.response_body, "the answer") if content else []

    def _errors(self, schema: dict[str, Any], value: Any, what: str) -> list[str]:
        errors = sorted(self._validator(json.dumps(schema)).iter_errors(value), key=lambda error: list(error.path))
        return [f"{what} at {error.json_path}: {error.message[:300]}" for error in errors]

    @cache  # noqa: B019  one description lives as long as the tests
    def _validator(self, schema: str) -> OAS30Validator:
        absolute = json.loads(schema.replace('"#/', f'"{NAME}#/'))
        return OAS30Validator(absolute, registry=self._registry, format_checker=OAS30Validator.FORMAT_CHECKER)

    def _dereferenced(self, node: dict[str, Any]) -> dict[str, Any]:
        if "$ref" not in node:
            return node
        target = self._document
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        return target

    def _parameters(self, specification: dict[str, Any]) -> dict[str, dict[str, Any]]:
        parameters = map(self._dereferenced, specification.get("parameters", []))
        return {parameter["name"]: parameter for parameter in parameters}

    def _pattern(self, template: str, specification: dict[str, Any]) -> re.Pattern[str]:
        parameters = self._parameters(specification)

        def group(name: str) -> str:
            return ".+" if parameters.get(name, {}).get("x-multi-segment") else "[^/]+"

        return re.compile(re.sub(r"\\\{([\w-]+)\\\}", lambda match: group(match[1]), re.escape(template)))


@pytest.fixture(scope="session")
def github_description():
    script = [ROOT / "scripts" / "need-github-openapi"]
    process = subprocess.run(script, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr
    return Description(Path(process.stdout.strip()))


@pytest.fixture
def as_github_describes(github_description):
    """Records what an application exchanges below /api/v3, all of which must match when the test ends."""
    exchanges: list[tuple[Any, ...]] = []

    @web.middleware
    async def record(request, handler):
        if not request.path.startswith("/api/v3/"):
            return await handler(request)
        raw = await request.read()
        answer = await handler(request)
        path = str(request.rel_url).removeprefix("/api/v3")
        is_json = answer.content_type == "application/json" and answer.body
        response_body = json.loads(answer.body) if is_json else None
        request_body = json.loads(raw) if raw else None
        exchanges.append((request.method, path, request_body, answer.status, response_body))
        return answer

    yield lambda app: app.middlewares.insert(0, record)
    mismatches = [mismatch for exchange in exchanges for mismatch in github_description.mismatches(*exchange)]
    assert not mismatches, "\n".join(dict.fromkeys(mismatches))
