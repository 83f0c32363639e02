"""Fetches remote charts, and puts their files where the renderer looks for them."""

from collections.abc import Iterable

from bot.core.charts.index import is_exact
from bot.core.charts.reference import ChartRef
from bot.core.rendering.limits import MAX_DEPENDENCIES
from bot.core.rendering.remote_chart import RemoteChart
from bot.file_memory import reserve
from bot.handlers.rendering.render_request import RenderRequest, check_limits
from bot.i18n.catalogue import chart as texts
from bot.i18n.language import LocalizedText, Phrase
from bot.ports.charts import Charts, LastingChartError
from bot.ports.git import File


def add_remote_charts(
    request: RenderRequest, remote: Iterable[RemoteChart], charts: Charts | None, remedy: Phrase
) -> None:
    """Add the files of charts. Raises ChartError; ManifestError with the remedy if one can't be fetched."""
    for number, wanted in enumerate(remote):
        chart = ChartRef.parse(wanted.repository, wanted.name, wanted.version, digest=wanted.digest)
        if chart is None or charts is None or number == MAX_DEPENDENCIES:
            raise wanted.not_fetchable(remedy)
        request.files.update(fetched_files(chart, wanted.path, charts))
        if not (chart.digest or is_exact(chart.version)):
            request.floating.append((chart, wanted.file))
        check_limits(request, number)


def fetched_files(chart: ChartRef, path: str, charts: Charts | None) -> dict[str, File]:
    """The files of a chart, with their paths below `path`. Raises ChartError."""
    if charts is None:
        raise LastingChartError(LocalizedText(texts.NOT_ALLOWED))
    revision = charts.fetch(chart).revision
    reserve(charts.size(chart, revision))
    files = charts.files(chart, revision)
    return {f"{path}/{name}": File(f"{path}/{name}", content) for name, content in files.items()}
