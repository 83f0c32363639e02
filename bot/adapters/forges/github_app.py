"""The tokens of a GitHub App, asked for anew before they expire."""

import threading
from collections.abc import Callable

import jwt
from github import Auth, GithubException, GithubIntegration

from bot.adapters.forges.forge import RETRY, SECONDS
from bot.i18n.catalogue import forge as texts
from bot.i18n.language import LocalizedText
from bot.ports.forge import ForgeError


class CurrentToken(Auth.Auth):
    """Asks for the token at each request: an installation's lasts an hour, and all threads share one."""

    def __init__(self, provide: Callable[[], str]) -> None:
        self._provide = provide

    @property
    def token_type(self) -> str:
        return "token"

    @property
    def token(self) -> str:
        return self._provide()


class AppToken:
    """The token a GitHub App has in one repository; asked for when first needed and again shortly before it expires."""

    def __init__(self, app_id: str, private_key: str, repository: str, api_url: str) -> None:
        self._app = Auth.AppAuth(app_id, private_key)
        self._repository = repository
        self._api_url = api_url
        self._auth: Auth.AppInstallationAuth | None = None
        self._lock = threading.Lock()

    def __call__(self) -> str:
        """The token of now. ForgeError when the key is none; else PyGithub's and requests' own errors."""
        with self._lock:
            try:
                self._auth = self._auth or self._installation()
                token = self._auth.token
            except GithubException:
                self._auth = None  # removed and installed again, an App has another installation id
                raise
            except (jwt.PyJWTError, ValueError):
                # No cause: it was raised with the key at hand.
                raise ForgeError(LocalizedText(texts.BAD_KEY)) from None
            return token

    def _installation(self) -> Auth.AppInstallationAuth:
        integration = GithubIntegration(auth=self._app, base_url=self._api_url, timeout=SECONDS, retry=RETRY)
        installation = integration.get_repo_installation(*self._repository.split("/"))
        return self._app.get_installation_auth(installation.id, requester=integration.requester)
