"""Random git histories, the same for the same seed: what teams do to files, branches and pull requests."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from tests.common.git import SourceRepository

ODD_NAMES = (
    "two words.txt",
    "ü.txt",
    "Screenshot 3.04\u202fPM.png",
    "no-break\u00a0space.txt",
    "soft\u00adhyphen.txt",
    "zero\u200bwidth.txt",
    "tab\t.txt",
    "new\nline.txt",
    "private\ue000use.txt",
    "..data",
    "..2026_11_20/values.txt",
    "--output=x.txt",
    "colon:name.txt",
    "glob*[1]?.txt",
    "back\\slash.txt",
    '"quoted".txt',
    "$(id).txt",
    "conf~HEAD",
    "trailing ",
)
NOT_UTF8 = b"latin-\xe9.txt"
ATTRIBUTES = (
    "*.txt binary\n",
    "*.txt -merge\n",
    "*.txt merge=union\n",
    "*.txt merge=ours\n",
    "* text=auto\n",
    "*.txt text eol=crlf\n",
    "*.txt -text -diff\n",
    "*.txt conflict-marker-size=20\n",
    "sub/*.txt merge=union\n*.png binary\n",
)
LINK, GITLINK, EXECUTABLE, REGULAR = "120000", "160000", "100755", "100644"


@dataclass(frozen=True)
class Entry:
    """A file, symbolic link or submodule of a tree. The content of a submodule is the sha of its commit."""

    mode: str
    content: bytes


Tree = dict[bytes, Entry]


@dataclass(frozen=True)
class MadeCommit:
    """A commit by its `mark` in the stream of `git fast-import`, with parents by theirs."""

    mark: int
    parents: tuple[int, ...]
    tree: Mapping[bytes, Entry]
    subject: str


@dataclass(frozen=True)
class MadePull:
    """A merged pull request: its `commits` on the branch, and those that the merge brought to `main`, oldest first."""

    method: Literal["merge", "squash", "rebase"]
    commits: tuple[MadeCommit, ...]
    merged: tuple[MadeCommit, ...]


@dataclass
class History:
    """The commits of `main` along first parents, oldest first; merged pull requests; and commits inside of merges."""

    seed: int
    main: list[MadeCommit] = field(default_factory=list)
    pulls: list[MadePull] = field(default_factory=list)
    inner: list[MadeCommit] = field(default_factory=list)
    stream: list[bytes] = field(default_factory=list)
    shas: dict[int, str] = field(default_factory=dict)

    def sha(self, commit: MadeCommit) -> str:
        """The sha of a commit, once it is imported."""
        return self.shas[commit.mark]

    def import_into(self, source: SourceRepository) -> None:
        """Create the commits with one `git fast-import`."""
        marks = source.path / ".git" / "marks"
        source.import_stream(b"".join(self.stream), marks)
        pairs = (line.split() for line in marks.read_text().splitlines())
        self.shas = {int(mark[1:]): sha for mark, sha in pairs}


def generate(seed: int, steps: int = 14) -> History:
    """The history of this seed."""
    return _Generator(seed).history_of(steps)


class _Generator:
    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)  # noqa: S311  a history to repeat, not a secret
        self.history = History(seed)
        self.number = 0

    def history_of(self, steps: int) -> History:
        tree: Tree = {}
        for index in range(self.dice.randint(3, 6)):
            tree[f"d{index % 2}/f{index}.txt".encode()] = Entry(REGULAR, self._text())
        for _ in range(self.dice.randint(0, 3)):
            self._add(tree)
        if self.dice.random() < 0.4:
            self._attributes(tree)
        self._to_main(self._commit(tree, [], "First"))
        sections: list[tuple[int, Callable[[], None]]] = [
            (10, self._plain),
            (3, self._merge),
            (1, self._octopus),
            (1, self._criss_cross),
            (2, self._squash),
            (2, self._rebase),
            (2, self._revert),
            (1, self._pick),
            (1, self._empty),
        ]
        weights, work = zip(*sections, strict=True)
        for _ in range(steps):
            self.dice.choices(work, weights)[0]()
        return self.history

    # ------------------------------------------------------------ commits

    @property
    def head(self) -> MadeCommit:
        return self.history.main[-1]

    def _to_main(self, *commits: MadeCommit) -> None:
        self.history.main += commits

    def _commit(self, tree: Tree, parents: list[MadeCommit], subject: str, *, branch: str = "main") -> MadeCommit:
        self.number += 1
        subject = subject if subject.endswith('"') else f"{subject} {self.number}"
        commit = MadeCommit(self.number, tuple(parent.mark for parent in parents), dict(tree), subject)
        message = commit.subject.encode()
        lines = [b"commit refs/heads/" + branch.encode(), b"mark :%d" % commit.mark]
        lines += [b"committer Ana <ana@example.com> %d +0000" % (1_700_000_000 + commit.mark * 60)]
        lines += [b"data %d" % len(message), message]
        lines += [b"%s :%d" % (b"merge" if index else b"from", mark) for index, mark in enumerate(commit.parents)]
        lines += [b"deleteall"]
        for path, entry in tree.items():
            if entry.mode == GITLINK:
                lines.append(b"M 160000 %s %s" % (entry.content, _quoted(path)))
            else:
                lines.append(b"M %s inline %s" % (entry.mode.encode(), _quoted(path)))
                lines += [b"data %d" % len(entry.content), entry.content]
        self.history.stream.append(b"\n".join(lines) + b"\n\n")
        return commit

    def _plain(self) -> None:
        self._to_main(self._commit(self._edited(self.head.tree), [self.head], "Edit"))

    def _empty(self) -> None:
        self._to_main(self._commit(dict(self.head.tree), [self.head], "Empty"))

    def _side(self, base: MadeCommit, length: int = 0) -> list[MadeCommit]:
        commits, parent = [], base
        for _ in range(length or self.dice.randint(1, 3)):
            parent = self._commit(self._edited(parent.tree), [parent], "Side", branch="side")
            commits.append(parent)
        return commits

    def _merged_tree(self, base: Mapping[bytes, Entry], *sides: Mapping[bytes, Entry]) -> Tree:
        """What a person may make of a merge: each file of the side that changed it; else any, or both, or neither."""
        result = dict(sides[0])
        for side in sides[1:]:
            for path in sorted(base.keys() | side.keys()):
                before, ours, theirs = base.get(path), result.get(path), side.get(path)
                if theirs in {before, ours}:
                    continue
                chosen = theirs if ours == before else self.dice.choice([ours, theirs])
                if chosen is None:
                    result.pop(path, None)
                else:
                    result[path] = chosen
        if self.dice.random() < 0.25:
            result = self._edited(result)  # an evil merge
        return _possible(result)

    def _merge(self) -> None:
        base = self.head
        side = self._side(base)
        for _ in range(self.dice.randint(0, 2)):
            self._plain()
        if self.dice.random() < 0.2:  # main merged into the branch first
            update = self._commit(
                self._merged_tree(base.tree, side[-1].tree, self.head.tree),
                [side[-1], self.head],
                "Update",
                branch="side",
            )
            side = [*side, update]
        merge = self._commit(
            self._merged_tree(base.tree, self.head.tree, side[-1].tree), [self.head, side[-1]], "Merge"
        )
        self._to_main(merge)
        self.history.inner += side
        if self.dice.random() < 0.5:
            self.history.pulls.append(MadePull("merge", tuple(side), (merge,)))

    def _octopus(self) -> None:
        base = self.head
        sides = [self._side(base, 1) for _ in range(self.dice.randint(2, 3))]
        tips = [side[-1] for side in sides]
        tree = self._merged_tree(base.tree, base.tree, *(tip.tree for tip in tips))
        self._to_main(self._commit(tree, [base, *tips], "Octopus"))
        self.history.inner += tips

    def _criss_cross(self) -> None:
        base = self.head
        (side,) = self._side(base, 1)
        self._plain()
        ours = self.head
        across = self._commit(self._merged_tree(base.tree, side.tree, ours.tree), [side, ours], "Across", branch="side")
        self._to_main(self._commit(self._merged_tree(base.tree, ours.tree, side.tree), [ours, side], "Merge"))
        (last,) = self._side(across, 1)
        self._plain()
        tree = self._merged_tree(across.tree, self.head.tree, last.tree)
        self._to_main(self._commit(tree, [self.head, last], "Criss-cross"))
        self.history.inner += [side, last]

    def _squash(self) -> None:
        base = self.head
        side = self._side(base)
        if self.dice.random() < 0.5:
            self._plain()
        tree = self._merged_tree(base.tree, self.head.tree, side[-1].tree)
        squash = self._commit(tree, [self.head], "Squash")
        self._to_main(squash)
        self.history.pulls.append(MadePull("squash", tuple(side), (squash,)))

    def _rebase(self) -> None:
        base = self.head
        side = self._side(base)
        if self.dice.random() < 0.5:
            self._plain()
        merged, before = [], base
        for commit in side:
            tree = self._merged_tree(before.tree, self.head.tree, commit.tree)
            merged.append(self._commit(tree, [self.head], "Rebased"))
            self._to_main(merged[-1])
            before = commit
        self.history.pulls.append(MadePull("rebase", tuple(side), tuple(merged)))

    def _revert(self) -> None:
        """A revert, or the revert of one, of the files that are still as the commit left them."""
        index = self.dice.randrange(len(self.history.main))
        if index == 0:
            return
        commit, before = self.history.main[index], self.history.main[index - 1]
        tree = _possible(_replaced(self.head.tree, commit.tree, before.tree))
        subject = commit.subject
        title = f'Reapply "{subject[8:]}' if subject.startswith('Revert "') else f'Revert "{subject}"'
        self._to_main(self._commit(tree, [self.head], title))

    def _pick(self) -> None:
        """A commit of a branch, picked to main."""
        (commit,) = self._side(self.dice.choice(self.history.main), 1)
        base = next(other for other in self.history.main if other.mark == commit.parents[0])
        self._to_main(self._commit(self._merged_tree(base.tree, self.head.tree, commit.tree), [self.head], "Pick"))

    # ------------------------------------------------------------ edits

    def _edited(self, before: Mapping[bytes, Entry]) -> Tree:
        tree = dict(before)
        for _ in range(self.dice.choice([1, 1, 1, 2, 3])):
            edits: list[tuple[int, Callable[[Tree], None]]] = [
                (12, self._edit_text),
                (4, self._add),
                (2, self._delete),
                (4, self._rename),
                (1, self._rename_directory),
                (1, self._copy),
                (2, self._mode),
                (2, self._link),
                (2, self._binary),
                (2, self._line_endings),
                (2, self._submodule),
                (2, self._swap),
                (1, self._attributes),
            ]
            weights, work = zip(*edits, strict=True)
            self.dice.choices(work, weights)[0](tree)
            tree = _possible(tree)
        return tree

    def _text(self) -> bytes:
        return b"".join(
            b"line %d of %d\n" % (line, self.dice.randint(0, 3)) for line in range(self.dice.randint(6, 20))
        )

    def _texts(self, tree: Tree) -> list[bytes]:
        return [path for path, entry in sorted(tree.items()) if entry.mode in {REGULAR, EXECUTABLE}]

    def _new_path(self) -> bytes:
        if self.dice.random() < 0.35:
            name = self.dice.choice([*ODD_NAMES, NOT_UTF8])
        else:
            name = f"n{self.dice.randint(0, 9)}.txt"
        folder = self.dice.choice([b"", b"d0/", b"d1/", b"d1/sub/", b"d2/"])
        return folder + (name if isinstance(name, bytes) else name.encode())

    def _edit_text(self, tree: Tree) -> None:
        if not (texts := self._texts(tree)):
            return
        path = self.dice.choice(texts)
        entry = tree[path]
        end = b"\r\n" if b"\r\n" in entry.content else b"\n"
        lines = entry.content.split(end)
        for _ in range(self.dice.randint(1, 2)):
            at = self.dice.randrange(len(lines))
            match self.dice.randint(0, 3):
                case 0:
                    lines.insert(at, b"new %d" % self.number)
                case 1 if len(lines) > 3:
                    del lines[at]
                case _:
                    lines[at] = b"edit %d" % self.number
        tree[path] = Entry(entry.mode, end.join(lines))

    def _add(self, tree: Tree) -> None:
        path = self._new_path()
        tree.setdefault(path, Entry(REGULAR, self._text()))

    def _delete(self, tree: Tree) -> None:
        if len(tree) > 3:
            del tree[self.dice.choice(sorted(tree))]

    def _rename(self, tree: Tree) -> None:
        old, new = self.dice.choice(sorted(tree)), self._new_path()
        if new in tree:
            return
        tree[new] = tree.pop(old)
        if tree[new].mode == REGULAR and self.dice.random() < 0.5:
            tree[new] = Entry(REGULAR, tree[new].content + b"renamed %d\n" % self.number)

    def _rename_directory(self, tree: Tree) -> None:
        old, new = self.dice.choice([b"d0/", b"d1/", b"d2/"]), b"moved%d/" % self.dice.randint(0, 2)
        for path in [path for path in tree if path.startswith(old)]:
            tree[new + path.removeprefix(old)] = tree.pop(path)

    def _copy(self, tree: Tree) -> None:
        if texts := self._texts(tree):
            tree[self._new_path()] = tree[self.dice.choice(texts)]

    def _mode(self, tree: Tree) -> None:
        if texts := self._texts(tree):
            path = self.dice.choice(texts)
            tree[path] = Entry(EXECUTABLE if tree[path].mode == REGULAR else REGULAR, tree[path].content)

    def _link(self, tree: Tree) -> None:
        target = self.dice.choice([b"d0/f0.txt", b"/etc/passwd", b"nowhere", b"..", b"./loop"])
        path = self.dice.choice([b"d0/link", b"link", *self._texts(tree)[:2]])
        tree[path] = Entry(LINK, target)

    def _binary(self, tree: Tree) -> None:
        path = self.dice.choice([b"logo.png", b"d1/logo.png", *self._texts(tree)[:1]])
        tree[path] = Entry(REGULAR, bytes([0, self.dice.randint(0, 255), *range(40)]) * 3)

    def _line_endings(self, tree: Tree) -> None:
        if texts := self._texts(tree):
            path = self.dice.choice(texts)
            content = tree[path].content.replace(b"\r\n", b"\n")
            converted = content.replace(b"\n", b"\r\n") if b"\r\n" not in tree[path].content else content
            tree[path] = Entry(tree[path].mode, converted)

    def _submodule(self, tree: Tree) -> None:
        path = self.dice.choice([b"vendor", b"d1/vendor", b"..vendor"])
        if path in tree and self.dice.random() < 0.2:
            del tree[path]
        else:
            tree[path] = Entry(GITLINK, b"%040x" % self.dice.randint(1, 6))

    def _swap(self, tree: Tree) -> None:
        """A file becomes a directory, or a directory a file."""
        path = self.dice.choice([b"conf", b"d1/conf", b"d0"])
        below = [other for other in tree if other.startswith(path + b"/")]
        if below:
            content = tree[below[0]].content if tree[below[0]].mode != GITLINK else b"x\n"
            for other in below:
                del tree[other]
            tree[path] = Entry(REGULAR, content)
        else:
            entry = tree.pop(path, Entry(REGULAR, self._text()))
            tree[path + b"/inner.txt"] = entry

    def _attributes(self, tree: Tree) -> None:
        path = self.dice.choice(
            [b".gitattributes", b"d0/.gitattributes", b"d1/.gitattributes", b"d1/sub/.gitattributes"]
        )
        if path in tree and self.dice.random() < 0.3:
            del tree[path]
        elif self.dice.random() < 0.15:
            tree[path] = Entry(LINK, self.dice.choice([b"d0/f0.txt", b"rules", b"*.txt merge=union"]))
        else:
            tree[path] = Entry(REGULAR, self.dice.choice(ATTRIBUTES).encode())


def _replaced(tree: Mapping[bytes, Entry], old: Mapping[bytes, Entry], new: Mapping[bytes, Entry]) -> Tree:
    """A tree with the difference from `old` to `new`, of those paths that it has as `old` does."""
    result = dict(tree)
    for path in sorted(old.keys() | new.keys()):
        if old.get(path) != new.get(path) and tree.get(path) == old.get(path):
            if path in new:
                result[path] = new[path]
            else:
                result.pop(path, None)
    return result


def _possible(tree: Tree) -> Tree:
    """The tree without entries below another entry: what is a directory is no file."""
    parents = {path[:index] for path in tree for index, byte in enumerate(path) if byte == ord("/")}
    result = {path: entry for path, entry in tree.items() if path not in parents}
    return result or {b"d0/f0.txt": Entry(REGULAR, b"last\n")}


def _quoted(path: bytes) -> bytes:
    """A path as `git fast-import` reads it: https://git-scm.com/docs/git-fast-import#_input_format."""
    plain = b"".join(bytes([byte]) if 32 < byte < 127 and byte not in b'"\\' else b"\\%03o" % byte for byte in path)
    return b'"' + plain + b'"'
