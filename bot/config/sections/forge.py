"""`repositories.NAME.forge`: the kinds of forge, and where pull requests are opened."""

import re
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from bot.config.sections.section import Section
from bot.config.values import HttpUrl, matching


@dataclass(frozen=True, slots=True)
class ForgeKind:
    """One kind of forge: the form of its repository names, its API URL, and the library that it needs."""

    repository: str  # a regular expression
    form: str  # the same format, for people
    api_url: str = ""  # the default; "" if every installation has its own
    own_api_url: str = ""  # its format in that case
    library: str = ""  # the module from the extra `extra`
    extra: str = ""


FORGES = {
    "github": ForgeKind(r"[\w.-]+/[\w.-]+", "owner/name", "https://api.github.com"),
    "gitlab": ForgeKind(
        r"[\w.+-]+(/[\w.+-]+)+",
        "group/project or group/sub/project",
        "https://gitlab.com/api/v4",
        library="gitlab",
        extra="gitlab",
    ),
    "bitbucket": ForgeKind(
        r"[\w.-]+/[\w.-]+",
        "workspace/repository",
        "https://api.bitbucket.org/2.0",
        library="atlassian",
        extra="bitbucket",
    ),
    "bitbucket-server": ForgeKind(
        r"~?[\w.-]+/[\w.-]+",
        "PROJECT/repository",
        own_api_url="https://HOST/rest/api/latest",
        library="atlassian",
        extra="bitbucket",
    ),
}


class ForgeConfig(Section):
    """The forge where pull requests are opened. `api_url` has no trailing slash."""

    kind: Literal["github", "gitlab", "bitbucket", "bitbucket-server"] = Field(
        description=f"one of {', '.join(FORGES)}"
    )
    repository: Annotated[str, matching(r"~?[\w.+-]+(/[\w.+-]+)+")] = Field(
        description="the repository's name on the forge, such as acme/platform"
    )
    api_url: HttpUrl = ""

    @model_validator(mode="before")
    @classmethod
    def _default_api_url(cls, data: object) -> object:
        if not isinstance(data, dict) or data.get("api_url"):
            return data
        kind = FORGES.get(str(data.get("kind")))
        return {**data, "api_url": kind.api_url} if kind and kind.api_url else data

    @model_validator(mode="after")
    def _check_against_kind(self) -> Self:
        kind = FORGES[self.kind]
        if re.fullmatch(kind.repository, self.repository, re.ASCII) is None:
            raise ValueError(f"repository must have the form {kind.form} for {self.kind}")
        if not self.api_url:
            raise ValueError(f"api_url is missing; for {self.kind}, it is {kind.own_api_url}")
        if kind.library and find_spec(kind.library) is None:
            raise ValueError(
                f"kind {self.kind} needs a library that is not installed: pip install 'gitops-bot[{kind.extra}]'"
            )
        return self
