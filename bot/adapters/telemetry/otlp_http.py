"""The HTTP session of the OTLP exporters. Only the status and the headers of a response matter to them."""

from collections.abc import Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from bot.http_client import deadline, obey_deadline


def http_session() -> requests.Session:
    """A session that never reads the body of a response, keeps no cookies, and obeys the timeout of each request."""
    session = requests.Session()
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
    for scheme in ("https://", "http://"):
        session.mount(scheme, _StatusAdapter())
    return session


class _StatusAdapter(HTTPAdapter):
    """`timeout` bounds the whole response, not each part of it."""

    def init_poolmanager(self, *arguments: Any, **keywords: Any) -> None:
        super().init_poolmanager(*arguments, **keywords)
        obey_deadline(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **keywords: Any) -> Any:
        is_new = proxy not in self.proxy_manager
        manager = super().proxy_manager_for(proxy, **keywords)
        if is_new:
            obey_deadline(manager)
        return manager

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: ARG002  the body is never read
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        with deadline(timeout):
            response = super().send(request, True, timeout, verify, cert, dict(proxies or {}))
            response.close()
        response._content = b""  # noqa: SLF001  as requests itself sets it
        return response
