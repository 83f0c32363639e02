"""Fixtures that several folders of tests share. What they are made of is in tests/common."""

import gc
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser

from bot.adapters.database.store import SqlStore
from bot.adapters.database.tables import metadata
from bot.sandbox.demo import Demo
from bot.sandbox.slack import SandboxSlack
from tests.common.bot import BotUnderTest
from tests.common.browser import chromium
from tests.common.clock import Clock
from tests.common.database import create_database
from tests.common.demo import running_demo
from tests.common.forge import InMemoryForge
from tests.common.git import SourceRepository
from tests.common.kubernetes import RunningCluster, running_cluster
from tests.common.postgresql import RunningPostgresql, running_postgresql

# How long an example takes says more about the machine than about the code.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


# Files that take longest. They start first, so that no worker is left with one of them at the end.
LONGEST = (
    "e2e/test_storm.py",
    "e2e/test_tour.py",
    "sandbox/test_gallery.py",
    "e2e/",
    "sandbox/test_page.py",
    "cli/",
    "telemetry/",
)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep what is there before the first test, modules and tests, from the garbage collector: it lives to the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first, in that order."""
    tests = Path(__file__).parent

    def rank(item: pytest.Item) -> int:
        file = item.path.relative_to(tests).as_posix()
        return next((rank for rank, prefix in enumerate(LONGEST) if file.startswith(prefix)), len(LONGEST))

    items.sort(key=rank)


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    """The whole bot over real protocols: one shop, one Slack, one forge and one cluster for a file of tests."""
    with running_demo() as demo:
        yield demo


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium for a file of tests."""
    with chromium() as browser:
        yield browser


@pytest.fixture
def make_source(tmp_path: Path) -> Callable[[str], SourceRepository]:
    """Makes a git repository in a folder of that name."""
    return lambda name: SourceRepository(tmp_path / name)


@pytest.fixture
def source(make_source: Callable[[str], SourceRepository]) -> SourceRepository:
    """The team's git repository, without a commit."""
    return make_source("source")


@pytest.fixture
def forge(source: SourceRepository) -> InMemoryForge:
    """That repository's pull requests."""
    return InMemoryForge(source)


@pytest.fixture
def cluster() -> Iterator[RunningCluster]:
    """An empty cluster."""
    with running_cluster() as cluster:
        yield cluster


@pytest.fixture
def slack() -> Iterator[SandboxSlack]:
    """An empty Slack workspace, which the bot has joined."""
    with SandboxSlack(seed=1).serve() as slack:
        yield slack


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    """An empty state database: SQLite."""
    store = SqlStore(create_database(tmp_path))
    yield store
    store.close()


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPostgresql]:
    """A PostgreSQL server for every test of one process."""
    with running_postgresql(tmp_path_factory.mktemp("postgresql")) as server:
        yield server


@pytest.fixture
def empty_postgresql(postgresql: RunningPostgresql) -> str:
    """The URL of an empty state database: PostgreSQL."""
    store = SqlStore(postgresql.url)
    with store.database.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
    store.close()
    return postgresql.url


@pytest.fixture
def bot(
    tmp_path: Path, source: SourceRepository, slack: SandboxSlack, cluster: RunningCluster, clock: Clock
) -> Iterator[BotUnderTest]:
    """A bot for that repository, Slack and cluster. Start it with sections of its configuration."""
    bot = BotUnderTest(tmp_path, repository=source.url, slack=slack, clusters={"prod": cluster}, clock=clock)
    yield bot
    bot.close()
