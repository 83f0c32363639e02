"""Maps what git prints when it fails to the port's errors."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.adapters.git import bounds
from bot.core.objects.credentials import redact_error
from bot.core.sanitize import printable, redact_url
from bot.i18n.catalogue import repository as texts
from bot.i18n.language import LocalizedText, Phrase, Text
from bot.ports.errors import os_reason
from bot.ports.git import (
    LimitExceededError,
    OutputTooLargeError,
    PushRejectedError,
    RepositoryError,
    RevisionNotFoundError,
)

# Unlike wall time, these depend only on what git reads.
_LIMIT_EXCEEDED = re.compile(r"s of CPU time|printed more than|out of memory", re.IGNORECASE)
# These fail on an intact mirror too, so a new one would not help.
_NO_DAMAGE = re.compile(
    rf"{_LIMIT_EXCEEDED.pattern}|did not complete in|was killed by|permission denied|cannot fork", re.IGNORECASE
)
# The disk of the bot, not of the remote.
_DISK_FULL = re.compile(
    r"^(?!remote:|(?:fatal|error): remote ).*(?:no space left|out of diskspace|disk quota exceeded)",
    re.IGNORECASE | re.MULTILINE,
)
# https://git-scm.com/docs/git-config#Documentation/git-config.txt-uploadpackallowAnySHA1InWant
_NOT_SERVED = re.compile(r"not our ref|unadvertised object|not found in upload-pack|couldn't find remote ref")
_UNKNOWN_OBJECT = re.compile(
    r"bad object|[Nn]ot a valid (?:object|commit|tree)|bad revision|unable to read|not a tree object"
)


class DamagedMirrorError(RepositoryError):
    """Git failed as it does when files in the mirror are damaged; a new mirror may help."""


class MirrorTooLargeError(DamagedMirrorError):
    """Fetching takes too much disk. A new mirror has no unreachable objects, so it may be smaller."""


class SlowFetchError(RepositoryError):
    """A command that talks to the remote took too long."""


class RefNotFoundError(RepositoryError):
    """The remote has no such branch, tag or commit."""


class SignaturesRequiredError(PushRejectedError):
    """A rule of the remote rejects unsigned commits."""


@dataclass(frozen=True, slots=True)
class GitErrorMapper:
    """Turns git's stderr into one sentence for people.

    `name` is the repository's, `url` is without a credential, and `credential_variable` is the environment variable of
    the credential.
    """

    name: str
    url: str
    credential_variable: str

    def unknown_commit(self, revision: str) -> RevisionNotFoundError:
        """The mirror has no such object."""
        return RevisionNotFoundError(LocalizedText(texts.NO_COMMIT, text=revision, name=self.name))

    def failed(self, command: str, stderr: str, revisions: Sequence[str] = ()) -> RepositoryError:
        """A local command failed; a RevisionNotFoundError if one of `revisions` is unknown."""
        for revision in revisions:
            if revision in stderr and _UNKNOWN_OBJECT.search(stderr):
                return self.unknown_commit(revision)
        if _DISK_FULL.search(stderr):
            return RepositoryError(LocalizedText(texts.DISK_FULL, name=self.name))
        kind: type[RepositoryError] = DamagedMirrorError
        if _NO_DAMAGE.search(stderr):
            kind = LimitExceededError if _LIMIT_EXCEEDED.search(stderr) else RepositoryError
            kind = OutputTooLargeError if "printed more than" in stderr else kind
        return kind(LocalizedText(texts.FAILED, command=command, name=self.name, said=_reason(stderr)))

    def damaged(self) -> DamagedMirrorError:
        """Git did not fail, but objects are missing."""
        return DamagedMirrorError(LocalizedText(texts.LACKS_OBJECTS, name=self.name))

    def fetch_failed(self, stderr: str) -> RepositoryError:
        """The remote did not answer, refused, or sent what takes too much disk, time or memory.

        These are a MirrorTooLargeError, a SlowFetchError and a LimitExceededError.
        """
        for pattern, phrase in _FETCH_ERRORS:
            if pattern.search(stderr):
                kind = _FETCH_LIMITS.get(phrase, RepositoryError)
                most = str(bounds.MIRROR_BYTES >> 30)
                return kind(
                    LocalizedText(phrase, url=self.url, name=self.name, variable=self.credential_variable, most=most)
                )
        kind = RepositoryError if _NO_DAMAGE.search(stderr) else DamagedMirrorError
        kind = RefNotFoundError if "couldn't find remote ref" in stderr else kind
        return kind(LocalizedText(texts.NOT_FETCHED, url=self.url, said=_reason(stderr)))

    def push_failed(self, branch: str, stdout: str, stderr: str) -> RepositoryError:
        """The remote rejected the push (PushRejectedError) or did not answer."""
        output = f"{stdout}\n{stderr}"
        if _UNSIGNED.search(output):
            return SignaturesRequiredError(LocalizedText(texts.SIGNATURES, url=self.url, branch=branch))
        for pattern, phrase in _REJECTIONS:
            if pattern.search(output):
                return PushRejectedError(
                    LocalizedText(phrase, url=self.url, branch=branch, variable=self.credential_variable)
                )
        if "rejected]" not in output:
            return self.fetch_failed(stderr)
        return PushRejectedError(LocalizedText(texts.REFUSED, url=self.url, branch=branch, said=_reason(output)))


def is_not_served(stderr: str) -> bool:
    """Whether the remote answered that it lacks a commit or does not serve it by sha."""
    return _NOT_SERVED.search(stderr) is not None


@contextmanager
def disk_errors(folder: Path) -> Iterator[None]:
    """Turn an OSError inside into a RepositoryError: `folder` cannot be written."""
    try:
        yield
    except OSError as error:
        raise RepositoryError(LocalizedText(texts.NOT_WRITABLE, path=str(folder), why=os_reason(error))) from error


def _reason(output: str) -> Text:
    """The most informative line, with any user and password in a URL masked."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith(("fatal:", "error:", "remote: error:", "!"))] or lines
    if not errors:
        return LocalizedText(texts.NO_REASON)
    reason = " ".join(redact_url(word) if "://" in word else word for word in errors[0].split())
    return printable(redact_error(reason))[:300]


def _when(pattern: str, phrase: Phrase) -> tuple[re.Pattern[str], Phrase]:
    return re.compile(pattern, re.IGNORECASE), phrase


_FETCH_LIMITS: dict[Phrase, type[RepositoryError]] = {
    texts.TOO_LARGE: MirrorTooLargeError,
    texts.TOO_LARGE_FOR_DISK: MirrorTooLargeError,
    texts.SLOW: SlowFetchError,
    texts.OUT_OF_MEMORY: LimitExceededError,
}
_FETCH_ERRORS = (
    _when(r"^fatal: git [\w-]+ exceeded \d", texts.TOO_LARGE),
    _when(r"^fatal: git [\w-]+ exceeded half", texts.TOO_LARGE_FOR_DISK),
    (_DISK_FULL, texts.DISK_FULL),
    _when(r"^fatal: git [\w-]+ did not complete in|operation too slow", texts.SLOW),
    _when(r"(?m)^(?:remote: )?(?:fatal|error): out of memory", texts.OUT_OF_MEMORY),
    _when(
        r"authentication failed|could not read (?:username|password)|HTTP (?:code = )?40[13]|returned error: 40[13]"
        r"|invalid credentials",
        texts.BAD_CREDENTIAL,
    ),
    _when(r"permission denied \(|host key verification failed", texts.BAD_KEY),
    _when(r"returned error: 30\d", texts.REDIRECTED),
    _when(r"dubious ownership", texts.OWNED_BY_ANOTHER),
    _when(r"shallow roots|shallow file", texts.SHALLOW),
    _when(
        r"repository .{0,300}not found|returned error: 404|not valid: is this a git repository",
        texts.NOT_FOUND_OR_HIDDEN,
    ),
    _when(r"does not appear to be a git repository|does not exist", texts.NOT_A_REPOSITORY),
    # The wording of OpenSSL and of GnuTLS; git's curl may use either.
    _when(
        r"SSL certificate problem|certificate verification failed|verification failed: certificate"
        r"|certificate subject name|problem with the SSL CA cert|error setting certificate",
        texts.UNTRUSTED,
    ),
    _when(
        r"could not resolve|failed to connect|could ?n[o']t connect|connection (?:refused|timed out|reset|closed)"
        r"|network is unreachable|no route to host|operation timed out|unable to access"
        r"|hung up unexpectedly|early EOF|could not read from remote",
        texts.UNREACHABLE,
    ),
)
_UNSIGNED = re.compile(r"must have verified signatures|commits? must be signed", re.IGNORECASE)
_REJECTIONS = (
    _when(r"stale info|already exists|fetch first", texts.BRANCH_EXISTS),
    _when(r"without `?workflows?`? (?:permission|scope)", texts.WORKFLOWS),
    _when(r"GH013|GH006|protected branch", texts.PROTECTED),
    _when(r"\barchived\b", texts.ARCHIVED),
    _when(
        r"authentication failed|could not read username|returned error: 40[13]|write access .{0,300}not granted"
        r"|permission to .{0,300} denied|read.only|deploy key",
        texts.NO_WRITING,
    ),
)
