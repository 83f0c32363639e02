"""Loads the configuration file and the environment into one frozen object at startup.

Scalars are read as written: `branch: 1.10` is the branch 1.10, and `namespace: on` is the namespace on. A key without
a value counts as not set. Secrets come only from the environment and never appear in a `repr`.
"""

import difflib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal, Self, get_args, get_origin
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from bot.core.access.permission import Right, Roles
from bot.core.applications.application import Application
from bot.core.approvals.approval import Automation, Rules
from bot.core.drift.ignore import IgnoreRule, parse_pointer
from bot.core.drift.jq import parse_jq
from bot.core.drift.severity import Severity
from bot.core.git.repository_ref import RepositoryRef
from bot.core.git.target_revision import Newest, TargetRevision
from bot.core.globs import parse_glob
from bot.core.incidents.alerting import Escalation, Policy
from bot.core.incidents.quiet_hours import QuietHours
from bot.core.objects.ownership import INTERACTIVE
from bot.core.objects.path import parse_path
from bot.core.rendering.source import HelmParameters
from bot.i18n.catalogue import aside as texts
from bot.i18n.language import Language, LocalizedText, Translator


class ConfigError(Exception):
    """The configuration is invalid. One line per mistake, `FILE:LINE: KEY: what is wrong and what is expected`."""


# ---------------------------------------------------------------- values

_NO_CREDENTIAL = "must not contain a credential; set secrets in the environment"


def _matching(pattern: str) -> AfterValidator:
    """Require a full match; the field's description says what is expected."""

    def check(text: str) -> str:
        if re.fullmatch(pattern, text) is None:
            raise ValueError
        return text

    return AfterValidator(check)


def _split(text: str) -> SplitResult:
    try:
        return urlsplit(text)
    except ValueError:
        raise ValueError from None  # its own words may quote a password


def _http_url(text: str) -> str:
    parts = _split(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError
    if "@" in parts.netloc:
        raise ValueError(_NO_CREDENTIAL)
    return text.rstrip("/")


def _git_url(text: str) -> str:
    # A leading dash would be read as an option by git, and `ext::` runs a command (gitremote-helpers(7)).
    if not text or text.startswith("-") or "\n" in text or re.match(r"\w+::", text):
        raise ValueError
    if text.startswith(("http://", "https://")):
        _http_url(text)
    if _split(text).password is not None:
        raise ValueError(_NO_CREDENTIAL)
    return text


def _listen(value: object) -> object:
    """Parse `0.0.0.0:3000` or `[::]:3000` into (host, port)."""
    if not isinstance(value, str):
        return value
    host, _, port = value.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ValueError
    return host.removeprefix("[").removesuffix("]"), int(port)


def _duration(value: object) -> object:
    """Parse `30s`, `5m` or `1h30m` into a timedelta."""
    if not isinstance(value, str):
        return value
    match = re.fullmatch(r"(?:(\d{1,4})h)?(?:(\d{1,4})m)?(?:(\d{1,4})s)?", value, re.ASCII)
    hours, minutes, seconds = (int(part or 0) for part in match.groups()) if match else (0, 0, 0)
    duration = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    if not timedelta(0) < duration <= timedelta(days=1):
        raise ValueError
    return duration


def _wall_time(value: object) -> object:
    """Parse `22:00` into a time of day."""
    if not isinstance(value, str):
        return value
    if re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value, re.ASCII) is None:
        raise ValueError
    return time.fromisoformat(value)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError from None


def _inside(text: str) -> str:
    """Normalize a path inside the repository."""
    path = PurePosixPath(text)
    if not text or path.is_absolute() or ".." in path.parts or "\n" in text:
        raise ValueError
    return str(path)


def _revision(text: str) -> str:
    if TargetRevision(text).is_invalid():
        raise ValueError
    return text


def _home(text: object) -> object:
    return os.path.expanduser(text) if isinstance(text, str) else text  # noqa: PTH111  pathlib's raises for ~nobody


def _read_by(read: Callable[[str], object]) -> AfterValidator:
    """Require that `read` accepts the text; its ValueError says what is wrong."""

    def check(text: str) -> str:
        read(text)
        return text

    return AfterValidator(check)


def _store(text: str) -> str:
    """Require a SQLAlchemy URL with a known dialect and an installed driver, without connecting."""
    try:
        url = make_url(text)
        url.get_dialect().import_dbapi()
    except ImportError:
        raise ValueError(
            f"no driver for {url.drivername} is installed; for PostgreSQL: pip install 'gitops-bot[postgresql]'"
        ) from None
    except (ArgumentError, NoSuchModuleError, ValueError):
        raise ValueError from None
    return text


Name = Annotated[str, _matching(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")]
Channel = Annotated[str, _matching(r"[CG][A-Z0-9]{2,}")]
Person = Annotated[str, _matching(r"[^\s@]+(@[^\s@]+)?")]
Duration = Annotated[timedelta, BeforeValidator(_duration)]
WallTime = Annotated[time, BeforeValidator(_wall_time)]
Home = Annotated[Path, BeforeValidator(_home)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
Glob = Annotated[str, _read_by(parse_glob)]
Manager = Annotated[Glob, _matching(r"\S+")]
Allowed = tuple[Annotated[str, _matching(r"\*|[UWS][A-Z0-9]{2,}")], ...]
Owners = tuple[Annotated[str, _matching(r"[UWS][A-Z0-9]{2,}")], ...]

_A_NAME = "a name of at most 63 letters, digits, '.', '_' and '-'"
_A_CHANNEL = "a channel ID such as C0123456789 (in Slack: the channel's name > About, at the bottom)"
_NAMESPACE = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_A_NAMESPACE = "a namespace of at most 63 lowercase letters, digits and '-'"
_A_DURATION = "a duration such as 30s, 5m or 1h30m, from 1s to 24h"
_A_TIME = "a time of day such as '22:00', from '00:00' to '23:59'"
_AN_URL = "an http or https URL"
_WHO_MAY = 'a list of user IDs (U…, W…) and user group IDs (S…), or ["*"] for the whole workspace'


# ---------------------------------------------------------------- sections of the file


class _Section(BaseModel):
    """One mapping of the file. Each field's description completes the sentence "expected …"."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _leave_out_the_empty(cls, data: object) -> object:
        if data is None:
            return {}
        if isinstance(data, dict):
            known = _fields(cls)
            return {key: value for key, value in data.items() if value is not None or key not in known}
        return data


def _fields(section: type[BaseModel]) -> dict[str, FieldInfo]:
    """A section's fields by their key in the file, which can be a Python keyword such as `from`."""
    return {info.alias or name: info for name, info in section.model_fields.items()}


class SlackConfig(_Section):
    """How the bot connects to Slack, and where it posts. `channel` is "" when not set; `api_url` ends with a slash;
    `listen` is the (host, port) of the health page, and of Slack's requests in HTTP mode.
    """

    channel: Channel = Field(default="", description=_A_CHANNEL)
    api_url: Annotated[HttpUrl, AfterValidator(lambda url: f"{url}/")] = Field(
        default="https://slack.com/api/", description=_AN_URL
    )
    revert_allowed: Allowed = Field(default=("*",), description=_WHO_MAY)
    silence_allowed: Allowed = Field(default=("*",), description=_WHO_MAY)
    mode: Literal["socket", "http"] = Field(default="socket", description="socket or http")
    listen: Annotated[tuple[str, int], BeforeValidator(_listen)] = Field(
        default=("0.0.0.0", 3000),  # noqa: S104  kubelet's probes come from outside
        description="an address and port such as 0.0.0.0:3000",
    )
    language: Language = Field(default=Language.ENGLISH, description="en or es")
    people: dict[Person, Annotated[str, _matching(r"[UW][A-Z0-9]{2,}")]] = Field(
        default={},
        description="a mapping of emails or forge logins to user IDs, such as {ana@example.com: U0123456}",
    )
    zone: Annotated[str, _read_by(_zone)] = Field(default="UTC", description="a time zone such as Europe/Madrid")
    languages: dict[Channel, Language] = Field(
        default={}, description="a mapping of channel IDs to en or es, such as {C0987654321: es}"
    )

    def translator(self, channel: str) -> Translator:
        """The translator for a channel's language; direct messages use the default."""
        return Translator(self.languages.get(channel, self.language))


@dataclass(frozen=True, slots=True)
class ForgeKind:
    """One kind of forge: the form of its repository names, its API URL, and the library that it needs."""

    repository: str  # a pattern
    form: str  # the same for people
    api_url: str = ""  # the default; "" where every installation has its own
    own_api_url: str = ""  # its form there
    library: str = ""  # the module that an extra named like `extra` installs
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


class ForgeConfig(_Section):
    """The forge where pull requests are opened. `api_url` has no trailing slash."""

    kind: Literal["github", "gitlab", "bitbucket", "bitbucket-server"] = Field(
        description=f"one of {', '.join(FORGES)}"
    )
    repository: Annotated[str, _matching(r"~?[\w.+-]+(/[\w.+-]+)+")] = Field(
        description="the repository's name on the forge, such as acme/platform"
    )
    api_url: HttpUrl = Field(default="", description=_AN_URL)

    @model_validator(mode="before")
    @classmethod
    def _default_api_url(cls, data: object) -> object:
        if not isinstance(data, dict) or data.get("api_url"):
            return data
        kind = FORGES.get(str(data.get("kind")))
        return {**data, "api_url": kind.api_url} if kind and kind.api_url else data

    @model_validator(mode="after")
    def _as_its_kind(self) -> Self:
        kind = FORGES[self.kind]
        if re.fullmatch(kind.repository, self.repository, re.ASCII) is None:
            raise ValueError(f"repository must have the form {kind.form} on {self.kind}")
        if not self.api_url:
            raise ValueError(f"api_url is missing; on {self.kind} it is {kind.own_api_url}")
        if kind.library and find_spec(kind.library) is None:
            raise ValueError(
                f"kind {self.kind} needs a library that is not installed: pip install 'gitops-bot[{kind.extra}]'"
            )
        return self


class _Automation(_Section):
    """An account that may change some paths without an approval."""

    actor: Annotated[str, _matching(r"[^\s@]+")] = Field(
        description="a forge account such as image-updater[bot], not an email"
    )
    paths: tuple[Annotated[Glob, AfterValidator(_inside)], ...] = Field(
        description="a list of path patterns inside the repository, such as apps/*/images.yaml"
    )


class Approvals(_Section):
    """When a commit on the tracked branch counts as approved, and whether an unapproved one raises an alert."""

    required: int = Field(default=1, ge=1, le=10, description="a number from 1 to 10 (approvals that a change needs)")
    automation: tuple[_Automation, ...] = Field(default=(), description="a list of mappings with actor and paths")
    alert: bool = Field(default=True, description="true or false")
    grace: Duration = Field(default=timedelta(minutes=2), description=_A_DURATION)

    @property
    def rules(self) -> Rules:
        """Convert to the core's type."""
        return Rules(self.required, tuple(Automation(each.actor, each.paths) for each in self.automation))


class RepositoryConfig(_Section):
    """A git repository and its tracked branch; pull requests need a `forge`."""

    url: Annotated[str, AfterValidator(_git_url)] = Field(
        description="a URL or local path that git can fetch, such as https://github.com/acme/platform.git"
    )
    # git-check-ref-format(1), and no leading dash.
    branch: Annotated[
        str, _matching(r"(?![-./])(?!.*(\.\.|//|@\{|/\.|\.lock(/|$)))[^\x00-\x20\x7f~^:?*\[\\]+(?<![./])")
    ] = Field(default="main", description="the name of the tracked branch, such as main")
    forge: ForgeConfig | None = Field(default=None, description="a mapping with kind and repository")
    approvals: Approvals = Field(default=Approvals(), description="a mapping such as {required: 1, alert: true}")


class ClusterConfig(_Section):
    """How to reach a cluster: with neither kubeconfig nor context, it is the one that the bot runs in.

    `discover` lists the deployers whose applications the bot watches, reported in `channel` unless they name another.
    """

    kubeconfig: Home | None = Field(default=None, description="the path to a kubeconfig file")
    context: str | None = Field(default=None, description="the name of a context in the kubeconfig")
    discover: tuple[Literal["argocd", "flux"], ...] = Field(default=(), description="a list of argocd, flux or both")
    channel: Channel = Field(default="", description=_A_CHANNEL)


class Schedule(_Section):
    """How often the bot checks, and how long a rollout may take."""

    drift: Duration = Field(default=timedelta(minutes=5), description=_A_DURATION)
    git: Duration = Field(default=timedelta(seconds=30), description=_A_DURATION)
    second_look: Duration = Field(default=timedelta(seconds=30), description=_A_DURATION)
    rollout: Duration = Field(default=timedelta(seconds=10), description=_A_DURATION)
    rollout_deadline: Duration = Field(default=timedelta(minutes=10), description=_A_DURATION)
    discover: Duration = Field(default=timedelta(minutes=1), description=_A_DURATION)


class _Helm(_Section):
    """What to pass to Helm for an application whose path is a chart."""

    release: Annotated[str, _matching(r"[a-z0-9]([-a-z0-9.]{0,51}[a-z0-9])?")] = Field(
        default="", description="a release name of at most 53 lowercase letters, digits, '-' and '.'"
    )
    namespace: Annotated[str, _matching(_NAMESPACE)] = Field(default="", description=_A_NAMESPACE)
    values: tuple[Annotated[str, _matching(r"[^\n]+")], ...] = Field(
        default=(),
        description="a list of files, relative to the application's path or, with a '/' in front, to the root",
    )
    set: dict[str, str] = Field(default={}, description="a mapping of values, as for helm --set")
    set_string: dict[str, str] = Field(default={}, description="a mapping of values, as for helm --set-string")
    api_versions: tuple[Annotated[str, _matching(r"[\w./-]+")], ...] = Field(
        default=(), description="a list of API versions such as monitoring.coreos.com/v1"
    )
    kube_version: Annotated[str, _matching(r"v?\d+\.\d+(\.\d+)?[-+.\w]*")] = Field(
        default="", description="a Kubernetes version such as 1.33.0"
    )
    crds: bool = Field(default=True, description="true or false")

    def parameters(self) -> HelmParameters:
        """Convert to the core's type."""
        return HelmParameters(
            release=self.release,
            namespace=self.namespace,
            values=self.values,
            set=tuple(self.set.items()),
            set_string=tuple(self.set_string.items()),
            api_versions=self.api_versions,
            kube_version=self.kube_version,
            crds=self.crds,
        )


class _Application(_Section):
    repository: str = Field(description="the name of a configured repository")
    path: Annotated[str, AfterValidator(_inside)] = Field(
        description="a path inside the repository such as apps/shop, without '..' or a leading '/'"
    )
    revision: Annotated[str, AfterValidator(_revision)] = Field(
        default="",
        description="a branch, tag, commit SHA, pattern such as release-* or version range such as '>=1.2 <2'",
    )
    newest: Newest = Field(default=Newest.VERSION, description="version or date")
    cluster: str = Field(description="the name of a configured cluster")
    namespace: Annotated[str, _matching(_NAMESPACE)] = Field(description=_A_NAMESPACE)
    channel: Channel | None = Field(default=None, description=_A_CHANNEL)
    revert_allowed: Allowed | None = Field(default=None, description=_WHO_MAY)
    silence_allowed: Allowed | None = Field(default=None, description=_WHO_MAY)
    owners: Owners = Field(default=(), description="a list of user IDs (U…, W…) and user group IDs (S…)")
    helm: _Helm | None = Field(default=None, description="a mapping such as {values: [values-prod.yaml]}")

    def repository_ref(self, branch: str) -> RepositoryRef:
        """The repository at the revision this application tracks; its own `branch` needs no target revision."""
        own = self.revision in {"", branch}
        return RepositoryRef(self.repository, None if own else TargetRevision(self.revision, self.newest))


class _Escalate(_Section):
    """Who to notify when nobody acknowledges an alert."""

    after: Duration = Field(description=_A_DURATION)
    to: tuple[Annotated[str, _matching(r"[UWS][A-Z0-9]{2,}")], ...] = Field(
        min_length=1, max_length=20, description="a list of 1 to 20 user IDs (U…, W…) and user group IDs (S…)"
    )
    channel: Channel | None = Field(default=None, description=_A_CHANNEL)

    def escalation(self) -> Escalation:
        """Convert to the core's type."""
        return Escalation(self.after, self.to, self.channel)


class _QuietHours(_Section):
    """When alerts that can wait notify nobody."""

    start: WallTime | None = Field(default=None, alias="from", description=_A_TIME)
    end: WallTime | None = Field(default=None, alias="to", description=_A_TIME)
    zone: Annotated[str, _read_by(_zone)] = Field(default="UTC", description="a time zone such as Europe/Madrid")
    days: tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...] = Field(
        default=(), description="a list of days from mon, tue, wed, thu, fri, sat, sun, quiet all day"
    )
    loud: Literal["critical", "serious", "nothing"] = Field(
        default="critical", alias="except", description="critical, serious or nothing"
    )

    @model_validator(mode="after")
    def _say_when(self) -> Self:
        if (self.start is None) != (self.end is None):
            raise ValueError("set both from and to, or neither")
        if self.start is None and not self.days:
            raise ValueError("no time is set; expected from and to, such as {from: '22:00', to: '07:00'}, or days")
        if self.start is not None and self.start == self.end:
            raise ValueError("from and to are the same time; for whole days, use days")
        return self

    def hours(self) -> QuietHours:
        """Convert to the core's type."""
        loud = None if self.loud == "nothing" else Severity[self.loud.upper()]
        return QuietHours(ZoneInfo(self.zone), self.start, self.end, frozenset(self.days), loud)


class Alerts(_Section):
    """When a difference becomes an alert, and how it is reported."""

    looks: int = Field(
        default=2, ge=1, le=10, description="a number from 1 to 10 (checks in a row that must see a difference)"
    )
    quiet_while_rolling: bool = Field(default=True, description="true or false")
    group: int = Field(
        default=5,
        ge=2,
        le=10_000,
        description="a number from 2 to 10000 (alerts at once in a channel that share a card)",
    )
    remind: Duration | None = Field(default=None, description=_A_DURATION)
    escalate: _Escalate | None = Field(default=None, description="a mapping with after and to")
    quiet_hours: _QuietHours | None = Field(default=None, description="a mapping with from, to and zone, or with days")

    def policy(self) -> Policy:
        """Convert to the core's type."""
        return Policy(
            group=self.group,
            remind=self.remind,
            escalate=self.escalate.escalation() if self.escalate else None,
            quiet=self.quiet_hours.hours() if self.quiet_hours else None,
        )


class _Ignore(_Section):
    """An ignore rule with the bot's own `paths`, the keys of Argo CD's `ignoreDifferences`, or both."""

    kind: Glob = Field(default="*", description="a kind such as Deployment, or a pattern")
    namespace: Glob = Field(default="*", description="a namespace or a pattern")
    name: Glob = Field(default="*", description="an object name or a pattern")
    group: Glob = Field(default="*", description='an API group such as apps, "" for the core group, or a pattern')
    paths: tuple[Annotated[str, _read_by(parse_path)], ...] = Field(
        default=(), description="a list of paths as drift reports them, such as spec.replicas"
    )
    jsonPointers: tuple[Annotated[str, _read_by(parse_pointer)], ...] = Field(  # noqa: N815  as Argo CD spells it
        default=(), description="a list of JSON pointers such as /spec/replicas"
    )
    jqPathExpressions: tuple[Annotated[str, _read_by(parse_jq)], ...] = Field(  # noqa: N815
        default=(), description="a list of jq path expressions such as '.webhooks[]?.clientConfig.caBundle'"
    )
    managedFieldsManagers: tuple[Manager, ...] = Field(  # noqa: N815
        default=(), description="a list of field managers or patterns"
    )

    @model_validator(mode="after")
    def _say_what(self) -> Self:
        if not (self.paths or self.jsonPointers or self.jqPathExpressions or self.managedFieldsManagers):
            raise ValueError("ignores nothing; expected paths, such as spec.replicas, or Argo CD's jsonPointers")
        return self

    def rule(self, number: int) -> IgnoreRule:
        """Convert to the core's type."""
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


class _File(_Section):
    slack: SlackConfig = Field(default=SlackConfig(), description="a mapping with channel")
    repositories: dict[Name, RepositoryConfig] = Field(default={}, description=f"a mapping; each key is {_A_NAME}")
    clusters: dict[Name, ClusterConfig] = Field(default={}, description=f"a mapping; each key is {_A_NAME}")
    applications: dict[Name, _Application] = Field(
        default={}, description=f"a mapping of at least one application; each key is {_A_NAME}"
    )
    schedule: Schedule = Field(default=Schedule(), description="a mapping such as {drift: 5m, git: 30s}")
    alerts: Alerts = Field(default=Alerts(), description="a mapping such as {looks: 2, quiet_while_rolling: true}")
    store: Annotated[str, AfterValidator(_store)] = Field(
        default="sqlite:///state.db",
        description="a SQLAlchemy URL such as sqlite:///state.db or postgresql+psycopg://user@host/database",
    )
    mirrors: Home = Field(default=Path("mirrors"), description="the path to a directory")
    ignore: tuple[_Ignore, ...] = Field(default=(), description="a list of rules, each with paths")
    interactive: tuple[Manager, ...] = Field(
        default=INTERACTIVE, description="a list of field managers or patterns, such as kubectl-*"
    )


# ---------------------------------------------------------------- the result


_NO_APP_KEY = (
    "GITHUB_APP_PRIVATE_KEY is not set, but GITHUB_APP_ID is. Generate a key in the GitHub App's settings > Private"
    " keys, and set the variable to the whole PEM text."
)
_NO_APP_ID = (
    "GITHUB_APP_ID is not set, but GITHUB_APP_PRIVATE_KEY is. Copy the App ID from the GitHub App's settings > About."
)
_NO_GITHUB_TOKEN = (
    "GITHUB_TOKEN is not set: opening pull requests needs a token that can write contents and pull requests."  # noqa: S105
    " Create one at github.com/settings/personal-access-tokens, or set GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY of a"
    " GitHub App."
)


@dataclass(frozen=True, slots=True)
class Credentials:
    """Secrets from the environment; None when a variable is unset or empty."""

    slack_bot_token: str | None = field(default=None, repr=False)
    slack_app_token: str | None = field(default=None, repr=False)
    slack_signing_secret: str | None = field(default=None, repr=False)
    github_token: str | None = field(default=None, repr=False)
    github_app_id: str | None = field(default=None, repr=False)
    github_app_private_key: str | None = field(default=None, repr=False)
    gitlab_token: str | None = field(default=None, repr=False)
    bitbucket_token: str | None = field(default=None, repr=False)
    webhook_secret: str | None = field(default=None, repr=False)

    def other_kinds(self) -> list[str]:
        """A sentence for each Slack token that is of the wrong kind."""
        kinds = (("SLACK_BOT_TOKEN", self.slack_bot_token, "xoxb-"), ("SLACK_APP_TOKEN", self.slack_app_token, "xapp-"))
        return [
            f"{variable} holds the wrong kind of token: it must start with {prefix}. Are the two tokens swapped?"
            for variable, token, prefix in kinds
            if token and not token.startswith(prefix)
        ]

    def missing_for_github(self) -> list[str]:
        """A sentence if a credential for GitHub is missing."""
        if self.github_token or (self.github_app_id and self.github_app_private_key):
            return []
        if self.github_app_id:
            return [_NO_APP_KEY]
        if self.github_app_private_key:
            return [_NO_APP_ID]
        return [_NO_GITHUB_TOKEN]

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Self:
        r"""Read the variables named after the fields. A private key may be on one line, with \n for line breaks."""
        values = {name: environ.get(name.upper(), "").strip() or None for name in cls.__slots__}
        if key := values["github_app_private_key"]:
            values["github_app_private_key"] = key.replace("\\n", "\n")
        return cls(**values)


@dataclass(frozen=True, slots=True)
class Config:
    """The whole configuration; in the running bot, `applications` is kept current and includes discovered ones.

    `store` is a SQLAlchemy URL and may contain a password. Relative paths, also in `store` and `mirrors`, are relative
    to the working directory. `interactive` holds patterns of field managers that are people.
    """

    slack: SlackConfig
    repositories: Mapping[str, RepositoryConfig]
    clusters: Mapping[str, ClusterConfig]
    applications: Mapping[str, Application]
    roles: Roles
    schedule: Schedule
    alerts: Alerts
    store: str = field(repr=False)
    mirrors: Path
    ignore: tuple[IgnoreRule, ...]
    interactive: tuple[str, ...]
    credentials: Credentials

    @property
    def zone(self) -> ZoneInfo:
        """The time zone for people whose own is not known."""
        return ZoneInfo(self.slack.zone)

    def missing_for_run(self) -> list[str]:
        """A sentence for each missing setting that `run` needs and `check` does not, with where to get it."""
        have = self.credentials
        missing = have.other_kinds()
        if not self.slack.channel:
            missing.append(f"slack.channel is not set: alerts and reports need a channel. Set it to {_A_CHANNEL}.")
        if not have.slack_bot_token:
            missing.append(
                "SLACK_BOT_TOKEN is not set: posting to Slack needs a bot token (xoxb-…)."
                " Install the app, then copy the token at api.slack.com/apps > OAuth & Permissions."
            )
        if self.slack.mode == "socket" and not have.slack_app_token:
            missing.append(
                "SLACK_APP_TOKEN is not set: Socket Mode needs an app-level token (xapp-…) with connections:write."
                " Create one at api.slack.com/apps > Basic Information > App-Level Tokens."
            )
        if self.slack.mode == "http" and not have.slack_signing_secret:
            missing.append(
                "SLACK_SIGNING_SECRET is not set: HTTP mode verifies Slack's requests with it."
                " Copy it at api.slack.com/apps > Basic Information > App Credentials."
            )
        kinds = {repository.forge.kind for repository in self.repositories.values() if repository.forge}
        if "github" in kinds:
            missing.extend(have.missing_for_github())
        if "gitlab" in kinds and not have.gitlab_token:
            missing.append(
                "GITLAB_TOKEN is not set: opening merge requests needs an access token with the scope api and the role"
                " Developer. Create one in the project or group at Settings > Access tokens."
            )
        if kinds & {"bitbucket", "bitbucket-server"} and not have.bitbucket_token:
            missing.append(
                "BITBUCKET_TOKEN is not set: opening pull requests needs an access token that can write repositories"
                " and pull requests. Create one in the repository at Settings > Access tokens (Data Center: HTTP access"
                " tokens)."
            )
        return missing


# ---------------------------------------------------------------- reading


def load(path: Path, environ: Mapping[str, str]) -> Config:
    """Load the file, and the secrets and DATABASE_URL from `environ`. ConfigError lists every mistake."""
    source = _Source(path)
    mistakes = list(source.mistakes)
    parsed = None
    try:
        parsed = _File.model_validate(source.data)
    except ValidationError as error:
        mistakes += [_explain(detail) for detail in error.errors(include_url=False, include_input=False)]
    mistakes += _dangling(source.data)
    if parsed and not parsed.applications and not any(each.discover for each in parsed.clusters.values()):
        expected = _schema(("applications",))[1]
        mistakes.append((("applications",), f"missing; expected {expected}, or discover on a cluster"))
    lines = [source.error_line(place, text) for place, text in sorted(mistakes, key=lambda m: source.line(m[0]))]

    store = environ.get("DATABASE_URL", "").strip()
    try:
        _store(store or "sqlite://")
    except ValueError as error:
        lines.append(f"DATABASE_URL: {error}" if str(error) else f"DATABASE_URL: expected {_schema(('store',))[1]}")
    if lines or parsed is None:
        raise ConfigError("\n".join(lines))
    return Config(
        slack=parsed.slack,
        repositories=parsed.repositories,
        clusters=parsed.clusters,
        applications={
            name: Application(
                name=name,
                repository=told.repository_ref(parsed.repositories[told.repository].branch),
                path=told.path,
                cluster=told.cluster,
                namespace=told.namespace,
                channel=told.channel or parsed.slack.channel,
                owners=told.owners,
                helm=told.helm.parameters() if told.helm else None,
            )
            for name, told in parsed.applications.items()
        },
        roles=_roles(parsed),
        schedule=parsed.schedule,
        alerts=parsed.alerts,
        store=store or parsed.store,
        mirrors=parsed.mirrors,
        ignore=tuple(rule.rule(number) for number, rule in enumerate(parsed.ignore, 1)),
        interactive=parsed.interactive,
        credentials=Credentials.of(environ),
    )


def _roles(parsed: _File) -> Roles:
    own = {
        name: {Right.REVERT: told.revert_allowed, Right.SILENCE: told.silence_allowed}
        for name, told in parsed.applications.items()
    }
    return Roles(
        workspace={Right.REVERT: parsed.slack.revert_allowed, Right.SILENCE: parsed.slack.silence_allowed},
        applications={
            name: {right: allowed for right, allowed in rules.items() if allowed is not None}
            for name, rules in own.items()
        },
    )


_Place = tuple[str | int, ...]  # ("applications", "shop", "path"), ("ignore", 0)
_Mistake = tuple[_Place, str]


class _Source:
    """A YAML file as nested dicts, lists and strings, and the line of each key and value."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines: dict[_Place, int] = {}
        self.mistakes: list[_Mistake] = []
        try:
            root = yaml.compose(path.read_bytes(), Loader=yaml.BaseLoader)
            data = self._plain(root, ()) if root is not None else None
        except OSError as error:
            raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            where = f"{path}:{mark.line + 1}" if mark else f"{path}"
            raise ConfigError(f"{where}: invalid YAML: {error.problem or error.context}") from None
        except yaml.YAMLError as error:
            raise ConfigError(f"{path}: invalid YAML: {str(error).splitlines()[0]}") from None
        except RecursionError:
            raise ConfigError(f"{path}: nested too deeply, or an alias that refers to itself") from None
        if not isinstance(data, dict):
            found = "empty" if data is None else "not a mapping"
            raise ConfigError(f"{path}: {found}; expected keys such as slack, repositories, clusters and applications")
        self.data: dict[str, Any] = data

    def _plain(self, node: yaml.Node, place: _Place) -> Any:
        self._lines.setdefault(place, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place)
        if isinstance(node, yaml.SequenceNode):
            return [self._plain(item, (*place, index)) for index, item in enumerate(node.value)]
        plain = isinstance(node, yaml.ScalarNode) and node.style is None
        return None if plain and node.value in {"", "~", "null"} else node.value

    def _mapping(self, node: yaml.MappingNode, place: _Place) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else "?"
            here = (*place, name)
            if name in data:
                self.mistakes.append((here, f"duplicate key; set again on line {key.start_mark.line + 1}"))
                continue
            self._lines[here] = key.start_mark.line + 1
            data[name] = self._plain(value, here)
        return data

    def line(self, place: _Place) -> int:
        """The line of a place, or of its nearest parent in the file."""
        while place not in self._lines:
            place = place[:-1]
        return self._lines[place]

    def error_line(self, place: _Place, text: str) -> str:
        return f"{self._path}:{self.line(place)}: {_dotted(place)}: {text}"


def _dotted(place: _Place) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).removeprefix(".")


def _explain(detail: ErrorDetails) -> _Mistake:
    """Describe one of pydantic's errors, without the value: it may be a misplaced secret."""
    place = detail["loc"]
    if place[-1] == "[key]":
        expected = _schema(place[:-1])[1] if place[0] == "slack" else _A_NAME
        return place[:-1], f"expected {expected}"
    if detail["type"] == "extra_forbidden":
        return place, _unknown(str(place[-1]), "key", _fields(_schema(place[:-1])[0]))
    section, expected = _schema(place)
    if detail["type"] == "model_type":
        expected = f"a mapping with the keys {', '.join(_fields(section))}"
    expected = f"expected {expected}"
    if detail["type"] == "missing":
        return place, f"missing; {expected}"
    reason = str(detail.get("ctx", {}).get("error", ""))
    return place, reason or expected


def _unknown(name: str, what: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    if close:
        return f"unknown {what}; did you mean '{close[0]}'?"
    if re.search(r"token|secret|password|private", name, re.IGNORECASE):
        return f"unknown {what}; set secrets in the environment, such as SLACK_BOT_TOKEN and GITHUB_TOKEN"
    names = ", ".join(sorted(known))
    return f"unknown {what}; expected one of {names}" if names else f"unknown {what}; none is configured"


def _dangling(data: Mapping[str, Any]) -> Iterator[_Mistake]:
    """References to undefined repositories and clusters, found in the raw data to report them with other mistakes."""
    applications = data.get("applications")
    for name, told in applications.items() if isinstance(applications, dict) else ():
        for key, section in (("repository", "repositories"), ("cluster", "clusters")):
            known = data.get(section) or {}
            wanted = told.get(key) if isinstance(told, dict) else None
            if isinstance(wanted, str) and isinstance(known, dict) and wanted not in known:
                yield ("applications", name, key), _unknown(wanted, key, known)


def _schema(place: _Place) -> tuple[type[_Section], str]:
    """The section at or around a place, and the description of the innermost field on its path."""
    section: type[_Section] = _File
    expected = ""
    parts = iter(place)
    for part in parts:
        info = _fields(section).get(str(part))
        if info is None:
            break
        expected = info.description or ""
        inner = _section_in(info.annotation)
        if inner is None:
            break
        section = inner
        if get_origin(info.annotation) in {dict, tuple}:
            next(parts, None)  # the name or number of one of them
    return section, expected


def _section_in(annotation: object) -> type[_Section] | None:
    if isinstance(annotation, type) and issubclass(annotation, _Section):
        return annotation
    return next(filter(None, map(_section_in, get_args(annotation))), None)
