"""Bounds on time and memory for an API server's responses; docs/bounds.md explains what happens above them.

Real servers stay far below: etcd stores objects up to 1.5 MiB, a page of 500 objects usually has less than 5 MiB, and
an OpenAPI document rarely has more than 10 MiB.
"""

from typing import Final

CONNECT_SECONDS: Final = 5.0
IDLE_SECONDS: Final = 30.0  # between two pieces of one response
REQUEST_SECONDS: Final = 60.0  # one request with retries and the whole body
LIST_SECONDS: Final = 300.0  # all pages of a list; comparing them has its own bounds
WATCH_SECONDS: Final = 300.0  # until a watch is reopened, up to twice as long, as in client-go's reflector
WATCH_IDLE_SECONDS: Final = 90.0  # without an event; servers send a bookmark about once a minute
LOGIN_SECONDS: Final = 30.0  # an exec plugin of a kubeconfig
SLOW_LOGIN_SECONDS: Final = 1.0
LOGIN_REUSED_SECONDS: Final = 30.0  # the result of a login slower than that, so that requests don't wait for many
TOKEN_FILE_SECONDS: Final = 60.0  # until a file with a token is read again, as for the pod's own
KUBECONFIG_BYTES: Final = 5 * 2**20  # a kubeconfig, or a file with a token

# Bytes are counted after decompression. Parsed JSON takes ten times as much memory, forty at worst.
PAGE_BYTES: Final = 16 * 2**20
DOCUMENT_BYTES: Final = 64 * 2**20  # discovery, or a list that the server can't split into pages
SCHEMA_BYTES: Final = 16 * 2**20  # an OpenAPI document
DOCUMENT_MEMORY: Final = 128 * 2**20  # of discovery or an OpenAPI document, once parsed
SCHEMAS_MEMORY: Final = 512 * 2**20  # of all OpenAPI documents of a cluster
ERROR_BYTES: Final = 64 * 2**10  # of an error's body, whose message is shown
KEPT_BYTES: Final = 64 * 2**20  # of the objects, or their data, that a list keeps; see `kept_size`

EVENT_BYTES: Final = PAGE_BYTES  # a watch event, which has one object
WATCHES: Final = 100  # of one cluster

JSON_DEPTH: Final = 500  # the parser accepts 1,024; Kubernetes' own objects stay below 40
PAGES: Final = 5_000
OBJECTS: Final = 500_000

AUDIT_LINE_BYTES: Final = 4 * 2**20  # an event with a request and a response, each the size of an etcd object at most
AUDIT_READ_BYTES: Final = 8 * 2**20  # of an audit log to read at once
