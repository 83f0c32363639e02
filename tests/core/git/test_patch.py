"""The diff to show: lines of plain manifests, never one that may hold a value of a Secret."""

import difflib
from types import SimpleNamespace

import pytest

from bot.core.bounded_matcher import BoundedMatcher
from bot.core.git import patch
from bot.core.git.patch import FileChange, redacted_patch, truncate_lines
from bot.core.objects.credential_search import search_steps
from bot.handlers.approvals import diff
from bot.ports.git import File

CONFIG = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {limit: '1'}\n"
OTHER = CONFIG.replace(b"'1'", b"'2'")
SECRET = b"apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {password: hunter2}\n"


def test_lines_of_a_manifest():
    assert list(redacted_patch([FileChange("a.yaml", CONFIG, OTHER)])) == [
        "--- a/a.yaml",
        "+++ b/a.yaml",
        "@@ -2,3 +2,3 @@",
        " kind: ConfigMap",
        " metadata: {name: a}",
        "-data: {limit: '1'}",
        "+data: {limit: '2'}",
    ]


def test_characters_that_hide_or_reorder_text_are_escaped():
    hostile = OTHER.replace(b"'2'", "'2\u202e\u200b'".encode())
    *_, last = patch = list(redacted_patch([FileChange("a\u202e.yaml", CONFIG, hostile)]))
    assert last == r"+data: {limit: '2\u202e\u200b'}"
    assert "".join(patch).isascii()


def test_an_added_or_removed_file():
    assert list(redacted_patch([FileChange("a.yaml", None, CONFIG)]))[:2] == ["--- /dev/null", "+++ b/a.yaml"]
    assert list(redacted_patch([FileChange("a.yaml", CONFIG, None)]))[:2] == ["--- a/a.yaml", "+++ /dev/null"]


@pytest.mark.parametrize(
    "content",
    [
        SECRET,
        CONFIG + b"---\n" + SECRET,
        b"apiVersion: v1\nkind: List\nitems:\n- " + SECRET.replace(b"\n", b"\n  "),
        b'{"apiVersion": "v1", "kind": "SecretList", "items": []}',
        CONFIG + b"# kind: Secret\n# data: {password: aHVudGVyMg==}\n",
        CONFIG + b"secretGenerator: [{name: a, literals: [password=hunter2]}]\n",
        b"{{ if .Values.on }}\n" + SECRET,
        b"password: hunter2\n",
        b"password=hunter2\n",
        b"\xff\xfe hunter2",
        b"",
        CONFIG + b"#" * 70_000,
        SECRET.replace(b"kind: Secret", b"'kind': 'Secret'"),
        SECRET.replace(b"kind: Secret", b"kind: &kind Secret").replace(b"stringData", b"data"),
        SECRET.replace(b"kind: Secret", b'kind: "S\\x65cret"').replace(b"stringData", b"data"),
    ],
)
@pytest.mark.parametrize("side", [0, 1])
def test_a_file_that_may_hold_a_secret_is_only_named(content, side):
    sides = [content, OTHER] if side else [CONFIG, content]
    assert list(redacted_patch([FileChange("apps/a.yaml", *sides)])) == ["~ apps/a.yaml"]


SCALARS = [
    "KEY: >-\n  fold=u{n}\n  more=w{n}",
    "KEY: >\n  fold=u{n}\n\n  more=w{n}",
    "KEY: fold=u{n}\n  more=w{n}",
    "KEY:\n  fold=u{n}\n  more=w{n}",
    'KEY: "fold=u{n}\n  mo\\x72e=w{n}\\\n  x{n}"',
    "KEY: 'fold=u{n}\n  more=w{n}\n  x{n}'",
    "KEY: 'it''s-u{n}'",
    'KEY: "p\\x61ss-u{n}"',
]


@pytest.mark.parametrize("scalar", SCALARS)
@pytest.mark.parametrize("shape", ["key", "variable"])
def test_no_line_of_a_credential_is_shown_however_yaml_folds_it(scalar, shape):
    def content(number):
        text = scalar.replace("{n}", number)
        if shape == "key":
            data = text.replace("KEY", "  DB_PASSWORD").replace("\n  ", "\n    ")
            return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata:\n  a: '1'\n{data}\n  b: '2'\n"
        variable = text.replace("KEY", "      value").replace("\n  ", "\n        ")
        return (
            "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - name: web\n    env:\n"
            f"    - name: DB_PASSWORD\n{variable}\n    image: web:1\n"
        )

    shown = "\n".join(redacted_patch([FileChange("a.yaml", content("1").encode(), content("2").encode())]))
    assert "(hidden)" in shown
    assert "image: web:1" in shown or "b: '2'" in shown
    assert not any(part in shown for part in ("u1", "u2", "w1", "w2", "x1", "x2"))


@pytest.mark.parametrize("count", [100, 1_000])
@pytest.mark.parametrize("changed", [[], [50], [5, 50, 99], range(10, 100, 2)])
def test_a_diff_is_the_one_of_difflib(count, changed):
    before = [*CONFIG.decode().splitlines(), *(f"#  line {number % 37}" for number in range(count))]
    after = [line for number, line in enumerate(before) for line in ([f"{line}x"] * 2 if number in changed else [line])]
    sides = ["\n".join(side).encode() for side in (before, after)]
    expected = [*difflib.unified_diff(before, after, "a/a.yaml", "b/a.yaml", n=2, lineterm="")]
    assert list(redacted_patch([FileChange("a.yaml", *sides)])) == expected
    added = [*difflib.unified_diff([], after, "/dev/null", "b/a.yaml", n=2, lineterm="")]
    assert list(redacted_patch([FileChange("a.yaml", None, sides[1])])) == added


@pytest.mark.parametrize("count", [1_000, 4_000])
@pytest.mark.parametrize("distinct", [100, 10_000])
def test_lines_that_alternate_with_others_take_bounded_time(count, distinct):
    before = [f"# {number % distinct:x}" for number in range(count)]
    after = [line for number, common in enumerate(before) for line in (common, f"# u{number:x}")]
    sides = [CONFIG + "\n".join(side).encode() for side in (before, after)]
    matchers = []
    with pytest.MonkeyPatch.context() as patching:
        patching.setattr(
            patch,
            "BoundedMatcher",
            lambda *args, **options: matchers.append(BoundedMatcher(*args, **options)) or matchers[-1],
        )
        list(redacted_patch([FileChange("a.yaml", *sides)] * 3))
    assert sum(matcher.steps for matcher in matchers) <= patch._MAX_STEPS


def test_a_file_that_was_not_read_is_named():
    assert list(redacted_patch([FileChange("picture.png", None, None)])) == ["~ picture.png"]


def test_truncation_keeps_whole_lines():
    assert truncate_lines(["abc", "defg"], 9) == ("abc\ndefg", False)
    assert truncate_lines(["abc", "defg"], 8) == ("abc", True)


@pytest.mark.parametrize(
    ("bound", "most"),
    [("_MAX_BYTES", len(CONFIG)), ("_MAX_STEPS", 2 * (2 * CONFIG.count(b"\n") + 4 * search_steps(CONFIG.decode())))],
)
def test_as_much_is_shown_as_allowed_and_no_more(monkeypatch, bound, most):
    """Two files, whose lines are all equal."""
    changes = [FileChange(name, CONFIG, CONFIG) for name in ("a.yaml", "b.yaml")]
    monkeypatch.setattr(patch, bound, most)
    assert list(redacted_patch(changes)) == []
    monkeypatch.setattr(patch, bound, most - 1)
    assert list(redacted_patch(changes))[-1] == "~ b.yaml"


@pytest.mark.parametrize(
    ("bound", "most", "shown"), [("_MAX_FILES", 200, 200), ("_MAX_READ", 3 * (len(CONFIG) + len(OTHER)) - 1, 3)]
)
def test_the_files_of_a_diff_are_bounded(monkeypatch, bound, most, shown):
    paths = [f"{number}.yaml" for number in range(201)]
    repository = SimpleNamespace(
        changed_paths=lambda *_: paths,
        files_of=lambda revision, read, **_: ([File(path, CONFIG if revision == "a" else OTHER)] for path in read),
    )
    monkeypatch.setattr(diff, bound, most)
    lines = list(diff.changes(repository, "a", "b"))
    assert [line for line in lines if line.startswith(("~", "+++"))] == [
        *(f"+++ b/{path}" for path in paths[:shown]),
        *(f"~ {path}" for path in paths[shown:]),
    ]
