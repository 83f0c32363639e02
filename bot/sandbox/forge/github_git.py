"""GitHub's Git Data API: blobs, trees, commits and references. https://docs.github.com/en/rest/git"""

import base64
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot.sandbox.forge import github_shapes as shapes
from bot.sandbox.forge.dialect import Call, Json, Route
from bot.sandbox.forge.git import Git, GitError
from bot.sandbox.forge.hosting import RefusedError
from bot.sandbox.forge.merge import WEB

_SHA = re.compile(r"[0-9a-f]{40}", re.ASCII)
_SIGNATURE = "-----BEGIN PGP SIGNATURE-----\n\nsigned by the forge\n-----END PGP SIGNATURE-----"
_MODES = frozenset({"100644", "100755", "040000", "160000", "120000"})


def _create_blob(call: Call) -> Json:
    text = call.text("content")
    content = base64.b64decode(text) if call.text("encoding") == "base64" else text.encode()
    sha = call.repository.git.run("hash-object", "-w", "--stdin", stdin=content).strip()
    return {"sha": sha, "url": f"{shapes.api(call)}/git/blobs/{sha}"}


def _tree(call: Call) -> Json:
    return _listed(call, call.params["sha"])


def _listed(call: Call, sha: str) -> Json:
    try:
        lines = call.repository.git.run("ls-tree", "-z", f"{sha}^{{tree}}").split("\0")[:-1]
        tree = call.repository.git.run("rev-parse", f"{sha}^{{tree}}").strip()
    except GitError as error:
        raise RefusedError(404, "Not Found") from error
    entries = []
    for line in lines:
        meta, _, path = line.partition("\t")
        mode, kind, object_sha = meta.split()
        url = f"{shapes.api(call)}/git/{kind}s/{object_sha}"
        entries.append({"path": path, "mode": mode, "type": kind, "sha": object_sha, "size": 0, "url": url})
    return {"sha": tree, "url": f"{shapes.api(call)}/git/trees/{tree}", "tree": entries, "truncated": False}


def _create_tree(call: Call) -> Json:
    git, entries = call.repository.git, call.body.get("tree")
    if not isinstance(entries, list) or not entries:
        raise RefusedError(422, "Invalid tree info")
    with tempfile.TemporaryDirectory() as folder:
        env = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        try:
            if base := call.text("base_tree"):
                git.run("read-tree", f"{base}^{{tree}}", env=env)
            index = "".join(_index_line(git, entry) for entry in entries)
            git.run("update-index", "-z", "--index-info", stdin=index.encode(), env=env)
            return _listed(call, git.run("write-tree", env=env).strip())
        except GitError as error:
            raise RefusedError(422, f"Invalid tree info: {error}") from error


def _index_line(git: Git, entry: Mapping[str, Any]) -> str:
    if entry.get("mode") not in _MODES or not entry.get("path"):
        raise RefusedError(422, "tree.mode must be one of 100644, 100755, 040000, 160000, 120000")
    if "content" in entry:
        sha = git.run("hash-object", "-w", "--stdin", stdin=str(entry["content"]).encode()).strip()
    else:
        sha = entry["sha"]
    return f"0 {'0' * 40}\t{entry['path']}\0" if sha is None else f"{entry['mode']} {sha}\t{entry['path']}\0"


def _commit(call: Call) -> Json:
    sha = call.repository.git.object(call.params["sha"])
    if sha is None:
        raise RefusedError(404, "Not Found")
    return shapes.git_commit(call, call.repository.git.commit(sha))


def _create_commit(call: Call) -> Json:
    git, hosted = call.repository.git, call.repository
    parents = [str(parent) for parent in call.body.get("parents", [])]
    tree = call.text("tree")
    if not all(map(_SHA.fullmatch, [tree, *parents])):
        raise RefusedError(422, "Tree SHA does not exist")
    signed = call.login.endswith("[bot]") and not {"author", "committer", "signature"} & call.body.keys()
    person = hosted.person(call.login)
    try:
        sha = git.commit_tree(
            tree, parents, call.text("message"), author=person, committer=WEB if signed else person, at=hosted.now()
        )
    except GitError as error:
        raise RefusedError(422, "Tree SHA does not exist") from error
    # GitHub signs the commits that an App creates as itself, but not those created with a person's token.
    return shapes.git_commit(call, git.commit(git.sign(sha, _SIGNATURE) if signed else sha))


def _ref(call: Call) -> Json:
    sha = call.repository.git.tip(call.params["branch"])
    if sha is None:
        raise RefusedError(404, "Not Found")
    return shapes.ref(call, call.params["branch"], sha)


def _create_ref(call: Call) -> Json:
    name, sha, hosted = call.text("ref").removeprefix("refs/heads/"), call.text("sha"), call.repository
    if not _SHA.fullmatch(sha) or hosted.git.object(sha) is None:
        raise RefusedError(422, "Object does not exist")
    if hosted.git.tip(name):
        raise RefusedError(422, "Reference already exists")
    if hosted.signatures_required and any(hosted.git.signature(new) is None for new in hosted.git.new_commits(sha)):
        raise RefusedError(422, "Repository rule violations found\n\nCommits must have verified signatures.\n\n")
    hosted.git.move(name, sha, None)
    return shapes.ref(call, name, sha)


ROUTES = (
    Route("POST", "/git/blobs", _create_blob, 201, "contents"),
    Route("GET", "/git/trees/{sha}", _tree),
    Route("POST", "/git/trees", _create_tree, 201, "contents"),
    Route("GET", "/git/commits/{sha}", _commit),
    Route("POST", "/git/commits", _create_commit, 201, "contents"),
    Route("GET", "/git/refs/heads/{branch:.+}", _ref),
    Route("GET", "/git/ref/heads/{branch:.+}", _ref),
    Route("POST", "/git/refs", _create_ref, 201, "contents"),
)
