"""Errors, in the API server's own words."""

from typing import Any


class ApiError(Exception):
    """An error response with a Status object: HTTP `code`, machine-readable `reason`, message."""

    def __init__(self, code: int, reason: str, message: str, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code, self.reason, self.details = code, reason, details

    def status(self) -> dict[str, Any]:
        """The body of the response."""
        return {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": str(self),
            "reason": self.reason,
            **({"details": self.details} if self.details else {}),
            "code": self.code,
        }


NO_SUCH_PATH = "the server could not find the requested resource"


def not_found(resource: str, name: str) -> ApiError:
    """404 for one object; `resource` as `deployments.apps`."""
    plural, _, group = resource.partition(".")
    details = {"name": name, "kind": plural} | ({"group": group} if group else {})
    return ApiError(404, "NotFound", f'{resource} "{name}" not found', details)


def forbidden(identity: str, verb: str, plural: str, group: str, namespace: str | None) -> ApiError:
    """403, in RBAC's words."""
    where = f'in the namespace "{namespace}"' if namespace else "at the cluster scope"
    resource = f"{plural}.{group}" if group else plural
    message = (
        f'{resource} is forbidden: User "{identity}" cannot {verb} resource "{plural}" in API group "{group}" {where}'
    )
    return ApiError(403, "Forbidden", message, {"group": group, "kind": plural})


def stale(resource: str, name: str) -> ApiError:
    """409: the object has changed since it was read."""
    message = (
        f'Operation cannot be fulfilled on {resource} "{name}": '
        "the object has been modified; please apply your changes to the latest version and try again"
    )
    return ApiError(409, "Conflict", message, {"name": name, "kind": resource.partition(".")[0]})


def bad_request(message: str) -> ApiError:
    """400."""
    return ApiError(400, "BadRequest", message)


def invalid(kind: str, name: str, message: str) -> ApiError:
    """422: the object is well-formed but invalid."""
    return ApiError(422, "Invalid", f'{kind} "{name}" is invalid: {message}', {"name": name, "kind": kind})
