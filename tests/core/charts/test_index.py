"""The index of a Helm repository, and the versions that Helm would choose from it."""

import pytest

from bot.core.charts.index import is_exact, read_entries, resolve_version

INDEX = b"""\
apiVersion: v1
entries:
  web-extra:
  - version: 9.0.0
    urls: [web-extra.tgz]
  "web":
  - annotations:
      note: |
        entries:

        web: not this
    version: 1.2.0
    urls:
    - web-1.2.0.tgz
    - mirror/web-1.2.0.tgz
    digest: DIGEST
  - version: 1.10.0
  zebra:
  - version: 3.0.0
generated: "2026-01-01T00:00:00Z"
""".replace(b"DIGEST", b"a" * 64)


@pytest.mark.parametrize("index", [INDEX, INDEX.replace(b'"web"', b"web"), INDEX.replace(b"\n", b"\r\n")])
def test_only_the_entries_of_the_chart_are_read(index):
    first, second = read_entries(index, "web")
    assert (first.version, first.url, first.digest) == ("1.2.0", "web-1.2.0.tgz", "a" * 64)
    assert (second.version, second.url, second.digest) == ("1.10.0", "", "")
    assert [entry.version for entry in read_entries(index, "zebra")] == ["3.0.0"]
    assert read_entries(index, "we") == []


def test_an_index_may_be_json():
    assert [entry.version for entry in read_entries(b'{"entries": {"web": [{"version": "1.0.0"}]}}', "web")] == [
        "1.0.0"
    ]


VERSIONS = ["1.2.0", "1.10.0", "2.0.0", "3.0.0-rc.1", "v2.1.0", "not a version"]


@pytest.mark.parametrize(
    ("wanted", "version"),
    [
        ("", "v2.1.0"),
        ("*", "v2.1.0"),
        ("1.x", "1.10.0"),
        (">=3.0.0-0", "3.0.0-rc.1"),
        ("1.2.0", "1.2.0"),
        ("not a version", "not a version"),
        ("2.1.0", "v2.1.0"),
        ("4.x", None),
        ("nonsense", None),
    ],
)
def test_the_version_is_the_one_that_helm_would_choose(wanted, version):
    assert resolve_version(VERSIONS, wanted) == version


@pytest.mark.parametrize(
    ("version", "exact"), [("1.2.3", True), ("v1.2.3-rc.1+x", True), ("1.2", False), ("1.2.x", False), ("", False)]
)
def test_a_version_is_exact_if_all_its_numbers_are_there(version, exact):
    assert is_exact(version) is exact
