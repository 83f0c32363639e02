"""What a program complained of, as people read it."""

from pathlib import Path

import pytest

from bot.adapters.rendering.stderr import sanitize_stderr
from bot.ports.git import File

TREE = Path("/var/run/gitops-bot-render-x/tree")
FILES = [File("app/secret.yaml", b""), File("base/kustomization.yaml", b"")]
SECRET = b"kind: Secret\nstringData:\n  password: hunter2 and hunter3\n  list: [hunter4]\n  text: |\n    hunter5\n"


@pytest.mark.parametrize(
    ("stderr", "sentence"),
    [
        ("Error: no such file", "no such file"),
        ("", "it gave no reason."),
        (f"error: {TREE}/app/secret.yaml: bad\n  in {TREE}", "app/secret.yaml: bad in ."),
        ('E1 run.go:72] "command failed" err="a \\"b\\"\\n\\x1b[31m\\u00e9 hunter2"', 'a "b" [31mé ***'),
        ('"command failed" err=<\n\twrong node:\n\thunter5\n >', "wrong node: ***"),
        ('"command failed" err="\\q broken"', '"\\q broken"'),
        ("hunter2, 'hunter3' {hunter4} password=hunter5.", "***, '***' {***} password=***"),
        ("kind Secret in app/secret.yaml", "kind Secret in app/secret.yaml"),
        ("x " * 1000, "x " * 199 + "x…"),
    ],
)
def test_it_is_one_line_without_paths_and_secrets(stderr, sentence):
    assert str(sanitize_stderr(stderr, tree=TREE, files=FILES, secrets=[SECRET])) == sentence
