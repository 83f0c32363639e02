"""The chart of a delivery report: as a block, and in words."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.core.delivery.timeline import Bar
from bot.i18n.catalogue import report as texts
from bot.i18n.language import Translator
from bot.messages.blocks import Block


@dataclass(frozen=True, slots=True)
class BarChart:
    """A bar chart: for each category, a bar of each series. `alt_text` describes it."""

    title: str
    categories: tuple[str, ...]
    series: tuple[tuple[str, tuple[int, ...]], ...]
    alt_text: str


def bar_chart(translator: Translator, bars: Sequence[Bar]) -> BarChart | None:
    """The merges and the drift of a period; None if there is nothing to draw."""
    eventful = [bar for bar in bars if bar.deployments or bar.failed or bar.incidents]
    if len(bars) < 2 or not eventful:
        return None
    words = (
        translator.text(
            texts.CHART_BAR,
            day=_day(bar),
            live=translator.number(bar.deployments),
            failed=translator.number(bar.failed),
            drift=translator.number(bar.incidents),
        )
        for bar in eventful
    )
    return BarChart(
        title=translator.text(texts.CHART),
        categories=tuple(map(_day, bars)),
        series=(
            (translator.text(texts.CHART_LIVE), tuple(bar.deployments for bar in bars)),
            (translator.text(texts.CHART_FAILED), tuple(bar.failed for bar in bars)),
            (translator.text(texts.CHART_DRIFT), tuple(bar.incidents for bar in bars)),
        ),
        alt_text=translator.text(texts.CHART_ALT, bars="; ".join(words)),
    )


def block(chart: BarChart) -> Block:
    """https://docs.slack.dev/reference/block-kit/blocks/data-visualization-block."""
    return {
        "type": "data_visualization",
        "title": chart.title,
        "chart": {
            "type": "bar",
            "series": [
                {
                    "name": name,
                    "data": [
                        {"label": label, "value": value} for label, value in zip(chart.categories, values, strict=True)
                    ],
                }
                for name, values in chart.series
            ],
            "axis_config": {"categories": list(chart.categories)},
        },
    }


def _day(bar: Bar) -> str:
    """The day on which a bar begins, in UTC: `11-21`, the same in every language."""
    return f"{bar.period.start:%m-%d}"
