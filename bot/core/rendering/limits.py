"""The bounds of rendering: on the size of a source, and on the resources of a renderer.

docs/bounds.md lists them, with their tests.
"""

from dataclasses import dataclass
from typing import Final

MAX_FILE_BYTES: Final = 5 * 2**20  # of a file in `check --path` or at a URL; the git adapter has the same bound
MAX_FILES: Final = 20_000  # of one source and all that it refers to; with their directories if they are copied
MAX_BYTES: Final = 256 * 2**20  # of those files together, which are kept in memory and copied to disk
MAX_CACHED_BYTES: Final = 8 * 2**20  # of the files of one commit that several sources refer to
MAX_TREES: Final = 1_000  # other directories and files in the repository that one source refers to
MAX_REMOTE_BASES: Final = 20  # of one source; each repository is mirrored
MAX_REMOTE_FILES: Final = 100  # of one source, at HTTPS URLs
MAX_DEPENDENCIES: Final = 100  # charts that one application needs besides its own
MAX_OBJECTS: Final = 50_000  # of one source; a large cluster has about as many in total
MAX_VALUES_BYTES: Final = 5 * 2**20  # of Helm's merged values, which may come from several files
MAX_SUBSTITUTED: Final = 16_000_000  # characters that Flux's variables expand to in one source
MAX_EXPANDED: Final = 32_000  # characters that Argo CD's variables expand to in one Application, which the bot keeps
MAX_MATCHED: Final = 200_000_000  # characters of paths that one source's patterns are compared with
MAX_DISK_CACHE_BYTES: Final = 256 * 2**20  # of output, compressed to about a tenth
# Of the renderers that take at least SLOW_SECONDS or that fail; see docs/bounds.md.
SLOW_SECONDS: Final = 5.0
SLOW_BUDGET_SECONDS: Final = 60.0  # of one tenant, in SLOW_WINDOW_SECONDS
SLOW_WINDOW_SECONDS: Final = 300.0
MAX_STDERR_BYTES: Final = 2**16  # of a renderer; the rest is discarded


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one run: wall-clock time, CPU time in whole seconds, writable memory, open files, and output.

    The output limit applies to stdout, and to each file that it writes.
    """

    seconds: float = 30.0
    cpu_seconds: int = 30
    memory_bytes: int = 2**29
    output_bytes: int = 64 * 2**20
    open_files: int = 1_024
