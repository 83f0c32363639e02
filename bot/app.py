"""The running bot: builds its adapters and services from the configuration, and starts and stops them in order."""

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from http.client import HTTPException
from typing import Self

from slack_bolt import App
from slack_sdk.errors import SlackApiError, SlackClientError

from bot import build, shutdown
from bot.adapters.images.bar_chart import draw_chart
from bot.adapters.slack.chat import unreachable
from bot.adapters.slack.http_mode import HttpMode
from bot.adapters.slack.socket_mode import SocketHandler
from bot.config.model import Config
from bot.core.applications.shard import Shard
from bot.core.leases import LEADER
from bot.core.rollouts.rollout import Limits
from bot.handlers.approvals.review import ApprovalReviewer
from bot.handlers.cluster_audit.identify import ActorFinder
from bot.handlers.cluster_audit.webhook import AuditWebhook
from bot.handlers.command_service import CommandService
from bot.handlers.digest import Digests
from bot.handlers.discovery.deployers import DeployerReader
from bot.handlers.discovery.discover import Discoverer
from bot.handlers.discovery.held_names import HeldNames
from bot.handlers.drift.comparison_cache import Caches
from bot.handlers.events import EventDispatcher
from bot.handlers.gauges import Gauges
from bot.handlers.incidents.recorder import CheckRecorder
from bot.handlers.incidents.suspects import Suspects
from bot.handlers.lease_keeper import LeaseKeeper
from bot.handlers.monitor import Monitor
from bot.handlers.object_monitor import ObjectMonitor
from bot.handlers.probes import Probe, ProbeCheck, liveness, readiness
from bot.handlers.pull_requests import track
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.handlers.rollouts.track import RolloutTracker
from bot.handlers.slack.cards import CardReconciler
from bot.handlers.slack.home import HomePublisher
from bot.handlers.slack.people import People
from bot.handlers.watch.watcher import ShardWatcher
from bot.handlers.webhooks import Webhooks
from bot.http_endpoints import LIVENESS_PATH, READINESS_PATH, Web
from bot.listeners import Listeners
from bot.ports import Ports
from bot.ports.isolation import skip_unexpected
from bot.schedule import Job, Schedule, guarded
from bot.work_pool import WorkPool

_log = logging.getLogger(__name__)

# Bolt runs all listeners on one pool. With its default of five threads, a sixth slow listener is not acked in time.
LISTENER_THREADS = 32
_WORKERS = 8  # for requests in Slack
_QUEUE = 200  # such requests that wait
_RECONCILE_EVERY = timedelta(seconds=5)
# So that a card follows an incident that another replica has recorded as fast as one of its own.
_INCIDENTS_EVERY = timedelta(seconds=0.5)
_AUDIT_EVERY = timedelta(seconds=1)
_WATCHES_EVERY = timedelta(seconds=2)
_PRUNE_EVERY = timedelta(minutes=10)
_DIGEST_CHARTS_EVERY = timedelta(seconds=15)
_REFRESH_EVERY = timedelta(seconds=15)


def utc_now() -> datetime:
    """The clock of the running bot."""
    return datetime.now(tz=UTC)


def build_monitor(
    ports: Ports, config: Config, reconciler: CardReconciler, discoverer: Discoverer, people: People
) -> Monitor:
    """Build the monitor and what it needs. `config.applications` must be the discoverer's."""
    manifest_cache = ManifestCache(ports.renderer, ports.charts, ports.bases, ports.telemetry)
    suspects = Suspects(
        ports,
        config.applications,
        ManifestCache(ports.renderer, ports.charts, ports.bases),
        config.interactive,
        config.slack.people,
    )
    approvals = ApprovalReviewer(
        ports,
        {name: settings.approvals for name, settings in config.repositories.items()},
        config.applications,
        manifest_cache,
        config.slack.channel,
        config.slack.people,
    )
    deployers = DeployerReader(
        ports.clusters,
        {name: settings.url for name, settings in config.repositories.items()},
        {name: settings.deployer_namespaces for name, settings in config.clusters.items()},
        deadline=config.schedule.rollout_deadline,
        clock=ports.clock,
    )
    rollouts = RolloutTracker(
        ports,
        config.applications,
        manifest_cache,
        suspects,
        deployers=deployers,
        ignore=config.ignore,
        limits=Limits(config.schedule.rollout_deadline, config.rollouts.watch),
        timeout=config.schedule.rollout,
        is_complete=discoverer.is_complete,
    )
    recorder = CheckRecorder(
        ports,
        config.alerts,
        config.schedule.rollout_deadline,
        actors=ActorFinder(config.audits, ports.store.cluster_writes),
        deployers=deployers,
        suspects=suspects,
        manifest_cache=manifest_cache,
    )
    return Monitor(
        ports,
        config,
        reconciler=reconciler,
        discoverer=discoverer,
        people=people,
        approvals=approvals,
        rollouts=rollouts,
        recorder=recorder,
        caches=Caches(manifest_cache),
    )


def build_watchers(ports: Ports, config: Config, monitor: Monitor) -> list[ShardWatcher]:
    """Build a watcher for each shard of the clusters that the configuration doesn't exclude."""
    checks = ObjectMonitor(ports, config, monitor)
    return [
        ShardWatcher(shard, ports.clusters[name], checks, settle=config.alerts.settle, clock=ports.clock)
        for name, settings in config.clusters.items()
        for shard in config.shards[name]
        if settings.watch
    ]


class Bot:
    """The whole bot: call `start`, then `stop`. The configuration must contain the tokens."""

    def __init__(self, config: Config, clock: Callable[[], datetime] = utc_now) -> None:
        self._telemetry = build.telemetry()
        client = build.slack_client(config, self._telemetry)
        self._ports = build.ports(config, client, clock, self._telemetry)
        self._discoverer = Discoverer(
            config,
            self._ports.clusters,
            self._ports.repositories.__getitem__,
            self._ports.charts,
            HeldNames(self._ports.store.checks.latest, clock),
            clock,
        )
        self._config = config = replace(config, applications=self._discoverer.applications)
        self._digests = Digests(config, self._ports, self._discoverer.has_answered, draw_chart)
        self._reconciler = CardReconciler(
            self._ports.store,
            self._ports.chat,
            clock,
            config.slack.translator,
            config.alerts.policy(),
            self._digests.cards,
            default_channel=config.slack.channel,
            configured_channels=config.channels,
        )
        people = People(self._ports.chat, config.slack.people, clock)
        self._monitor = build_monitor(self._ports, config, self._reconciler, self._discoverer, people)
        self._watchers = build_watchers(self._ports, config, self._monitor)
        self._work = WorkPool("work", workers=_WORKERS, waiting=_QUEUE)
        self._executor = ThreadPoolExecutor(LISTENER_THREADS, thread_name_prefix="listener")
        self._homes = HomePublisher(config, self._ports)
        self._commands = CommandService(config, self._ports, self._monitor, people)
        listeners = Listeners(config, self._ports, self._commands, self._homes, self._work)
        secret = config.credentials.slack_signing_secret
        app = listeners.app(client, self._executor, secret)
        in_http = config.slack.mode == "http"
        self._socket = None if in_http else _Socket(app, config.credentials.slack_app_token or "")
        http_mode = HttpMode(app, secret) if in_http and secret else None
        self._audits = build.audit_recorders(config, self._ports.store.cluster_writes)
        self.web = Web(
            config.slack.listen,
            config.slack.health_listen,
            probes={LIVENESS_PATH: Probe(self._liveness, clock), READINESS_PATH: Probe(self._readiness, clock)},
            metrics=self._telemetry.prometheus.exposition,
            slack=http_mode,
            webhooks=self._webhooks(),
            audit=self._audit_webhook(),
        )
        leases, cannot_lead = self._ports.store.leases, self._reconciler.is_cut_off
        self._schedule = Schedule(self._jobs(), leases)
        self._keeper = LeaseKeeper(leases, config.lease_names, self._schedule.run_now, cannot_lead)
        gauges = Gauges(
            self._ports.store,
            self._discoverer.inventory,
            lambda: self._work.queue_length,
            leases=config.lease_names,
            clock=clock,
            interval=config.schedule.drift,
        )
        self._telemetry.read_gauges_from(gauges.read)

    def start(self) -> Self:
        """Serve health checks, listen to Slack and start checking. Returns at once, even if Slack is down."""
        self.web.start()
        if self._socket:
            self._socket.start()
        self._schedule.start()
        self._keeper.start()
        return self

    def stop(self) -> None:
        """Stop accepting work, let running work finish, send the last messages, and close, each for a limited time."""
        shutdown.stop(self._stop_jobs, self._work, self._monitor.reconcile_cards, self._close)

    def _stop_jobs(self) -> None:
        self._keeper.stop()  # other replicas take its leases, at the latest when the store is closed
        if self._socket:
            self._socket.stop()
        self._schedule.stop()
        for watcher in self._watchers:
            watcher.stop()
        self._monitor.close()

    def _close(self) -> None:
        self._executor.shutdown(wait=False, cancel_futures=True)
        self.web.stop()
        for recorder in self._audits.values():
            recorder.close()
        self._telemetry.close()
        self._ports.store.close()

    def _jobs(self) -> list[Job]:
        schedule = self._config.schedule
        return [
            *(
                Job(f"discovery on {name}", schedule.discover, partial(self._discover, name), lease=None)
                for name in self._discoverer.polled_clusters
            ),
            *(job for shards in self._config.shards.values() for shard in shards for job in self._shard_jobs(shard)),
            *(
                Job(f"git polling of {name}", schedule.git, partial(self._monitor.poll_all_refs, name))
                for name in self._config.repositories
            ),
            # On every replica, since one that has lost the lease must stop watching.
            *(
                Job(f"watch of {watcher.shard.name}", _WATCHES_EVERY, watcher.keep, lease=None)
                for watcher in self._watchers
            ),
            Job("rollouts", schedule.rollout, self._monitor.observe_rollouts),
            Job("approvals", _RECONCILE_EVERY, self._monitor.review_approvals),
            Job("pull requests", schedule.git, partial(track.poll, self._ports, self._config.slack.people)),
            Job("interrupted requests", _RECONCILE_EVERY, self._commands.resume_interrupted),
            Job("queued reverts", schedule.git, self._commands.run_queued),
            Job("suspects", _RECONCILE_EVERY, self._monitor.find_suspects),
            Job("cards", _RECONCILE_EVERY, self._monitor.reconcile_cards),
            Job("retention of checks and requests", _PRUNE_EVERY, self._monitor.prune),
            Job("rejected cards", _RECONCILE_EVERY, self._reconciler.repair_rejected, lease=None),
            Job("digest charts", _DIGEST_CHARTS_EVERY, self._digests.share_charts),
            Job("homes", _REFRESH_EVERY, self._homes.refresh),
            *self._event_jobs(),
            *self._replica_jobs(),
        ]

    def _discover(self, cluster: str) -> None:
        if self._discoverer.poll(cluster):
            self._schedule.run_now(LEADER)  # what waited for this

    def _shard_jobs(self, shard: Shard) -> list[Job]:
        schedule = self._config.schedule
        check, look = partial(self._monitor.check_shard, shard), partial(self._monitor.recheck_suspected, shard)
        jobs = [
            Job(f"drift check of {shard.name}", schedule.drift, check, shard.lease),
            Job(f"second look on {shard.name}", schedule.second_look, look, shard.lease),
        ]
        if shard.is_first and (recorder := self._audits.get(shard.cluster)):
            clock = self._ports.clock
            name = f"audit log of {shard.cluster}"
            jobs += [
                Job(name, _AUDIT_EVERY, lambda: recorder.follow(clock()), shard.lease),
                Job(f"retention of the {name}", _PRUNE_EVERY, lambda: recorder.prune(clock()), shard.lease),
            ]
        return jobs

    def _replica_jobs(self) -> list[Job]:
        """What is needed where other replicas use the database."""
        if not self._ports.store.leases.is_shared:
            return []
        return [Job("incidents of other replicas", _INCIDENTS_EVERY, self._monitor.reconcile_changed_incidents)]

    def _event_jobs(self) -> list[Job]:
        if (receiver := build.event_receiver(self._config)) is None:
            return []
        events = EventDispatcher(self._ports.store, receiver, self._ports.clock, self._telemetry)
        return [
            Job("events", _RECONCILE_EVERY, events.run),
            Job("retention of events", _PRUNE_EVERY, events.prune),
        ]

    def _webhooks(self) -> Webhooks | None:
        secret = self._config.credentials.webhook_secret
        kinds = {name: config.forge.kind for name, config in self._config.repositories.items() if config.forge}
        if not secret:
            return None
        jobs = {name: guarded(self._webhook_job(name), self._ports.store.leases) for name in kinds}
        return Webhooks(
            kinds,
            secret,
            store=self._ports.store,
            clock=self._ports.clock,
            work=self._work,
            poll=lambda name: jobs[name](),
        )

    def _audit_webhook(self) -> AuditWebhook | None:
        clusters, credentials = self._config.audit_webhooks, self._config.credentials
        tokens = {name: token for name in clusters if (token := credentials.audit_webhook_token(name, clusters))}
        recorders = {name: self._audits[name] for name in tokens}
        return AuditWebhook(recorders, tokens, clock=self._ports.clock) if tokens else None

    def _webhook_job(self, name: str) -> Job:
        def poll() -> None:
            track.poll(self._ports, self._config.slack.people)
            self._monitor.poll_repository(name)
            self._monitor.review_approvals()

        return Job(f"webhook of {name}", self._config.schedule.git, poll, lease=None)

    def _liveness(self) -> Iterator[ProbeCheck]:
        return liveness(
            since_heartbeat=self._schedule.seconds_since_heartbeat(),
            without_progress=self._work.seconds_without_progress(),
            is_serving=self.web.is_serving,
        )

    def _readiness(self) -> Iterator[ProbeCheck]:
        return readiness(
            self._ports.store,
            slack="HTTP mode" if self._socket is None else "Socket Mode",
            connected=self._socket is None or self._socket.connected,
            clusters=self._discoverer.inventory().clusters,
            leases=self._config.lease_names,
            now=self._ports.clock(),
            interval=self._config.schedule.drift,
        )


class _Socket:
    """Connects Socket Mode in the background, and keeps trying, since Slack may be down when the bot starts."""

    def __init__(self, app: App, app_token: str) -> None:
        # A connection that dies behind a NAT is detected after four unanswered pings: after 8 s instead of 40 s.
        self._handler = SocketHandler(app, app_token, ping_interval=2)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._connect, name="slack-connect", daemon=True)

    @property
    def connected(self) -> bool:
        return bool(self._handler.client.is_connected())

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._handler.close()
        self._thread.join(timeout=5)
        self._handler.client.disconnect()  # a connection still being opened

    def _connect(self) -> None:
        wait = 1.0
        while not self._stopping.is_set():
            with skip_unexpected("the connection to Slack"):  # whatever a proxy responds, this thread must keep trying
                try:
                    self._handler.connect()
                except (SlackClientError, HTTPException, OSError) as error:
                    _log.warning("%s Retrying in %.0f s.", _why(error), wait)
                else:
                    _log.info("connected to Slack in Socket Mode")
                    return
            self._stopping.wait(wait)
            wait = min(wait * 2, 60.0)


def _why(error: Exception) -> str:
    if isinstance(error, SlackApiError) and error.response.status_code == 200:  # Slack's refusals are 200s
        code = error.response.get("error")
        return f"Slack rejected SLACK_APP_TOKEN ({code}): use an app-level token (xapp-…) with connections:write."
    return str(unreachable(error))
