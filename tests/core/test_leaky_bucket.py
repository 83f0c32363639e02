"""The leaky bucket that bounds waits for hosts and slow renderings."""

from bot.core.leaky_bucket import LeakyBucket


def test_the_time_that_several_take_counts_once():
    bucket = LeakyBucket(60.0, leak=0.2, now=0.0)
    bucket.begin(0)
    bucket.begin(20)
    assert bucket.left(20) == 40
    bucket.end(90)
    bucket.end(90)
    assert bucket.left(90) == 0
    assert bucket.left(240) == 30


def test_it_leaks_down_to_nothing():
    bucket = LeakyBucket(60.0, leak=0.2, now=0.0)
    bucket.add(12, 0)
    bucket.add(12, 30)
    assert bucket.level(30) == 18
    assert bucket.level(1_000) == 0
