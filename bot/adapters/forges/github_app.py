"""The tokens of a GitHub App, renewed before they expire."""

import threading
from collections.abc import Callable

import jwt
from github import Auth, GithubException, GithubIntegration

from bot.i18n.catalogue import forge as texts
from bot.i18n.language import LocalizedText
from bot.ports.forge import ForgeError


class CurrentToken(Auth.Auth):
    """Authenticates each request with the current token, which lasts an hour and is shared by all threads."""

    def __init__(self, get_token: Callable[[], str]) -> None:
        self._get_token = get_token

    @property
    def token_type(self) -> str:
        return "token"

    @property
    def token(self) -> str:
        return self._get_token()


class AppToken:
    """The token of a GitHub App in one repository, requested on first use and shortly before it expires."""

    def __init__(self, app_id: str, private_key: str, repository: str, api_url: str) -> None:
        self._app = Auth.AppAuth(app_id, private_key)
        self._repository = repository
        self._api_url = api_url
        self._auth: Auth.AppInstallationAuth | None = None
        self._lock = threading.Lock()

    def __call__(self) -> str:
        """The current token. Raises ForgeError if the key is invalid, and the errors of PyGithub and requests."""
        with self._lock:
            try:
                self._auth = self._auth or self._installation()
                token = self._auth.token
            except GithubException:
                self._auth = None  # an App that was reinstalled has a new installation id
                raise
            except (jwt.PyJWTError, ValueError):
                # No cause, since the traceback would contain the key.
                raise ForgeError(LocalizedText(texts.BAD_KEY)) from None
            return token

    def _installation(self) -> Auth.AppInstallationAuth:
        integration = GithubIntegration(auth=self._app, base_url=self._api_url)
        installation = integration.get_repo_installation(*self._repository.split("/"))
        return self._app.get_installation_auth(installation.id, requester=integration.requester)
