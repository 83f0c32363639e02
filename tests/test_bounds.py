"""docs/bounds.md states the numbers of the code. Whether each bound holds is tested where the page says."""

import re
from pathlib import Path

from opentelemetry.exporter.otlp.proto.http import trace_exporter

from bot import app, build, file_memory, http_server
from bot.adapters.database import bounds as database
from bot.adapters.downloads import background
from bot.adapters.forges import forge, response_body, transport
from bot.adapters.git import bounds as git
from bot.adapters.kubernetes import bounds as kubernetes
from bot.adapters.kubernetes import run_exec_plugin
from bot.cli import log
from bot.core import events, text_cache
from bot.core.applications import argocd, discovery, flux, flux_values
from bot.core.approvals import approval
from bot.core.charts import bounds as charts
from bot.core.charts import reference
from bot.core.cluster_audit import event, history, object_fields
from bot.core.drift import bounded, compare, fact, jq, parts, permissions, severity, short_path
from bot.core.git import patch, semver, target_revision
from bot.core.health import status
from bot.core.incidents import incident
from bot.core.objects import credential_search, credentials, documents, redaction, step_budget
from bot.core.pull_requests import edit_budget, intent
from bot.core.rendering import envsubst, limits, secret_mask
from bot.core.rollouts import running_images
from bot.handlers import events as sending
from bot.handlers import merge_time, repository_fetcher
from bot.handlers.approvals import diff, review
from bot.handlers.approvals import limit as lookups
from bot.handlers.cluster_audit import identify, record, webhook
from bot.handlers.discovery import (
    deployer_kinds,
    deployer_lists,
    discover,
    held_names,
    last_known,
    resource_data,
    resources,
)
from bot.handlers.drift import live_comparison
from bot.handlers.queries import open_pull_requests
from bot.handlers.rendering import gather_failures, manifest_cache, outside_paths, tree
from bot.handlers.rollouts import health, reverted
from bot.handlers.watch import watcher

PAGE = (Path(__file__).parents[1] / "docs/bounds.md").read_text("utf-8")
UNITS = {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "MB": 10**6, "minutes": 60, "day": 86_400, "days": 86_400}
NUMBER = re.compile(rf"(?<![\d-])(\d[\d,]*(?:\.\d+)?)\b(?!-\d)(?: ({'|'.join(UNITS)})\b)?")
RENDERER = limits.Limits()
BUDGET, MINUTES_5 = limits.SLOW_BUDGET_SECONDS, limits.SLOW_WINDOW_SECONDS

# The numbers of each row, in its order, in bytes and seconds.
ROWS = {
    "Rendering": [
        (
            limits.MAX_FILES,
            limits.MAX_BYTES,
            limits.MAX_TREES,
            limits.MAX_REMOTE_BASES,
            limits.MAX_REMOTE_FILES,
            documents.MAX_NODES,
            2**documents._STRING_SHIFT,
        ),
        (documents.MAX_NODES, gather_failures._FORGOTTEN_AFTER),
        (limits.MAX_OBJECTS,),
        (tree._MAX_LINKS,),
        (limits.MAX_FILE_BYTES,),
        (limits.MAX_FILE_BYTES, charts.MAX_REDIRECTS, charts.FETCH_SECONDS),
        (documents._MAX_DEPTH, documents.MAX_DIRECTIVES, documents.MAX_ALIASED, documents._CHARACTERS_PER_NODE),
        (limits.MAX_DEPENDENCIES, limits.MAX_DEPENDENCIES),
        (limits.MAX_MATCHED,),
        (envsubst._MAX_DEPTH, limits.MAX_SUBSTITUTED),
        (limits.MAX_VALUES_BYTES, limits.MAX_VALUES_BYTES),
        (redaction.MAX_PATHS,),
        (
            RENDERER.seconds,
            RENDERER.output_bytes,
            RENDERER.output_bytes,
            RENDERER.cpu_seconds,
            RENDERER.memory_bytes,
            manifest_cache._RETRY_AFTER,
        ),
        (secret_mask.MAX_CHART_BYTES,),
        (RENDERER.open_files,),
        (limits.MAX_STDERR_BYTES,),
        (2,),
        (file_memory.MAX_SHARED_BYTES, file_memory.SMALL_BYTES),
        (limits.MAX_CACHED_BYTES,),
        (
            manifest_cache._MAX_SOURCES,
            manifest_cache._UNUSED_FOR,
            outside_paths.MAX_BYTES,
            gather_failures.MAX_BYTES,
        ),
        (limits.SLOW_SECONDS, BUDGET, MINUTES_5, BUDGET / 3, 3 * BUDGET, limits.SLOW_SECONDS, BUDGET),
        (limits.MAX_DISK_CACHE_BYTES,),
        (RENDERER.output_bytes,),
    ],
    "Charts": [
        (charts.MAX_INDEX_BYTES, charts.MAX_ENTRY_BYTES),
        (),
        (
            charts.MAX_ARCHIVE_BYTES,
            charts.MAX_FILES,
            charts.MAX_FILE_BYTES,
            charts.MAX_UNPACKED_BYTES,
            charts.MAX_HEADER_BYTES,
        ),
        (),
        (charts.MAX_DOCUMENT_BYTES, charts.MAX_TAG_PAGES, charts.MAX_TAGS, charts.FETCH_SECONDS),
        (charts.MAX_TAG,),
        (semver.MAX_VERSION,),
        (semver.MAX_COMPARATORS,),
        (charts.CONNECT_SECONDS,),
        (charts.MAX_REDIRECTS, charts.FETCH_SECONDS, charts.IDLE_SECONDS),
        (
            charts.WAIT_SECONDS,
            charts.WAIT_WINDOW_SECONDS,
            charts.WAIT_SECONDS / 2,
            charts.GRACE_SECONDS,
            charts.WAIT_SECONDS / 2,
            charts.RECENT_SECONDS,
        ),
        (background._WORKERS, background._WORKERS * 3 // 4, background._WORKERS * 3 // 4, background._WORKERS // 2),
        (background._QUEUE, background._QUEUE // 8),
        (charts.MAX_CACHE_BYTES, charts.MAX_NAMES),
    ],
    "HTTP": [
        (http_server.MAX_HEADER_BYTES, http_server.MAX_BODY_BYTES, 431, 413),
        (http_server.REQUEST_SECONDS,),
        (1,),
        (http_server.MAX_CONNECTIONS,),
        (log.MAX_RECORD,),
        (log.MAX_TRACEBACK,),
    ],
    "Events and OTLP": [
        (events._MAX_OBJECTS, events._MAX_PATHS),
        (app._RECONCILE_EVERY.total_seconds(), sending._MAX_SENT, sending._RUN_SECONDS),
        (),
        (trace_exporter.DEFAULT_TIMEOUT,),
    ],
    "Slack": [
        (app._WORKERS, app._WORKERS // 2),
        (app._QUEUE, app._QUEUE // 8),
        (intent.MAX_ATTEMPTS, intent.MAX_AGE.total_seconds()),
    ],
    "Forges": [
        (transport.READ_SECONDS, transport.READ_SECONDS),
        (transport.REQUEST_SECONDS,),
        (response_body.MAX_STRING_BYTES, response_body._SMALL),
        (transport.MAX_RESPONSE_BYTES, transport.MAX_RECEIVED_BYTES),
        (transport.MAX_REQUESTS, transport.MAX_OPERATION_BYTES, transport.OPERATION_SECONDS),
        (lookups.MAX_LOOKUPS, lookups.MAX_OTHER_LOOKUPS, approval.MAX_COMMITS),
        (review.PASS_SECONDS,),
        (),
        (forge._YEARS[0], forge._YEARS[-1]),
    ],
    "Clusters": [
        (kubernetes.CONNECT_SECONDS,),
        (kubernetes.IDLE_SECONDS,),
        (kubernetes.REQUEST_SECONDS,),
        (kubernetes.LIST_SECONDS, kubernetes.PAGES, kubernetes.OBJECTS),
        (kubernetes.PAGE_BYTES,),
        (kubernetes.DOCUMENT_BYTES, kubernetes.DOCUMENT_MEMORY),
        (kubernetes.SCHEMA_BYTES, kubernetes.DOCUMENT_MEMORY, kubernetes.SCHEMAS_MEMORY),
        (kubernetes.ERROR_BYTES,),
        (kubernetes.KEPT_BYTES,),
        (resource_data.MAX_DATA_BYTES,),
        (kubernetes.KEPT_BYTES, live_comparison.MAX_KEPT),
        (resources.MAX_RESOURCE_BYTES,),
        (resources.MAX_TOTAL_BYTES,),
        (argocd._MAX_SOURCES, limits.MAX_EXPANDED),
        (
            flux._MAX_COMMON_METADATA,
            flux._MAX_COMMON_METADATA,
            flux._MAX_POST_RENDERERS,
            flux_values._MAX_REFERENCES,
            limits.MAX_VALUES_BYTES,
            flux_values._ENTRY_SIZE,
        ),
        (flux_values.MAX_NAMESPACE_BYTES,),
        (flux_values.MAX_CLUSTER_BYTES,),
        (target_revision.MAX_REVISION_BYTES, reference._MAX_REPOSITORY, reference._MAX_HOST),
        (discovery._MAX_CHANNEL,),
        (discover._PATIENCE.total_seconds() / 60,),
        (last_known.WAIT_SECONDS,),
        (discover._ABSENCE.total_seconds(),),
        (held_names.HELD_FOR.total_seconds(), held_names.MAX_GONE),
        (deployer_kinds._MAX_CONTROLLERS,),
        (),
        (),
        (deployer_lists._SLOW.total_seconds(), deployer_lists._MAX_WAIT.total_seconds()),
        (status.MAX_REASON,),
        (kubernetes.JSON_DEPTH,),
        (health.MAX_PODS, running_images.MAX_IMAGES),
        (kubernetes.WATCH_IDLE_SECONDS,),
        (kubernetes.WATCH_SECONDS / 60, 2 * kubernetes.WATCH_SECONDS),
        (watcher._RETRY_REFUSED,),
        (kubernetes.EVENT_BYTES,),
        (watcher.MAX_INFORMERS,),
        (kubernetes.KUBECONFIG_BYTES,),
        (kubernetes.LOGIN_SECONDS, kubernetes.SLOW_LOGIN_SECONDS, kubernetes.LOGIN_REUSED_SECONDS),
        (),
        (run_exec_plugin.MAX_OUTPUT,),
    ],
    "Comparisons": [
        (step_budget.MAX_STEPS, compare._MAX_MANAGERS),
        (step_budget.MAX_SHARED_STEPS,),
        (step_budget.MAX_KEPT_VALUES, step_budget.MAX_KEPT),
        (bounded.MAX_OF_APPLICATION, bounded.MAX_VALUES),
        (bounded.MAX_VALUES, bounded.MAX_WORST, incident.MAX_EVENTS, bounded.MAX_WORST),
        (step_budget.MAX_KEPT,),
        (severity.MAX_STEPS,),
        (short_path._MAX_NAMES, fact._MAX_PATH, short_path._MAX_NAMES // 2),
        (text_cache.MAX_TEXTS, text_cache.MAX_CHARACTERS),
        (flux_values._MAX_REFERENCES, flux_values._MAX_NODES),
        (discovery.MAX_IGNORE_RULES, discovery.MAX_PATTERNS),
        (step_budget.MAX_STEPS, step_budget.MAX_SHARED_STEPS // 2, credential_search.SHORT),
        (credentials.MAX_SCANNED,),
        (jq._MAX_STEPS,),
        (jq._MAX_LENGTH,),
        (permissions._MAX_PERMISSIONS, permissions._MAX_NAME),
        (step_budget.MAX_STEPS,),
        (parts.MAX_ALIGNED, parts.MAX_STEPS, parts.MAX_SHARED_STEPS, parts.MAX_DIFF_STEPS),
        (
            edit_budget.MAX_BYTES,
            edit_budget.MAX_NODES,
            edit_budget._NODES_PER_ALIAS,
            2**documents._STRING_SHIFT,
        ),
        (patch._MAX_STEPS, diff._MAX_FILES, diff._MAX_READ, patch._MAX_BYTES),
    ],
    "Audit logs": [
        (kubernetes.AUDIT_LINE_BYTES,),
        (kubernetes.AUDIT_READ_BYTES,),
        (webhook.MAX_PER_SECOND, webhook.MAX_AT_ONCE, 429),
        (record.MAX_EVENTS,),
        (object_fields.MAX_PATHS, object_fields._MAX_PATH, 1_024),
        (object_fields.MAX_SEARCH_STEPS,),
        (object_fields.MAX_FIELDS, object_fields.MAX_CHARACTERS),
        (event._MAX_NAME, event._MAX_NAME, event._MAX_MANAGER),
        (history.MAX_DIGESTS, 27 * 10**6, history.MAX_STATES),
        (database.WRITES_OF_OBJECT, database.KEYS, database.WRITES_BYTES),
        (identify.MAX_REMEMBERED,),
        (record.MAX_WRITES, app._PRUNE_EVERY.total_seconds()),
    ],
    "State database": [
        (database.JSON_DEPTH,),
        (64,),
        (),
        (database.CACHED_BYTES,),
        (database.CONNECT_SECONDS, database.STATEMENT_SECONDS, database.STATEMENT_SECONDS),
        (database.RESPONSE_SECONDS, database.LEASE_SECONDS),
        (database.LOCK_SECONDS,),
        (database.LEASE_SECONDS,),
    ],
    "Git": [
        (git.NETWORK_SECONDS,),
        (git.LIST_SECONDS,),
        (git.MERGE_SECONDS,),
        (merge_time.MAX_SECONDS, git.SLOW_MERGE_SECONDS),
        (repository_fetcher.WAIT_SECONDS,),
        (last_known.WAIT_SECONDS,),
        (open_pull_requests.MAX_READ, open_pull_requests.MAX_SECONDS),
        (git.LOCAL_SECONDS,),
        (git.OUTPUT_BYTES,),
        (git.PROCESS_BYTES,),
        (git.MESSAGE_BYTES, 450, git.NAME_BYTES),
        (git.PARENTS,),
        (),
        (git.FILES, git.DIRECTORIES, git.TOTAL_BYTES, git.FILE_BYTES, git.PATH_BYTES),
        (git.DIRECTORY_BYTES, 100_000),
        (git.CHANGED_PATHS,),
        (reverted._MAX_COMMITS, reverted._MAX_MERGES),
        (manifest_cache._MAX_COMMITS, manifest_cache._RETRY_AFTER),
        (),
        (git.MIRROR_BYTES, git.TOO_LARGE_SECONDS),
        (),
        (build._MAX_REVISIONS,),
        (git.UNUSED_SECONDS,),
        (),
    ],
}


def test_the_numbers_are_those_of_the_code():
    sections = dict(re.findall(r"^## (.+)\n((?:(?!## ).*\n)*)", PAGE, re.MULTILINE))
    stated = {
        name: [
            tuple(float(n.replace(",", "")) * UNITS.get(unit, 1) for n, unit in NUMBER.findall(text))
            for row in re.findall(r"^\| (?!what )(.+) \|$", section, re.MULTILINE)
            for text in [re.sub(r"`[^`]*`|\(\S*\)|UTF-8", "", row)]
        ]
        for name, section in sections.items()
    }
    for name, rows in ROWS.items():
        assert stated.pop(name) == rows, name
    assert not any(stated.values())
