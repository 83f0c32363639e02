"""A chart that has to be fetched before rendering: a dependency of a chart, or one in a kustomization."""

from dataclasses import dataclass

from bot.core.objects.documents import ManifestError
from bot.core.sanitize import redact_url
from bot.i18n.catalogue import manifest as texts
from bot.i18n.language import LocalizedText, Phrase


@dataclass(frozen=True, slots=True)
class RemoteChart:
    """A chart in a Helm repository or registry, and the `file` and `line` that refer to it.

    `version` may be a range. `digest` is that of a registry's manifest, if the reference has one. `path` is where its
    files go, from the repository's root.
    """

    name: str
    repository: str
    version: str
    path: str
    file: str
    line: int
    digest: str = ""

    def not_fetchable(self, remedy: Phrase) -> ManifestError:
        """The error if charts can't be fetched from its repository, with what to do instead."""
        origin = LocalizedText(texts.FROM, repository=redact_url(self.repository)) if self.repository else ""
        instead = LocalizedText(remedy, path=self.path)
        message = LocalizedText(texts.FETCHED_CHART, name=self.name, origin=origin, remedy=instead)
        return ManifestError(self.file, self.line, message)
