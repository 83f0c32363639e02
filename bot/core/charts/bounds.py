"""The bounds of fetched charts. docs/bounds.md lists them, with their tests.

Where source-controller has a default, it is the same:
https://github.com/fluxcd/source-controller/blob/main/main.go (`--helm-index-max-size` and the flags after it).
"""

from typing import Final

MAX_INDEX_BYTES: Final = 50 * 2**20  # of a Helm repository's index.yaml
MAX_ENTRY_BYTES: Final = 8 * 2**20  # of an index's entries for one chart
MAX_ARCHIVE_BYTES: Final = 10 * 2**20  # of a packaged chart
MAX_UNPACKED_BYTES: Final = 100 * 2**20  # of all files in it; Helm's own limit (pkg/chart/loader/archive)
MAX_FILE_BYTES: Final = 5 * 2**20  # of one of them
MAX_FILES: Final = 10_000  # in a packaged chart
MAX_HEADER_BYTES: Final = 2**20  # of its extended headers, such as for long paths
MAX_DOCUMENT_BYTES: Final = 4 * 2**20  # of a registry's manifest, token or page of tags
MAX_TAG_PAGES: Final = 50  # of a registry's list of tags
MAX_TAGS: Final = 50_000  # of one chart
MAX_TAG: Final = 128  # characters of a tag, as in the distribution specification
MAX_REDIRECTS: Final = 5
FETCH_SECONDS: Final = 60.0  # for one chart, with its index or manifest
OUTAGE_SECONDS: Final = 60.0  # until a host that didn't respond is tried again
WAIT_SECONDS: Final = 60.0  # that checks wait in WAIT_WINDOW_SECONDS, for one host and for all; fetches go on meanwhile
GRACE_SECONDS: Final = 0.5  # that they wait after that for a host that has not been slow
WAIT_WINDOW_SECONDS: Final = 300.0
RECENT_SECONDS: Final = 900.0  # since a fetch whose result counts while a new one is not waited for
CONNECT_SECONDS: Final = 10.0
IDLE_SECONDS: Final = 15.0  # between two pieces of a response
MAX_CACHE_BYTES: Final = 2**28  # of packaged charts on disk
MAX_NAMES: Final = 20_000  # versions whose package digest is cached
