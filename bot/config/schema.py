"""The JSON schema of the configuration file, for editors, in `docs/configuration.schema.json`."""

from collections.abc import Mapping
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from bot.config.sections.file import ConfigFile

_DURATION = "^([0-9]+h)?([0-9]+m)?([0-9]+s)?$"


def json_schema() -> Mapping[str, Any]:
    """The schema of the whole file. It is more lenient than the bot, which also checks references and formats."""
    schema = ConfigFile.model_json_schema(schema_generator=_Generator)
    return {"$schema": GenerateJsonSchema.schema_dialect, **schema, "title": "Configuration of gitops-bot"}


class _Generator(GenerateJsonSchema):
    """Describes scalars as written in the file."""

    def str_schema(self, schema: core_schema.StringSchema) -> JsonSchemaValue:
        # `branch: 1.10` and `namespace: on` are taken literally, but editors read a number and a boolean.
        return {**super().str_schema(schema), "type": ["string", "number", "boolean"]}

    def timedelta_schema(self, _: core_schema.TimedeltaSchema) -> JsonSchemaValue:
        return {"type": "string", "pattern": _DURATION}

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        # The defaults of sections and durations aren't in the file's format; docs/configuration.md has them.
        return {key: value for key, value in super().default_schema(schema).items() if key != "default"}

    def field_title_should_be_set(self, _: Any) -> bool:
        return False
