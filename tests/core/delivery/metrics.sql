-- The delivery metrics of one period, recomputed from the stored rollouts and incidents by the definitions in
-- docs/metrics.md, for the period from start to end (parameters, in seconds since 1970).
WITH
rollout AS (SELECT body AS stored FROM rollouts),
part AS (
  SELECT
    stored ->> '$.id' AS id,
    stored ->> '$.revision' AS revision,
    stored ->> '$.merges' AS merges,
    stored ->> '$.state' AS state,
    stored -> '$.reverts' AS reverts,
    unixepoch(stored ->> '$.merged_at') AS merged,
    unixepoch(stored ->> '$.first_commit_at') AS written,
    unixepoch(stored ->> '$.ended_at') AS ended,
    part.value ->> '$.application' AS application,
    unixepoch(part.value ->> '$.live_at') AS live,
    unixepoch(part.value ->> '$.degraded_at') AS degraded,
    unixepoch(part.value ->> '$.recovered_at') AS recovered,
    unixepoch(part.value ->> '$.stuck_since') AS stuck,
    (part.value ->> '$.watched_until') IS NOT NULL AS watched
  FROM rollout, json_each(stored, '$.parts') AS part
),
judged AS (
  SELECT *, live IS NULL AND stuck IS NOT NULL AND ended - stuck >= 120 AS was_stuck FROM part
),
outcome AS (
  SELECT *,
    state = 'reverted' AS is_reverted,
    degraded IS NOT NULL OR state = 'reverted' OR (state NOT IN ('rolling', 'late') AND was_stuck) AS is_failure,
    (live IS NULL AND state IN ('rolling', 'late')) OR (live IS NOT NULL AND watched) AS is_open,
    CASE WHEN was_stuck THEN stuck WHEN degraded IS NOT NULL THEN degraded WHEN state = 'reverted' THEN live END
      AS failed
  FROM judged
),
-- What a deployment delivers: itself, and those before it that were never live.
delivered AS (
  SELECT own.id, own.application, one.merged, one.written, one.merges
  FROM outcome AS own JOIN outcome AS one ON one.application = own.application
  WHERE (one.id = own.id) OR (
    (one.merged, one.id) < (own.merged, own.id) AND one.live IS NULL AND NOT one.is_reverted AND NOT EXISTS (
      SELECT 1 FROM outcome AS between_them
      WHERE between_them.application = own.application AND between_them.live IS NOT NULL
        AND (between_them.merged, between_them.id) > (one.merged, one.id)
        AND (between_them.merged, between_them.id) < (own.merged, own.id)
    )
  )
),
clock AS (
  SELECT id, application,
    CASE WHEN max(merges) = 1 THEN min(merged) END AS merged,
    CASE WHEN max(merges) = 1 AND count(written) = count(*) THEN min(written) END AS written
  FROM delivered GROUP BY id, application
),
traced AS (
  SELECT outcome.*, clock.merged AS first_merged, clock.written AS first_written,
    CASE WHEN is_failure THEN coalesce(recovered, (
      SELECT newer.live FROM outcome AS newer
      WHERE newer.application = outcome.application AND newer.live IS NOT NULL AND NOT newer.is_failure
        AND (newer.merged, newer.id) > (outcome.merged, outcome.id)
        AND newer.live >= coalesce(outcome.failed, newer.live)
        AND (NOT outcome.is_reverted OR EXISTS (
          SELECT 1 FROM outcome AS fix, json_each(fix.reverts) AS named
          WHERE fix.application = outcome.application AND named.value = outcome.revision
            AND (fix.merged, fix.id) > (outcome.merged, outcome.id)
            AND (fix.merged, fix.id) <= (newer.merged, newer.id)
        ))
      ORDER BY newer.merged, newer.id LIMIT 1
    )) END AS restored
  FROM outcome JOIN clock USING (id, application)
  WHERE NOT (live IS NULL AND state NOT IN ('rolling', 'late') AND NOT is_failure)
),
change AS (
  SELECT id,
    CASE WHEN count(live) = count(*) THEN max(live) END AS live,
    CASE WHEN count(first_merged) = count(*) THEN min(first_merged) END AS merged,
    CASE WHEN count(first_written) = count(*) THEN min(first_written) END AS written,
    max(is_failure) AS is_failure,
    max(is_open) AS is_open,
    min(CASE WHEN is_failure THEN failed END) AS failed,
    CASE WHEN count(CASE WHEN is_failure THEN restored END) = sum(is_failure) THEN max(restored) END AS restored,
    min(traced.merged) AS own_merged
  FROM traced GROUP BY id
),
incident AS (
  SELECT
    unixepoch(incidents.body ->> '$.since') AS since,
    coalesce(unixepoch(incidents.body ->> '$.announced_at'), unixepoch(incidents.body ->> '$.since')) AS announced,
    CASE WHEN incidents.body ->> '$.ended' != 'unwatched' THEN unixepoch(incidents.body ->> '$.resolved_at') END
      AS resolved,
    (
      SELECT unixepoch(event.value ->> '$.at') FROM json_each(incidents.body, '$.history') AS event
      WHERE event.value ->> '$.kind' = 'acknowledged' ORDER BY event.key LIMIT 1
    ) AS acknowledged
  FROM incidents WHERE incidents.body ->> '$.state' != 'suspected'
),
-- Each duration with the time that decides its period, and each unknown one without a duration.
sample(name, at, seconds) AS (
  SELECT 'lead_time', live, live - merged FROM change WHERE live IS NOT NULL
  UNION ALL SELECT 'lead_time_from_commit', live, live - written FROM change WHERE live IS NOT NULL
  UNION ALL SELECT 'time_to_acknowledge', acknowledged, acknowledged - announced FROM incident
    WHERE acknowledged IS NOT NULL
  UNION ALL SELECT 'time_to_acknowledge', announced, NULL FROM incident WHERE coalesce(acknowledged, :end) >= :end
  UNION ALL SELECT 'time_to_restore_drift', resolved, resolved - since FROM incident WHERE resolved IS NOT NULL
  UNION ALL SELECT 'time_to_restore_drift', since, NULL FROM incident WHERE coalesce(resolved, :end) >= :end
  UNION ALL SELECT 'time_to_restore_merges', restored, restored - failed FROM change
    WHERE restored IS NOT NULL AND failed IS NOT NULL
  UNION ALL SELECT 'time_to_restore_merges', failed, NULL FROM change
    WHERE failed IS NOT NULL AND coalesce(restored, :end) >= :end
),
ranked AS (
  SELECT name, max(0, seconds) AS seconds,
    row_number() OVER (PARTITION BY name ORDER BY max(0, seconds)) AS place,
    count(*) OVER (PARTITION BY name) AS n
  FROM sample WHERE at >= :start AND at < :end AND seconds IS NOT NULL
)
SELECT name, n AS count, (
    SELECT count(*) FROM sample
    WHERE sample.name = ranked.name AND at >= :start AND at < :end AND sample.seconds IS NULL
  ) AS unknown,
  avg(CASE WHEN place IN ((n + 1) / 2, (n + 2) / 2) THEN seconds END) AS median,
  max(CASE WHEN place = (9 * n + 9) / 10 THEN seconds END) AS p90
FROM ranked GROUP BY name
UNION ALL
SELECT name, 0, count(*), NULL, NULL FROM sample
WHERE at >= :start AND at < :end AND name NOT IN (SELECT name FROM ranked) GROUP BY name
UNION ALL
SELECT 'failures', sum(is_failure), sum(NOT is_failure AND is_open), sum(is_failure OR NOT is_open), NULL FROM change
WHERE coalesce(live, failed, own_merged) >= :start AND coalesce(live, failed, own_merged) < :end
