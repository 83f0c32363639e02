"""Loads the configuration file and the environment."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from bot.config.credentials import Credentials
from bot.config.environment import malformed
from bot.config.errors import ConfigError, Mistake
from bot.config.mistakes import expected_at, explain, no_value, undefined_references
from bot.config.model import Config
from bot.config.sections.file import ConfigFile
from bot.config.values import check_database_url
from bot.config.yaml_file import YamlFile
from bot.core.access.permission import Right, Roles


def load(path: Path, environ: Mapping[str, str]) -> Config:
    """Load the file, and the secrets and DATABASE_URL from `environ`. Raises ConfigError with every mistake."""
    source = YamlFile(path)
    file, mistakes = _validate(source)
    problems = [source.report(mistake) for mistake in mistakes]
    database_url = environ.get("DATABASE_URL", "").strip()
    if database_url:
        try:
            check_database_url(database_url)
        except ValueError as error:
            problems.append(f"DATABASE_URL: {str(error) or 'expected ' + expected_at(('store',))}")
    problems += malformed(environ)
    if problems or file is None:
        raise ConfigError(*problems)
    return Config(
        slack=file.slack,
        repositories=file.repositories,
        clusters=file.clusters,
        bases=file.bases,
        charts=file.charts,
        applications={
            name: application.application(name, file.repositories[application.repository].branch, file.slack.channel)
            for name, application in file.applications.items()
        },
        roles=_roles(file),
        schedule=file.schedule,
        rollouts=file.rollouts,
        alerts=file.alerts,
        events=file.events,
        store=database_url or file.store,
        mirrors=file.mirrors,
        ignore=tuple(rule.rule(number) for number, rule in enumerate(file.ignore, 1)),
        interactive=file.interactive,
        credentials=Credentials.from_environment(environ),
    )


def _validate(source: YamlFile) -> tuple[ConfigFile | None, list[Mistake]]:
    """The file, or None if it is invalid, and every mistake in it, in order of lines."""
    file = None
    mistakes = list(source.duplicates)
    mistakes += [no_value(location) for location in source.commented_out]
    try:
        file = ConfigFile.model_validate(source.data)
    except ValidationError as error:
        mistakes += map(explain, error.errors(include_url=False, include_input=False))
    mistakes += undefined_references(source.data)
    if file and not file.applications and not any(cluster.discover for cluster in file.clusters.values()):
        text = "no application is configured; add at least one, or set discover on a cluster"
        mistakes.append(Mistake(("applications",), text))
    return file, sorted(mistakes, key=lambda mistake: source.line(mistake.location))


def _roles(file: ConfigFile) -> Roles:
    applications = {
        name: {Right.REVERT: application.revert_allowed, Right.SILENCE: application.silence_allowed}
        for name, application in file.applications.items()
    }
    return Roles(
        workspace={Right.REVERT: file.slack.revert_allowed, Right.SILENCE: file.slack.silence_allowed},
        applications={
            name: {right: allowed for right, allowed in rules.items() if allowed is not None}
            for name, rules in applications.items()
        },
    )
