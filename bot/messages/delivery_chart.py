"""The chart of a delivery report as a block, and in words."""

from collections.abc import Sequence

from bot.core.delivery.timeline import Bar
from bot.i18n.catalogue import report as texts
from bot.i18n.language import Translator
from bot.messages.blocks import Block


def block(translator: Translator, bars: Sequence[Bar]) -> Block | None:
    """A bar chart; None if there is nothing to draw.

    https://docs.slack.dev/reference/block-kit/blocks/data-visualization-block
    """
    if len(bars) < 2 or not any(bar.deployments or bar.failed or bar.incidents for bar in bars):
        return None
    labels = [day(bar) for bar in bars]
    series = (
        (texts.CHART_LIVE, [bar.deployments for bar in bars]),
        (texts.CHART_FAILED, [bar.failed for bar in bars]),
        (texts.CHART_DRIFT, [bar.incidents for bar in bars]),
    )
    return {
        "type": "data_visualization",
        "title": translator.text(texts.CHART),
        "chart": {
            "type": "bar",
            "series": [
                {
                    "name": translator.text(name),
                    "data": [{"label": label, "value": value} for label, value in zip(labels, values, strict=True)],
                }
                for name, values in series
            ],
            "axis_config": {"categories": labels},
        },
    }


def alt_text(translator: Translator, bars: Sequence[Bar]) -> str:
    """What the chart shows, for those who cannot see it: the days with something to show."""
    lines = (
        translator.text(
            texts.CHART_BAR,
            day=day(bar),
            live=translator.number(bar.deployments),
            failed=translator.number(bar.failed),
            drift=translator.number(bar.incidents),
        )
        for bar in bars
        if bar.deployments or bar.failed or bar.incidents
    )
    return translator.text(texts.CHART_ALT, bars="; ".join(lines))


def day(bar: Bar) -> str:
    """The day on which a bar begins, in UTC: `11-21`, the same in every language."""
    return f"{bar.period.start:%m-%d}"
