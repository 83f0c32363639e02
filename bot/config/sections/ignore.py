"""`ignore`: rules for differences that are not drift."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from bot.config.sections.section import Section
from bot.config.values import FieldManager, Glob, parsed_by
from bot.core.drift.ignore_rules import IgnoreRule, parse_pointer
from bot.core.drift.jq import parse_jq
from bot.core.objects.path import parse_path
from bot.i18n.catalogue import set_aside as texts
from bot.i18n.language import LocalizedText


class IgnoreConfig(Section):
    """An ignore rule with the bot's own `paths`, the keys of Argo CD's `ignoreDifferences`, or both."""

    kind: Glob = Field(default="*", description="a kind such as Deployment, or a pattern")
    namespace: Glob = Field(default="*", description="a namespace or a pattern")
    name: Glob = Field(default="*", description="an object name or a pattern")
    group: Glob = Field(default="*", description='an API group such as apps, "" for the core group, or a pattern')
    paths: tuple[Annotated[str, parsed_by(parse_path)], ...] = Field(
        default=(), description="a list of paths as shown in alerts, such as spec.replicas"
    )
    jsonPointers: tuple[Annotated[str, parsed_by(parse_pointer)], ...] = Field(  # noqa: N815  as Argo CD spells it
        default=(), description="a list of JSON pointers such as /spec/replicas"
    )
    jqPathExpressions: tuple[Annotated[str, parsed_by(parse_jq)], ...] = Field(  # noqa: N815
        default=(), description="a list of jq path expressions such as '.webhooks[]?.clientConfig.caBundle'"
    )
    managedFieldsManagers: tuple[FieldManager, ...] = Field(  # noqa: N815
        default=(), description="a list of field managers or patterns"
    )

    @model_validator(mode="after")
    def _check_not_empty(self) -> Self:
        if not (self.paths or self.jsonPointers or self.jqPathExpressions or self.managedFieldsManagers):
            raise ValueError("ignores nothing; expected paths, such as spec.replicas, or Argo CD's jsonPointers")
        return self

    def rule(self, number: int) -> IgnoreRule:
        """As core's type; `number` is its position in the file, from 1."""
        return IgnoreRule(
            paths=self.paths,
            kind=self.kind,
            namespace=self.namespace,
            name=self.name,
            group=self.group,
            json_pointers=self.jsonPointers,
            jq_path_expressions=self.jqPathExpressions,
            managed_fields_managers=self.managedFieldsManagers,
            title=LocalizedText(texts.CONFIGURED, n=str(number)),
        )
