"""What the adapters of all forges share: limits, the HTTP session, and the doctor's probes."""

from collections.abc import Iterable

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from bot.core.git.commit import PullRequest

TIMEOUT_SECONDS = 15  # for one answer
PAGE_SIZE = 100  # the most that `open_pull_requests` gives
MAX_PULL_REQUESTS = 1000  # searched for a prefix, so that a busy repository doesn't use up the rate limit
NULL_SHA = "0" * 40

# The libraries' own retries sleep in the thread until a rate limit is over, and obey a Retry-After of any length. Here
# a rate limit is an error at once, with the time to come back. A POST is retried too: see create_pull_request.
RETRY = Retry(
    total=3,
    backoff_factor=0.2,
    status_forcelist={500, 502, 503, 504},
    allowed_methods={"GET", "POST"},
    respect_retry_after_header=False,
    raise_on_status=False,
)


def http_session() -> requests.Session:
    """An HTTP session with these retries, for one thread."""
    session = requests.Session()
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(max_retries=RETRY))
    return session


def best_match(pulls: Iterable[PullRequest], sha: str) -> PullRequest | None:
    """Of pull requests that hold a commit the one that was merged as it, else a merged one, else an open one."""
    candidates = (pull for pull in pulls if pull.state in {"merged", "open"})
    return min(candidates, key=lambda pull: (pull.merge_sha != sha, pull.state != "merged"), default=None)
