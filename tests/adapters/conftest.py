"""GitHub's own OpenAPI description, which calls and answers must follow."""

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
    """One call of the API's and its answer; `path` is below the API's root, bodies are JSON or None."""

    method: str
    path: str
    asked: Any
    status: int
    answered: Any


@dataclass(frozen=True)
class Operation:
    method: str
    template: str
    pattern: re.Pattern[str]
    described: dict[str, Any]


class Description:
    """The published description: every call must be one that it knows, every answer of the shape it gives."""

    def __init__(self, path: Path) -> None:
        self._document = json.loads(path.read_bytes())
        resource = Resource(contents=self._document, specification=DRAFT4)
        self._registry = Registry().with_resource(NAME, resource)
        self._operations = [
            Operation(method.upper(), template, self._pattern(template, described), described)
            for template, methods in self._document["paths"].items()
            for method, described in methods.items()
            if method in {"get", "post", "put", "patch", "delete"}
        ]

    def mistakes(self, *told: Any) -> list[str]:
        """What of a call or its answer (an Exchange's fields) is not as described, a sentence each."""
        exchange = Exchange(*told)
        parts = urlsplit(exchange.path)
        operation = self._operation(exchange.method, parts.path)
        if operation is None:
            return [f"{exchange.method} {parts.path} is no call that GitHub knows"]
        found = [*self._asked(operation, parse_qsl(parts.query), exchange), *self._answered(operation, exchange)]
        return [f"{exchange.method} {operation.template} {exchange.status}: {mistake}" for mistake in found]

    def _operation(self, method: str, path: str) -> Operation | None:
        fitting = [each for each in self._operations if each.method == method and each.pattern.fullmatch(path)]
        return min(fitting, key=lambda each: each.template.count("{"), default=None)

    def _asked(self, operation: Operation, query: list[tuple[str, str]], exchange: Exchange) -> list[str]:
        parameters = {each["name"]: each for each in map(self._followed, operation.described.get("parameters", []))}
        mistakes = []
        for name, text in query:
            if parameters.get(name, {}).get("in") != "query":
                mistakes.append(f"there is no parameter {name}")
                continue
            schema = parameters[name]["schema"]
            value = int(text) if schema.get("type") == "integer" and text.isdigit() else text
            mistakes += self._unlike(schema, value, f"the parameter {name}")
        body = self._followed(operation.described.get("requestBody", {}))
        if content := body.get("content", {}).get("application/json"):
            if exchange.asked is None:
                return [*mistakes, "the body is missing"] if body.get("required") else mistakes
            return mistakes + self._unlike(content["schema"], exchange.asked, "the body")
        return mistakes if exchange.asked is None else [*mistakes, "it takes no body"]

    def _answered(self, operation: Operation, exchange: Exchange) -> list[str]:
        described = operation.described["responses"].get(str(exchange.status))
        if described is None:
            if exchange.status not in ANYWHERE:
                return [f"GitHub never answers {exchange.status} to that"]
            if exchange.answered is None:  # not the API's own, but of what stands before it
                return []
            return self._unlike({"$ref": "#/components/schemas/basic-error"}, exchange.answered, "the answer")
        content = self._followed(described).get("content", {}).get("application/json")
        return self._unlike(content["schema"], exchange.answered, "the answer") if content else []

    def _unlike(self, schema: dict[str, Any], value: Any, what: str) -> list[str]:
        errors = sorted(self._validator(json.dumps(schema)).iter_errors(value), key=lambda each: list(each.path))
        return [f"{what} at {error.json_path}: {error.message[:300]}" for error in errors]

    @cache  # noqa: B019  one description lives as long as the tests
    def _validator(self, schema: str) -> OAS30Validator:
        whole = json.loads(schema.replace('"#/', f'"{NAME}#/'))
        return OAS30Validator(whole, registry=self._registry, format_checker=OAS30Validator.FORMAT_CHECKER)

    def _followed(self, described: dict[str, Any]) -> dict[str, Any]:
        if "$ref" not in described:
            return described
        found = self._document
        for part in described["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        return found

    def _pattern(self, template: str, described: dict[str, Any]) -> re.Pattern[str]:
        parameters = {each["name"]: each for each in map(self._followed, described.get("parameters", []))}

        def group(name: str) -> str:
            return ".+" if parameters.get(name, {}).get("x-multi-segment") else "[^/]+"

        return re.compile(re.sub(r"\\\{([\w-]+)\\\}", lambda each: group(each[1]), re.escape(template)))


@pytest.fixture(scope="session")
def github_description():
    needed = [ROOT / "scripts" / "need-github-openapi"]
    done = subprocess.run(needed, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return Description(Path(done.stdout.strip()))


@pytest.fixture
def as_github_describes(github_description):
    """Watches an application's API below /api/v3; at the end of the test all that was said must be as described."""
    exchanges: list[tuple[Any, ...]] = []

    @web.middleware
    async def watch(request, handler):
        if not request.path.startswith("/api/v3/"):
            return await handler(request)
        raw = await request.read()
        answer = await handler(request)
        path = str(request.rel_url).removeprefix("/api/v3")
        is_json = answer.content_type == "application/json" and answer.body
        answered = json.loads(answer.body) if is_json else None
        exchanges.append((request.method, path, json.loads(raw) if raw else None, answer.status, answered))
        return answer

    yield lambda app: app.middlewares.insert(0, watch)
    mistakes = [mistake for exchange in exchanges for mistake in github_description.mistakes(*exchange)]
    assert not mistakes, "\n".join(dict.fromkeys(mistakes))
