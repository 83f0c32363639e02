"""Every effect of the bot, typed: one module per outside system. Adapters implement these; handlers use nothing else.

All methods block and may be called from any thread. They raise only the errors named in their docstrings; the text of
each error is one sentence for people, safe to show in Slack (no secret, no credential, no stack trace).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.ports.chat import Chat
from bot.ports.cluster import Cluster
from bot.ports.forge import Forge
from bot.ports.git import Repository
from bot.ports.rendering import Renderer
from bot.ports.store import Store


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything outside the process, by the names in the configuration. `clock` returns the time, in UTC.

    A repository without an entry in `forges` has no pull requests.
    """

    repositories: Mapping[str, Repository]
    forges: Mapping[str, Forge]
    clusters: Mapping[str, Cluster]
    renderer: Renderer
    store: Store
    chat: Chat
    clock: Callable[[], datetime]
