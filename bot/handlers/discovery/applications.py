"""The current applications: those that are configured, and those that discovery has found."""

from collections.abc import Iterator, Mapping

from bot.core.applications.application import Application
from bot.i18n.catalogue import discovery as texts
from bot.i18n.language import LocalizedText
from bot.ports.errors import PortError


class ApplicationGoneError(PortError, KeyError):
    """The application no longer exists: it was removed after it was requested."""

    __str__ = Exception.__str__  # KeyError's quotes it


class Applications(Mapping[str, Application]):
    """The current applications, which each poll may change. Thread-safe."""

    def __init__(self, applications: Mapping[str, Application]) -> None:
        self._by_name = dict(applications)

    def replace_all(self, applications: Mapping[str, Application]) -> None:
        """Replace all applications. An iteration in progress still yields the previous ones."""
        self._by_name = dict(applications)

    def __getitem__(self, name: str) -> Application:
        try:
            return self._by_name[name]
        except KeyError:
            raise ApplicationGoneError(LocalizedText(texts.GONE, name=name)) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)
