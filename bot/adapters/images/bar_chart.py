"""Draws a bar chart as a PNG with Pillow, for workspaces that don't accept charts in messages.

Slack shows the same image in light and dark mode, so the chart has its own background that suits both.
"""

from io import BytesIO
from typing import Final

from bot.messages.delivery_chart import BarChart

# A phone shows it about 320 points wide.
_WIDTH, _HEIGHT, _MARGIN = 800, 480, 28
_TEXT_SIZE = 28
_PLOT_TOP, _PLOT_BOTTOM = 60, 350
_LEGEND_TOP = 424
_SWATCH = 24
_BACKGROUND, _INK, _MUTED, _LINE = "#f6f8fa", "#1c2a33", "#4d5a63", "#c3ccd2"
# Distinguishable for people with color blindness: https://jfly.uni-koeln.de/color/
_COLORS: Final = ("#0072b2", "#d55e00", "#e69f00")


def draw_chart(chart: BarChart) -> bytes | None:
    """The PNG, without the title; None if Pillow (the extra `report`) is not installed. It fits a week of bars."""
    try:
        from PIL import Image, ImageDraw, ImageFont  # noqa: PLC0415  an extra, and rarely used
    except ModuleNotFoundError:
        return None
    image = Image.new("RGB", (_WIDTH, _HEIGHT), _BACKGROUND)
    canvas = ImageDraw.Draw(image)
    font = ImageFont.load_default(_TEXT_SIZE)
    canvas.line((_MARGIN, _PLOT_BOTTOM, _WIDTH - _MARGIN, _PLOT_BOTTOM), _LINE, 2)
    most = max(1, *(value for _, values in chart.series for value in values))
    column = (_WIDTH - 2 * _MARGIN) / len(chart.categories)
    bar = 0.8 * column / len(chart.series)
    for index, label in enumerate(chart.categories):
        left = _MARGIN + index * column + 0.1 * column
        canvas.text((left + 0.4 * column, _PLOT_BOTTOM + 12), label, _MUTED, font, anchor="ma")
        for number, (_, values) in enumerate(chart.series):
            value, start = values[index], left + number * bar
            top = _PLOT_BOTTOM - (_PLOT_BOTTOM - _PLOT_TOP) * value / most
            if value:
                canvas.rectangle((start, top, start + bar - 3, _PLOT_BOTTOM), _COLORS[number])
                canvas.text((start + bar / 2, top - 6), str(value), _INK, font, anchor="md")
    left = float(_MARGIN)
    for number, (name, _) in enumerate(chart.series):
        canvas.rectangle((left, _LEGEND_TOP, left + _SWATCH, _LEGEND_TOP + _SWATCH), _COLORS[number])
        canvas.text((left + _SWATCH + 10, _LEGEND_TOP + _SWATCH / 2), name, _INK, font, anchor="lm")
        left += _SWATCH + 36 + canvas.textlength(name, font)
    content = BytesIO()
    image.save(content, "PNG", optimize=True)
    return content.getvalue()
