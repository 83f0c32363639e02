"""The weekly digest: one report in each channel, sent as a card so that it is sent exactly once."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace

from bot.config.model import Config
from bot.core.delivery.digest import LENGTH
from bot.core.delivery.report import Report
from bot.handlers.queries.report import read_report
from bot.messages import delivery_chart
from bot.messages import report as report_message
from bot.messages.card import Card
from bot.messages.delivery_chart import BarChart
from bot.ports import Ports
from bot.ports.chat import ChatError
from bot.ports.store import Posted

_log = logging.getLogger(__name__)

_FILE = "delivery.png"


class Digests:
    """The digests of all channels. `draw` returns a chart as a PNG; None if no library is installed.

    `config.applications` must be kept up to date; nothing is due until discovery `has_answered`.
    """

    def __init__(
        self, config: Config, ports: Ports, has_answered: Callable[[], bool], draw: Callable[[BarChart], bytes | None]
    ) -> None:
        self._config = config
        self._schedule = config.alerts.digest_schedule(config.zone)
        self._ports = ports
        self._has_answered = has_answered
        self._draw = draw
        # The digests that are due, built once; None if one has been posted or has nothing to report.
        self._built: dict[str, Card | None] = {}

    def cards(self) -> list[Card]:
        """The digests that are due and have not been posted yet. Raises StoreError."""
        due = dict(self._due())
        self._built = {key: card for key, card in self._built.items() if key in due}
        for key, channel in due.items():
            is_done = key in self._built and self._built[key] is None
            if not is_done and self._is_posted(key):
                self._built[key] = None
            elif key not in self._built:
                self._built[key] = self._card(key, channel)
        return [card for card in self._built.values() if card]

    def share_charts(self) -> None:
        """Upload the chart of each digest to its thread once if Slack rejected it in the message. Raises StoreError."""
        if not self._ports.chat.rejects_charts:
            return
        for key, channel in self._due():
            posted = self._ports.store.cards.get(key)
            if posted and posted.ts and self._ports.store.cards.get(f"{key}/chart") is None:
                self._share(key, channel, posted)

    def _due(self) -> Iterator[tuple[str, str]]:
        """The key and the channel of each digest that is due, posted or not."""
        due = self._schedule.due(self._ports.clock()) if self._schedule else None
        if due is None or not self._has_answered():
            return
        for channel in sorted({application.channel for application in self._config.applications.values()}):
            yield f"digest {due:%Y-%m-%d} #{channel}", channel

    def _is_posted(self, key: str) -> bool:
        posted = self._ports.store.cards.get(key)
        return posted is not None and bool(posted.ts)

    def _card(self, key: str, channel: str) -> Card | None:
        report = self._report(channel)
        if report.is_empty:
            return None
        message = report_message.digest(self._config.slack.translator(channel), report)
        return Card(key, key, channel, message, once=True)

    def _report(self, channel: str) -> Report:
        applications = self._config.applications
        names = {name for name, application in applications.items() if application.channel == channel}
        return read_report(self._ports.store, applications, self._ports.clock(), LENGTH, names)

    def _share(self, key: str, channel: str, posted: Posted) -> None:
        chart = delivery_chart.bar_chart(self._config.slack.translator(channel), self._report(channel).timeline)
        image = self._draw(chart) if chart else None
        if chart and image:
            try:
                self._ports.chat.upload(
                    posted.channel,
                    filename=_FILE,
                    title=chart.title,
                    content=image,
                    thread=posted.ts,
                    alt_text=chart.alt_text,
                )
            except ChatError as error:
                _log.warning("cannot upload the chart of %s: %s", key, error)
                if error.code != "missing_scope":
                    return
        self._ports.store.cards.save(f"{key}/chart", replace(posted, digest="", at=self._ports.clock()))
