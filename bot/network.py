"""Finds why a connection failed in a client library's chain of errors."""

import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum


class ConnectionProblem(Enum):
    """The kinds of failure, by what people have to fix."""

    NAME = "the name cannot be resolved"
    CERTIFICATE = "the certificate is not trusted"
    TLS = "it does not speak TLS"
    OTHER = "it does not respond"


@dataclass(frozen=True, slots=True)
class ConnectionFailure:
    """`detail` is OpenSSL's reason, or the kind of error."""

    problem: ConnectionProblem
    detail: str


def connection_failure(error: BaseException) -> ConnectionFailure:
    """The failure behind an error of urllib, urllib3, requests or slack_sdk."""
    for cause in _chain(error):
        match cause:
            case ssl.SSLCertVerificationError():
                return ConnectionFailure(ConnectionProblem.CERTIFICATE, cause.verify_message)
            case ssl.SSLError(reason="NO_CERTIFICATE_OR_CRL_FOUND") | FileNotFoundError():
                return ConnectionFailure(ConnectionProblem.CERTIFICATE, "the CA file is missing or has no certificates")
            case ssl.SSLError():
                return ConnectionFailure(ConnectionProblem.TLS, cause.reason or "TLS")
            case socket.gaierror():
                return ConnectionFailure(ConnectionProblem.NAME, cause.strerror or "DNS")
    return ConnectionFailure(ConnectionProblem.OTHER, type(error).__name__)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error and those inside it: the cause, the reason (urllib) or the arguments (requests)."""
    seen: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        inner = waiting.pop()
        if not isinstance(inner, BaseException) or any(inner is other for other in seen):
            continue
        seen.append(inner)
        yield inner
        waiting += [*inner.args, inner.__context__, inner.__cause__, getattr(inner, "reason", None)]
