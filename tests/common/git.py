"""A real git repository, as a team's remote."""

import subprocess
from collections.abc import Mapping
from pathlib import Path


class SourceRepository:
    """The team's repository: a work tree to commit in, and the remote that the bot fetches from and pushes to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True)
        self.git("init", "-q", "-b", "main", "--template=")
        config = path / ".git/config"
        user = "[user]\n\tname = Ana\n\temail = ana@example.com\n[commit]\n\tgpgsign = false\n[gc]\n\tauto = 0\n"
        config.write_text(config.read_text() + user)

    @property
    def url(self) -> str:
        """The URL to configure in the bot."""
        return str(self.path)

    def git(self, *argv: str, check: bool = True, stdin: str | None = None) -> str:
        """Run git in the work tree, and return its output without the final newline. With `check`, it must succeed."""
        process = subprocess.run(
            ["git", *argv], cwd=self.path, input=stdin, capture_output=True, text=True, check=False
        )
        assert process.returncode == 0 or not check, process.stderr
        return process.stdout.strip()

    def import_stream(self, stream: bytes, marks: Path) -> None:
        """Feed `git fast-import`, which writes the sha of each mark to `marks`."""
        argv = ["git", "fast-import", "--quiet", f"--export-marks={marks}"]
        subprocess.run(argv, cwd=self.path, input=stream, capture_output=True, check=True)

    def commit(
        self, message: str, files: Mapping[str, str | bytes | None], author: str = "Ana <ana@example.com>"
    ) -> str:
        """Commit these files (None deletes one) and all other changes, and return the sha. The commit may be empty."""
        for name, content in files.items():
            file = self.path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            if content is None:
                file.unlink()
            elif isinstance(content, bytes):
                file.write_bytes(content)
            else:
                file.write_text(content)
        self.git("add", "-A")
        summary = self.git("-c", "core.abbrev=40", "commit", "--allow-empty", "-m", message, f"--author={author}")
        return summary.partition("]")[0].split()[-1]  # "[main 40 hex digits] Subject"

    def add_hook(self, name: str, script: str) -> None:
        """Let a shell script run as this hook, such as `pre-receive`."""
        hook = self.path / ".git/hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\n{script}\n")
        hook.chmod(0o755)

    def sha(self, revision: str = "HEAD") -> str:
        return self.git("rev-parse", revision)

    def branch(self, name: str) -> None:
        """Create a branch here and switch to it."""
        self.git("switch", "-qc", name)

    def switch(self, branch: str = "main") -> None:
        self.git("switch", "-q", branch)

    def merge(self, *branches: str, message: str = "") -> str:
        """Merge into the current branch, and return the merge commit's sha."""
        self.git("merge", "-q", "--no-ff", "-m", message or f"Merge {' and '.join(branches)}", *branches)
        return self.sha()

    def show(self, revision: str, path: str) -> str:
        """The content of a file at a revision."""
        return self.git("show", f"{revision}:{path}")
