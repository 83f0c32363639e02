"""What the bot takes from an API server at most, in time and memory; docs/bounds.md says what happens above.

Real servers stay far below: etcd stores no object above 1.5 MiB, a page of 500 objects usually has less than 5 MiB, and
an OpenAPI document rarely more than 10 MiB.
"""

from typing import Final

CONNECT_SECONDS: Final = 5.0
IDLE_SECONDS: Final = 30.0  # between two pieces of one response
REQUEST_SECONDS: Final = 60.0  # one request with its retries and the whole body, however slowly that arrives
LIST_SECONDS: Final = 300.0  # all pages of a list; comparing them has its own bounds
WATCH_SECONDS: Final = 300.0  # until a watch is opened again, up to twice as long, as in client-go's reflector
WATCH_IDLE_SECONDS: Final = 90.0  # without an event; servers send a bookmark about once a minute
LOGIN_SECONDS: Final = 30.0  # an exec plugin of a kubeconfig

# Bytes are counted after decompression. Parsed JSON takes ten times its bytes, at worst thirty.
PAGE_BYTES: Final = 16 * 2**20
DOCUMENT_BYTES: Final = 64 * 2**20  # discovery, an OpenAPI document, or a list that the server can only give whole
ERROR_BYTES: Final = 64 * 2**10  # of the body of an error, whose message is shown
KEPT_BYTES: Final = 64 * 2**20  # of the objects, or their data, that a list returns as they are

EVENT_BYTES: Final = PAGE_BYTES  # an event of a watch, which has one object
WATCHES: Final = 100  # of one cluster

JSON_DEPTH: Final = 500  # the parser goes to 1,024; Kubernetes' own objects stay below 40
PAGES: Final = 5_000
OBJECTS: Final = 500_000

AUDIT_LINE_BYTES: Final = 4 * 2**20  # an event with the request and the response, each at most an object of etcd
AUDIT_READ_BYTES: Final = 8 * 2**20  # of an audit log, before what it says is stored
