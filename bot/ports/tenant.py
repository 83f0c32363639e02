"""The tenant that the current work is for. Tenants take turns, so that one does not keep the others waiting."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

CURRENT_TENANT: Final[ContextVar[str]] = ContextVar("CURRENT_TENANT", default="")  # see Application.tenant


@contextmanager
def for_tenant(tenant: str) -> Iterator[None]:
    """Do the work inside for a tenant."""
    reset = CURRENT_TENANT.set(tenant)
    try:
        yield
    finally:
        CURRENT_TENANT.reset(reset)
