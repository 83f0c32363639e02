"""Lists the objects of a kind page by page, and drops each page once it is read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Generic
from urllib.parse import urlencode

from bot.adapters.kubernetes import bounds
from bot.adapters.kubernetes.api import KubernetesApi
from bot.core.objects.kept_size import kept_size
from bot.gc_pauses import gc_paused
from bot.http_client import deadline, deadline_paused
from bot.i18n.catalogue import cluster as texts
from bot.i18n.language import LocalizedText
from bot.ports.cluster import ExpiredError, Kind, ObjectList, Read, TooLargeError

# The page sizes of successive attempts if a continue token expires (410). After two expired tokens, the list is read as
# a whole, as in client-go's pager.
_PAGE_SIZES: Final = (500, 500, None)
_SMALLER: Final = 10  # the divisor of the page size when a page has too many bytes


def list_objects(
    api: KubernetesApi,
    path: str,
    kind: Kind,
    action: LocalizedText,
    read: Callable[[Mapping[str, Any]], Read | None],
    *,
    field_selector: str = "",
) -> ObjectList[Read]:
    """The result of `read` for each object at a path, by namespace and name. Raises ClusterError."""
    with deadline(bounds.LIST_SECONDS):
        for page_size in _PAGE_SIZES:
            try:
                return _Listing(api, path, kind, action, read, field_selector, page_size).read_pages()
            except ExpiredError:
                continue
    raise api.errors.could_not(action, LocalizedText(texts.EXPIRES))


@dataclass(slots=True)
class _Listing(Generic[Read]):
    """One attempt to list. `page_size` is None for the whole list at once."""

    api: KubernetesApi
    path: str
    kind: Kind
    action: LocalizedText
    read: Callable[[Mapping[str, Any]], Read | None]
    field_selector: str
    page_size: int | None
    resource_version: str = ""
    objects: dict[tuple[str | None, str], Read] = field(default_factory=dict)
    object_count: int = 0
    kept_bytes: int = 0

    def read_pages(self) -> ObjectList[Read]:
        token = ""
        for _ in range(bounds.PAGES):
            body = self._page(token)
            with gc_paused(), deadline_paused():
                token = self._read_page(body)
            if self.object_count > bounds.OBJECTS:
                break
            if not token:
                return ObjectList(self.objects, self.resource_version)
        most = f"{bounds.OBJECTS:,} / {bounds.PAGES:,}"
        raise self.api.errors.could_not(self.action, LocalizedText(texts.TOO_MANY, most=most))

    def _page(self, token: str) -> bytes:
        """The page after a continue token. If it has too many bytes, it is requested again with fewer objects."""
        while True:
            query = {"fieldSelector": self.field_selector, "limit": self.page_size, "continue": token}
            options = urlencode({key: value for key, value in query.items() if value})
            max_bytes = bounds.PAGE_BYTES if self.page_size else bounds.DOCUMENT_BYTES
            try:
                return self.api.get(f"{self.path}?{options}", self.action, max_bytes=max_bytes)
            except TooLargeError:
                if self.page_size is None or self.page_size == 1:
                    raise
                self.page_size = max(1, self.page_size // _SMALLER)

    def _read_page(self, body: bytes) -> str:
        """Keep the results of `read` for a page's objects. Returns the token of the next page, "" after the last."""
        answer = self.api.parse(body, self.action)
        try:
            items = answer["items"] or ()
            page = {(item["metadata"].get("namespace"), item["metadata"]["name"]): item for item in items}
            token: str = answer["metadata"].get("continue", "")
            self.resource_version = self.resource_version or str(answer["metadata"].get("resourceVersion", ""))
        except (AttributeError, KeyError, TypeError) as error:
            raise self.api.errors.could_not(self.action, LocalizedText(texts.NO_LIST)) from error
        self.object_count += len(page)
        for key, item in page.items():
            # The items of a list don't repeat its apiVersion and kind.
            item["apiVersion"], item["kind"] = self.kind.api_version, self.kind.kind
            value = self.read(item)
            if value is not None:
                self.objects[key] = value
                if isinstance(value, Mapping):  # the object, or its data
                    self.kept_bytes += kept_size(value)
        if self.kept_bytes > bounds.KEPT_BYTES:
            raise self.api.errors.too_large(self.action, bounds.KEPT_BYTES)
        return token
