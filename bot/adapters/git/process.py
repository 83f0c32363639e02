"""One git process: hardened, with a bounded time, and configured only by its environment."""

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import git

from bot.adapters.git.errors import disk_errors
from bot.i18n.catalogue import repository as texts
from bot.i18n.language import LocalizedText
from bot.ports.git import RepositoryError

_IDENTITY = {
    f"GIT_{role}_{field}": value
    for role in ("AUTHOR", "COMMITTER")
    for field, value in (("NAME", "gitops-bot"), ("EMAIL", "gitops-bot@users.noreply.invalid"))
}
_HARDENED = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_PARAMETERS": "",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "",
    "SSH_ASKPASS": "",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TRACE_REDACT": "1",
}
_SSH = {"GIT_SSH_COMMAND": "ssh -oBatchMode=yes -oConnectTimeout=15 -oServerAliveInterval=15 -oServerAliveCountMax=4"}
_CONFIG = (
    ("core.hooksPath", os.devnull),
    ("credential.helper", ""),
    ("safe.directory", "*"),  # a mounted volume often belongs to another user than the bot runs as
    ("http.lowSpeedLimit", "1000"),  # bytes a second
    ("http.lowSpeedTime", "30"),
    ("log.showSignature", "false"),
)


@dataclass(frozen=True, slots=True)
class Output:
    """How a git process ended and what it printed."""

    status: int
    stdout: bytes
    stderr: str


def run_git(
    argv: Sequence[str],
    *,
    git_dir: Path,
    objects: Path,
    allowed_protocols: str,
    seconds: float,
    stdin: bytes = b"",
    config: Sequence[tuple[str, str]] = (),
    index: Path | None = None,
) -> Output:
    """Run one git by argument list, whatever its status. RepositoryError when it cannot be run.

    It reads objects from `git_dir` and `objects`, and writes them to `objects`. After `seconds` it is killed.
    """
    settings = (*_CONFIG, *config)
    environment = {
        **({} if "GIT_SSH_COMMAND" in os.environ else _SSH),
        **_HARDENED,
        **_IDENTITY,
        "GIT_ALLOW_PROTOCOL": allowed_protocols,
        "GIT_DIR": str(git_dir),
        "GIT_OBJECT_DIRECTORY": str(objects),
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(git_dir / "objects"),
        **({"GIT_INDEX_FILE": str(index)} if index else {}),
        "GIT_CONFIG_COUNT": str(len(settings)),
        **{f"GIT_CONFIG_KEY_{number}": key for number, (key, _) in enumerate(settings)},
        **{f"GIT_CONFIG_VALUE_{number}": value for number, (_, value) in enumerate(settings)},
    }
    folder = git_dir.parent
    with disk_errors(folder), tempfile.TemporaryFile(dir=folder) as stream:
        stream.write(stdin)
        stream.seek(0)
        try:
            # Each call gets its own Git: threads that share one get each other's output.
            status, stdout, stderr = git.Git(git_dir).execute(
                ["git", *argv],
                istream=stream,
                env=environment,
                kill_after_timeout=seconds,
                with_extended_output=True,
                with_exceptions=False,
                stdout_as_string=False,
                strip_newline_in_stdout=False,
                start_new_session=True,  # Ctrl-C stops the bot, which lets its git processes finish
            )
        except git.GitCommandNotFound as error:
            raise RepositoryError(LocalizedText(texts.NO_GIT)) from error
    return Output(status, stdout, stderr)
