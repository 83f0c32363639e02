"""The chart as a PNG."""

import sys
from io import BytesIO

import pytest
from PIL import Image

from bot.adapters.images.bar_chart import draw_chart
from bot.i18n.catalogue import report as texts
from bot.i18n.language import Language, Translator
from bot.messages.delivery_chart import BarChart

CHART = BarChart("Merges and drift", ("11-15", "11-16"), (("Live", (2, 4)), ("Failed", (0, 1))), "")


def image(chart):
    return Image.open(BytesIO(draw_chart(chart)))


def test_a_bar_is_as_high_as_its_value():
    drawn = image(CHART)
    heights = dict.fromkeys(((0, 114, 178), (213, 94, 0)), 0)
    for color in heights:
        columns = [sum(drawn.getpixel((x, y)) == color for y in range(60, 351)) for x in range(drawn.width)]
        heights[color] = sorted(set(columns) - {0})
    assert heights == {(0, 114, 178): [146, 291], (213, 94, 0): [74]}  # of 291 pixels


def test_without_the_library_there_is_no_image(monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    assert draw_chart(CHART) is None


@pytest.mark.parametrize("language", Language)
def test_its_texts_have_only_letters_of_the_font_that_pillow_includes(language):
    phrases = (texts.CHART, texts.CHART_LIVE, texts.CHART_FAILED, texts.CHART_DRIFT)
    assert all(Translator(language).text(phrase).isascii() for phrase in phrases)
