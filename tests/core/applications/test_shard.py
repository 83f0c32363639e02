"""Each application is in one shard of its cluster, with all others of its namespace."""

from hypothesis import given
from hypothesis import strategies as st

from bot.core.applications.shard import Shard, shard_of, shards_of
from tests.common.samples import application


@given(st.integers(1, 64), st.text("abc-019", min_size=1), st.sampled_from(["prod", "dev"]))
def test_an_application_is_in_one_shard_with_its_namespace(count, namespace, cluster):
    item = application(namespace=namespace, cluster=cluster)
    shards = [shard for shard in (*shards_of("prod", count), *shards_of("dev", count)) if shard.includes(item)]
    assert shards == [shard_of(item, count)]
    assert shard_of(application("other", namespace=namespace, cluster=cluster), count) == shards[0]


def test_namespaces_are_spread_over_the_shards_as_in_every_process():
    """A hash that changed would move applications to other replicas at a restart."""
    sizes = [0] * 4
    for number in range(1_000):
        sizes[shard_of(application(namespace=f"team-{number}"), 4).index] += 1
    assert sizes == [242, 253, 251, 254]
    assert [shard.lease for shard in shards_of("prod", 2)] == ["cluster/prod/0", "cluster/prod/1"]
    assert Shard("prod").lease == "cluster/prod"
