"""The bounds of rendering, in one place: on what a source may consist of, and on what a renderer may use.

docs/bounds.md lists them with the tests that hold each at its bound.
"""

from dataclasses import dataclass
from typing import Final

MAX_FILE_BYTES: Final = 5 * 2**20  # of a file in `check --path`, or at a URL; the git adapter has the same bound
MAX_FILES: Final = 20_000  # of one source, with everything that it refers to
MAX_BYTES: Final = 256 * 2**20  # of those files together: they are held in memory and copied to disk
MAX_TREES: Final = 1_000  # directories and files elsewhere in the repository that one source refers to
MAX_REMOTE_BASES: Final = 20  # of one source: each is a repository at a ref, and is mirrored
MAX_REMOTE_FILES: Final = 100  # of one source, at HTTPS URLs
MAX_OBJECTS: Final = 50_000  # of one source: a large cluster holds about as many in all
MAX_VALUES_BYTES: Final = 5 * 2**20  # of Helm's merged values: more than any file that they come from
MAX_DISK_CACHE_BYTES: Final = 256 * 2**20  # of compressed output, which is about a tenth of what was rendered
MAX_STDERR_BYTES: Final = 2**16  # what a renderer prints after that is not read


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one run: wall-clock time, CPU time in whole seconds, writable memory, open files, and output.

    The output is what it prints, and the largest file that it may write.
    """

    seconds: float = 30.0
    cpu_seconds: int = 30
    memory_bytes: int = 2**29
    output_bytes: int = 64 * 2**20
    open_files: int = 1_024
