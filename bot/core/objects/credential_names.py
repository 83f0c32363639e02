"""Recognizes credentials by the names of values, such as `DB_PASSWORD` and `apiKey`."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import chain, pairwise
from typing import Any, Final

MAX_NAME: Final = 100  # characters; only the last ones of a longer name count

# A name with one of these words is a credential's, unless it ends in one of `_ENDINGS`, as `secretName` does.
_PREFIX: Final = (
    r"(api|auth|access|account|private|priv|service|client|db|database|encryption|signing|master|license|app|hmac|aes"
    r"|session|(pre)?shared|ssh|deploy|consumer)"
)
_WORDS: Final = re.compile(
    rf"({_PREFIX}|user|admin|root|bind|(dest|src)?(key|trust)?(store)?)?(pass(word|wd|phrase|code)?s?|pwd?|secrets?|tokens?)|{_PREFIX}_?keys?"
    r"|credentials?|bearer|dsn|contrase[nñ]a|passwort|senha|psk|requirepass|masterauth|connection_?string|erlang_?cookie"
)
_SECOND: Final = frozenset({"key", "keys", "string", "cookie"})  # of two words that are one name
_PARTS: Final = ("password", "passwd", "secretkey")  # in a word such as `PGPASSWORD`
_LAST_WORD: Final = "auth"  # Docker and Redis use it for a credential; `AUTH_SERVER` is not one
_REFERENCES: Final = frozenset({"secrets", "credentials", "auth"})  # as last word, often a list of names or methods
_GROUPS: Final = frozenset({"passwords", "passwds", "passphrases", "passcodes"})  # of which every value is a credential
_ENDINGS: Final = frozenset(
    {
        *("name", "names", "ref", "refs", "namespace", "selector", "path", "file", "dir", "directory", "url", "uri"),
        *("endpoint", "ttl", "expiry", "expiration", "seconds", "duration", "lifetime", "length", "type", "provider"),
        *("issuer", "audience", "algorithm", "enabled", "policy", "count", "size", "mount", "volume", "store"),
        *("class", "version", "rotation", "interval", "limit"),
    }
)
# Every name of a credential has one of these, without what separates its words: `PASS.WORD` is one.
_STEM: Final = re.compile("pass|pw|secret|token|key|credential|bearer|dsn|contrase|senha|psk|auth|connection|cookie")
_TO_LETTERS: Final = {code: chr(code).lower() if chr(code).isalnum() else None for code in range(128)}
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SEPARATORS: Final = re.compile(r"[^a-z0-9ñ]")
_WITHOUT_WIDTH: Final = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")


def is_credential_name(name: str) -> bool:
    """Whether the value of an environment variable, key, field or flag with this name is a credential."""
    return _is_credential_name(name[-MAX_NAME:])


def lists_credentials(name: str) -> bool:
    """Whether a list with this name contains credentials. `secrets` is usually a list of names."""
    return is_credential_name(name) and _words(name[-MAX_NAME:])[-1] not in _REFERENCES


def groups_credentials(name: str) -> bool:
    """Whether every value in a mapping or list with this name is a credential."""
    return is_credential_name(name) and _words(name[-MAX_NAME:])[-1] in _GROUPS


def names_credential(value: Mapping[str, Any]) -> bool:
    """Whether the `value` of a mapping, such as an environment variable or parameter, is a credential by its name."""
    return any(
        isinstance(name, str) and " " not in name and is_credential_name(name)
        for key, name in value.items()
        if key != "value"
    )


@lru_cache(maxsize=4096)
def _words(name: str) -> Sequence[str]:
    if not name.isascii():
        name = unicodedata.normalize("NFKC", _WITHOUT_WIDTH.sub("", name))
    return [word for word in _SEPARATORS.split(_CAMEL.sub("_", name).lower()) if word]


@lru_cache(maxsize=4096)
def _is_credential_name(name: str) -> bool:
    if name.isascii() and not _STEM.search(name.translate(_TO_LETTERS)):
        return False
    words = _words(name)
    if not words or words[-1] in _ENDINGS or ("max" in words and words[-1] == "tokens"):
        return False
    pairs = (f"{first}_{second}" for first, second in pairwise(words) if second in _SECOND)
    return (
        words[-1] == _LAST_WORD
        or any(map(_WORDS.fullmatch, chain(words, pairs)))
        or any(part in "".join(words) for part in _PARTS)
    )
