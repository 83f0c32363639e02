"""The external systems that the bot uses, as typed ports, one module per system. Adapters implement them.

All methods block and are thread-safe. They raise only the errors in their docstrings; the text of each error is one
sentence for people, safe to show in Slack (without secrets and stack traces).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from bot.ports.telemetry import NO_TELEMETRY, Telemetry

if TYPE_CHECKING:  # every adapter imports this package, and the store's types would import most of core
    from bot.ports.bases import Bases
    from bot.ports.charts import Charts
    from bot.ports.chat import Chat
    from bot.ports.cluster import Cluster
    from bot.ports.forge import Forge
    from bot.ports.git import Repository
    from bot.ports.rendering import Renderer
    from bot.ports.store import Store


@dataclass(frozen=True, slots=True)
class Ports:
    """The external systems, by their names in the configuration. `clock` returns the current time in UTC.

    A repository without an entry in `forges` has no pull requests.
    """

    repositories: Mapping[str, "Repository"]
    forges: Mapping[str, "Forge"]
    clusters: Mapping[str, "Cluster"]
    charts: "Charts"
    renderer: "Renderer"
    bases: "Bases"
    store: "Store"
    chat: "Chat"
    clock: Callable[[], datetime]
    telemetry: Telemetry = NO_TELEMETRY
