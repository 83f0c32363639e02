"""Bounds on what a repository or its server can cost. docs/bounds.md explains what happens above each."""

from typing import Final

NETWORK_SECONDS: Final = 300.0  # for one fetch or push, even if the server keeps answering
LIST_SECONDS: Final = 30.0  # for a list of the remote's branches and tags
MERGE_SECONDS: Final = 10  # of CPU time for one merge, in which the detection of renames takes quadratic time
SLOW_MERGE_SECONDS: Final = 0.1  # the result of a merge that took longer is remembered
SLOW_MERGES: Final = 1_000  # to remember in each repository
LOCAL_SECONDS: Final = 60.0  # for a local command, including a merge
GRACE_SECONDS: Final = 2.0  # between asking git to stop and killing it
OUTPUT_BYTES: Final = 32 * 2**20  # of one command: 400,000 files
STDERR_BYTES: Final = 64 * 2**10
PROCESS_BYTES: Final = 512 * 2**20  # of memory in each process (RLIMIT_DATA): see manifests/base/deployment.yaml

MESSAGE_BYTES: Final = 64 * 2**10  # of a commit; GitHub cuts its own texts at 65,536 characters
NAME_BYTES: Final = 254  # of a name or email address, the limit in RFC 5321
PARENTS: Final = 100  # of a commit
LATEST_SECONDS: Final = 2**32 - 1  # the latest time of a commit: 2106-02-07
CANDIDATES: Final = 10  # commits to list for an ambiguous SHA

FILE_BYTES: Final = 5 * 2**20
TOTAL_BYTES: Final = 256 * 2**20  # of the files at one path
FILES: Final = 20_000  # at one path
PATH_BYTES: Final = 4_096  # of a file's path: Linux's PATH_MAX
DIRECTORIES: Final = 20_000  # at one path, with links and submodules
DIRECTORY_BYTES: Final = 4 * 2**20  # of its list of entries in git, without those in its directories
CHANGED_PATHS: Final = 100_000  # between two commits

REBUILD_SECONDS: Final = 3_600.0  # at least between two rebuilds of a mirror

# Of one mirror: GitHub's and GitLab.com's limit.
# https://docs.github.com/en/repositories/creating-and-managing-repositories/repository-limits
MIRROR_BYTES: Final = 10 * 2**30
DISK_SECONDS: Final = 1.0  # between two measurements while git fetches
TOO_LARGE_SECONDS: Final = 600.0  # until what took too much time, memory or disk is fetched again
UNUSED_SECONDS: Final = 7 * 86_400.0  # since the last use of a remote base's mirror; then it is removed
ABANDONED_SECONDS: Final = 3_600.0  # since the last write to a file that gc did not finish
