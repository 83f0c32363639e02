"""What the bot keeps counts in bytes of memory, and is shared fairly between namespaces."""

import sys

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.objects.fair_budget import FairBudget
from bot.core.objects.kept_size import kept_size


def memory(value):
    below = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else []
    return sys.getsizeof(value) + sum(map(memory, below))


@pytest.mark.parametrize(
    "value",
    [
        [{}] * 1_000,
        [[]] * 1_000,
        [{"a": 0}] * 1_000,
        [{"a": {"a": {"a": {}}}}] * 1_000,
        {f"{number:05}": "" for number in range(10_000)},
        ["ab"] * 1_000,
        [1.5] * 1_000,
        "\N{PARTY POPPER}".ljust(100_000),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_takes_much_memory_counts_a_quarter_of_it(value):
    assert kept_size(orjson.loads(orjson.dumps(value))) >= 0.75 * memory(value) / 4


@pytest.mark.parametrize("text", ["x" * 1_000, '{"a": [1, 2]},\\"' * 1_000])
def test_a_text_counts_as_long_as_it_is(text):
    assert kept_size({"a": text}) == len(orjson.dumps({"a": text}))


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3), st.integers(0, 60)), max_size=40))
def test_the_namespace_that_uses_most_loses_its_largest(added):
    budget, kept = FairBudget(100), {}
    for number, (namespace, name, size) in enumerate(added):
        dropped = budget.keep((namespace, name), namespace, size)
        kept.pop((namespace, name), None)
        kept[namespace, name] = size, number
        for key in dropped:
            used = {one: sum(size for (of, _), (size, _) in kept.items() if of == one) for one in "abc"}
            assert sum(used.values()) > 100
            assert used[key[0]] == max(used.values())
            assert kept[key] == max(size for (of, _), size in kept.items() if of == key[0])
            del kept[key]
        assert budget.used == sum(size for size, _ in kept.values()) <= 100
