"""Caches what functions of texts return, within a bound on the texts, which people choose."""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Final, TypeVar

MAX_TEXTS: Final = 4_096
MAX_CHARACTERS: Final = 2**19  # of texts with the same bit length of their lengths; twice what one resource may have

_Result = TypeVar("_Result")


def cache_texts(function: Callable[..., _Result]) -> Callable[..., _Result]:
    """Cache a function of texts: the longer they are, the fewer of the latest."""
    sizes = (min(MAX_TEXTS, MAX_CHARACTERS >> bits) for bits in range(MAX_CHARACTERS.bit_length()))
    cached: list[Callable[..., _Result]] = [*(lru_cache(size)(function) for size in sizes), function]

    @wraps(function)
    def call(*texts: str) -> _Result:
        return cached[min(len("".join(texts)).bit_length(), len(cached) - 1)](*texts)

    return call
