"""No regular expression of the bot takes more than linear time, whatever text it is given.

Each pattern is found in the syntax tree of its module, evaluated there, and run on texts that are derived from it: long
runs of what its parts match, followed by what makes the whole fail.
"""

import ast
import gc
import importlib
import json
import re
import signal
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import permutations
from pathlib import Path
from re import _parser as parser
from unittest.mock import Mock

import pytest

from bot.adapters.git import trees
from bot.core.applications import flux
from bot.core.applications.argocd import read_application
from bot.core.applications.deployer import Deployers
from bot.core.cluster_audit.event import ObjectState
from bot.core.cluster_audit.history import ObjectHistories
from bot.core.cluster_audit.write import ClusterWrite, ObjectKey
from bot.core.drift.model import FieldDrift, ObjectDrift
from bot.core.git.author import authors_of
from bot.core.git.commit import Commit
from bot.core.git.patch import FileChange, redacted_patch
from bot.core.git.target_revision import TargetRevision
from bot.core.globs import matches_glob, matches_path_glob
from bot.core.objects.credentials import MAX_SCANNED, redact_text
from bot.core.objects.documents import ManifestError, read_documents
from bot.core.pull_requests.adopt import adopt
from bot.core.rendering.budget import Budget, BudgetExceededError
from bot.core.rendering.chart import expand_values_files, find_dependencies
from bot.core.rendering.envsubst import substitute
from bot.core.rendering.kustomization import ReadFiles, find_references
from bot.core.rendering.kustomize_edit import edit_kustomization
from bot.core.rendering.limits import MAX_DEPENDENCIES, MAX_MATCHED
from bot.core.rendering.source import FluxBuild, HelmParameters, KustomizeParameters, Source, SourceType
from bot.core.rendering.sourceignore import SourceIgnore
from bot.handlers.rendering.affected import path_and_parents
from bot.handlers.rendering.render_request import RenderRequest, _missing_charts
from bot.ports.git import File
from tests.common.deployers import kustomization

ROOT = Path(__file__).parents[2]
FUNCTIONS = {"compile", "match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer"}
POOL = "ax0_ \t\n-.:/@#\"'\\<>()[]{}=,;|*+~$!%é\u2028\x00Z"  # one character of each class that patterns distinguish
LENGTH = 8_000
FAST = 0.005  # seconds of CPU: quadratic time at half of LENGTH is above
STOPPED = 0.4  # seconds of CPU that one use may take at most
GROWTH = 8  # how much longer a text of LENGTH may take than a quarter of it: 4 times if linear, 16 if quadratic
TAILS = ("", "\x00", "!", "\n")

GLOBS = ("*a*a*a*a*a*b", "[a-z]*[a-z]*[a-z]*-", "{a*,*a,*}{a*,*a}!", "?*?*?*?*b")
# Where code compiles neither a constant nor its own argument: all it may be given, evaluated in that module.
BUILT = {
    "bot/config/environment.py: pattern": "[pattern for pattern, _, _ in _VARIABLES]",
    "bot/config/sections/forge.py: kind.repository": "[kind.repository for kind in FORGES.values()]",
    "bot/core/drift/severity.py: rule.path": "[rule.path for rule in _RULES]",
    "bot/core/globs.py: '|'.join(expressions)": (f"[parse_glob(text).pattern for text in {GLOBS!r}]"),
    "bot/core/pull_requests/revert.py: f'{branch_name(target)}(-[1-9][0-9]?)?'": (
        "['gitops-bot/revert-' + '0' * 40 + '(-[1-9][0-9]?)?']"
    ),
}


@dataclass(frozen=True)
class Use:
    """A pattern, and how one place uses it."""

    where: str
    pattern: str | bytes
    flags: int
    method: str

    def __str__(self):
        return f"{self.where} {self.method} {self.pattern!r:.40}"


# ------------------------------------------------------------ finding


@cache
def modules():
    """Every module that imports `re`, by its path."""
    return {path.relative_to(ROOT).as_posix(): parsed(path) for path in sources() if imports_of_re(parsed(path))}


def sources():
    return sorted((ROOT / "bot").rglob("*.py"))


@cache
def parsed(path):
    return ast.parse(path.read_text())


def imports_of_re(tree):
    """The statements that import `re` or a part of it, at any place in a module."""
    return [
        ast.unparse(node)
        for node in ast.walk(tree)
        if (isinstance(node, ast.Import) and any(alias.name == "re" for alias in node.names))
        or (isinstance(node, ast.ImportFrom) and node.module == "re")
    ]


@cache
def methods(file):
    """Which methods are called on each name of a module; on anything that is not just a name, by None."""
    called = defaultdict(set)
    for node in ast.walk(modules()[file]):
        if isinstance(node, ast.Attribute) and node.attr in FUNCTIONS:
            called[getattr(node.value, "id", None)].add(node.attr)
    return called


def methods_of(file, node, name):
    """How a pattern is used: by the called function itself, by the name it is assigned to, or somehow in its module."""
    if node.func.attr != "compile":
        return [node.func.attr]
    called = methods(file)
    not_constants = [owner for owner in called if owner != "re" and not (owner or "").isupper()]
    used = called[name] if name else set().union(*(called[owner] for owner in not_constants))
    return sorted(used - {"split"}) or ["search"]  # most have the method of a str


def uses() -> Iterator[Use]:
    for file, tree in modules().items():
        assigned = {
            id(node.value): target.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign | ast.AnnAssign)
            for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(tree):
            if is_call_of_re(node):
                position = {"compile": 1, "split": 3, "sub": 4, "subn": 4}.get(node.func.attr, 2)
                flags = node.args[position : position + 1] + [
                    keyword.value for keyword in node.keywords if keyword.arg == "flags"
                ]
                value = evaluated(file, flags[0]) if flags else 0
                for pattern in patterns(file, node.args[0]):
                    for method in methods_of(file, node, assigned.get(id(node))):
                        yield Use(f"{file}:{node.lineno}", pattern, value, method)


def is_call_of_re(node):
    function = getattr(node, "func", None)
    return (
        isinstance(function, ast.Attribute)
        and isinstance(function.value, ast.Name)
        and function.value.id == "re"
        and function.attr in FUNCTIONS
    )


def patterns(file, node) -> Iterable[str | bytes]:
    try:
        return [evaluated(file, node)]
    except NameError:
        if isinstance(node, ast.Name) and (arguments := list(passed_to_parameter(file, node))):
            return [evaluated(caller, argument) for caller, argument in arguments]
        # A KeyError says which place to add to the table.
        return evaluated(file, ast.parse(BUILT[f"{file}: {ast.unparse(node)}"], mode="eval").body)


def passed_to_parameter(file, node):
    """What all modules pass to the function whose first parameter a name is."""
    functions = {
        function.name
        for function in ast.walk(modules()[file])
        if isinstance(function, ast.FunctionDef) and [argument.arg for argument in function.args.args][:1] == [node.id]
        if node in ast.walk(function)
    }
    for name in functions:
        for caller, argument in first_arguments()[name]:
            if caller == file or not name.startswith("_"):
                yield caller, argument


@cache
def first_arguments():
    """What each function is called with first, and in which module, by the function's name."""
    arguments = defaultdict(list)
    for path in sources():
        for call in ast.walk(parsed(path)):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.args:
                arguments[call.func.id].append((path.relative_to(ROOT).as_posix(), call.args[0]))
    return arguments


def evaluated(file, node):
    namespace = vars(importlib.import_module(file.removesuffix(".py").replace("/", ".")))
    return eval(compile(ast.Expression(node), file, "eval"), dict(namespace))  # noqa: S307  our own source


# ------------------------------------------------------------ hostile texts


def samples(items) -> list[str]:
    """A few short texts that the items of a parsed pattern match."""
    texts = [""]
    for item in items:
        texts = [text + sample for text in texts[:6] for sample in item_samples(item)[:6]]
    return texts[:12]


def item_samples(item) -> list[str]:
    kind, value = str(item[0]), item[1]
    match kind:
        case "LITERAL":
            return [chr(value)]
        case "NOT_LITERAL":
            return [character for character in POOL if character != chr(value)][:3]
        case "ANY":
            return ["a", " ", "-"]
        case "IN":
            return class_members(value)
        case "BRANCH":
            return [sample for branch in value[1] for sample in samples(branch)[:3]]
        case "SUBPATTERN":
            return samples(value[3])
        case "ATOMIC_GROUP":
            return samples(value)
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            least, _, body = value
            return [sample * max(least, 1) for sample in samples(body)]
        case _:  # an anchor, an assertion
            return [""]


def class_members(value) -> list[str]:
    negated = str(value[0][0]) == "NEGATE"
    members = []
    for kind, content in value:
        match str(kind):
            case "LITERAL":
                members.append(chr(content))
            case "RANGE":
                members.append(chr(content[0]))
            case "CATEGORY":
                members += [character for character in POOL if in_category(str(content), character)][:3]
    return [character for character in POOL if character not in members][:6] if negated else members[:6]


def in_category(name, character):
    letter = {"DIGIT": "d", "SPACE": "s", "WORD": "w"}[name.rpartition("_")[2]]
    return re.fullmatch("\\" + (letter.upper() if "_NOT_" in name else letter), character) is not None


def pumps(items, before="") -> Iterator[tuple[str, list[str]]]:
    """Each repetition without a low limit: a text that leads to it, and texts that it repeats."""
    for item in items:
        kind, value = str(item[0]), item[1]
        inner = []
        if kind.endswith("_REPEAT"):
            inner = [value[2]]
            if value[1] > 50:
                yield before, [sample for sample in samples(value[2]) if sample]
        elif kind == "BRANCH":
            inner = value[1]
        elif kind == "SUBPATTERN":
            inner = [value[3]]
        elif kind == "ATOMIC_GROUP":
            inner = [value]
        elif kind in ("ASSERT", "ASSERT_NOT"):
            inner = [value[1]]
        for part in inner:
            yield from pumps(part, before)
        before += item_samples(item)[0]


def hostile_texts(use) -> Iterator[tuple[str, str, str, str]]:
    """Texts as a beginning, what is repeated, a middle to repeat as often, and an end."""
    text = use.pattern.decode("latin-1") if isinstance(use.pattern, bytes) else use.pattern
    tree = parser.parse(text, use.flags)
    whole = samples(tree)[:4]
    repeated = set()
    for before, bodies in pumps(tree):
        repeated.update(bodies)
        for body in bodies:
            for tail in (*TAILS, *(sample[:-1] for sample in whole)):
                yield before, body, "", tail
                yield "", before + body, "", tail
    for sample in whole:
        for tail in TAILS:
            yield "", sample, "", tail
            yield "", sample[:-1], "", tail
    for one, other in permutations(sorted(repeated)[:8], 2):
        for tail in ("", "\x00"):
            yield "", one + other, "", tail
            yield "", one, other, tail


# ------------------------------------------------------------ measuring


class TooSlowError(Exception):
    """More CPU time than allowed."""


@contextmanager
def cpu_limit(seconds):
    def stop(*_):
        raise TooSlowError

    previous = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, previous)


def seconds_for(compiled, use, parts, length):
    begin, repeated, middle, end = parts
    times = length // (len(repeated + middle) or 1)
    text = begin + repeated * times + middle * times + end
    subject = text.encode("latin-1", "replace") if isinstance(use.pattern, bytes) else text
    run = getattr(compiled, use.method)
    start = time.thread_time()  # with a timer of CPU time, the kernel updates the time of the process once a tick only
    with cpu_limit(STOPPED):
        if use.method in ("sub", "subn"):
            run(subject[:0], subject)
        elif use.method == "finditer":
            sum(1 for _ in run(subject))
        else:
            run(subject)
    return time.thread_time() - start


def is_slow(compiled, use, parts):
    try:
        if seconds_for(compiled, use, parts, LENGTH // 2) < FAST:
            return False
        # Beside other processes, a run takes up to twice its time, so one attempt of five that is linear is enough.
        return all(
            seconds_for(compiled, use, parts, LENGTH) > GROWTH * seconds_for(compiled, use, parts, LENGTH // 4)
            for _ in range(5)
        )
    except TooSlowError:
        return True


def slow_text(use):
    """A text that takes more than linear time; None if there is none."""
    compiled = re.compile(use.pattern, use.flags)
    return next((parts for parts in dict.fromkeys(hostile_texts(use)) if is_slow(compiled, use, parts)), None)


@pytest.fixture
def without_gc():
    """No collection of the worker's whole heap counts as CPU time, or meets the signal of a limit."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("without_gc")
def test_every_pattern_takes_linear_time(subtests):
    for use in dict.fromkeys(uses()):
        with subtests.test(str(use)):
            assert slow_text(use) is None


def co_authors():
    text = "Co-authored-by:" + " " * 60_000
    instant = datetime(2026, 11, 20, tzinfo=UTC)
    return authors_of([Commit("a" * 40, (), f"{text}\n{text}<\n{text}<a@b", "Ana", "ana@example.com", instant)])


def adopted_with(*, before="", after=""):
    content = (
        f"{before}apiVersion: apps/v1\nkind: Deployment\nmetadata:\n    name: web\nspec:\n  replicas: 1   \n{after}"
    )
    drift = ObjectDrift(
        "apps/v1", "Deployment", None, "web", "modified", (FieldDrift("changed", "spec.replicas", 1, 2),)
    )
    return adopt("web.yaml", content.encode(), [drift], namespace="shop")


def patch_of(lines):
    """The diff of a manifest that ends with these lines, before and after."""
    manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  a: b\n"
    before, after = ((manifest + "\n".join(side)).encode() for side in lines)
    return list(redacted_patch([FileChange("a.yaml", before, after)] * 3))


def ignored_files(patterns, files):
    lines = b"\n".join(b"zz%d" % number for number in range(patterns))
    ignore = SourceIgnore({".sourceignore": lines}, "", Budget(MAX_MATCHED))
    return [ignore.excludes(f"apps/{number}.yaml") for number in range(files)]


def ignored_directories(patterns, files):
    """As many lines as the budget of characters allowed, none of which a file could match."""
    budget = Budget(MAX_MATCHED)
    with suppress(BudgetExceededError):
        ignore = SourceIgnore({".sourceignore": b"a/\n" * patterns}, "", budget)
        for number in range(files):
            ignore.excludes(f"{number}.yaml")
    assert budget._left < 0


def braced_values_files(count, glob):
    with pytest.raises(ManifestError, match=r"too many patterns|more than 200 alternatives"):
        expand_values_files([f"{glob}{number}*" for number in range(count)], ["values.yaml"], ignore_missing=True)


def braced_rules(count, **selectors):
    rules = [
        {"kind": "A", **{key: BRACES + str(number) for key in selectors}, **selectors} | {"name": f"{BRACES}-{number}"}
        for number in range(count)
    ]
    source = {"repoURL": "https://git.example/x", "path": "x", "directory": {"include": BRACES + "{" * 3_000}}
    spec = {"sources": [source] * 100, "ignoreDifferences": rules}
    for _ in range(2):
        read_application({"metadata": {"namespace": "argocd", "name": "web"}, "spec": spec}, "prod")


def named_dependencies(count):
    entries = b"".join(b"- {name: %s}\n" % (b"a" * 50_000 + b"%d" % number) for number in range(count))
    archives = {f"charts/z{number}.tgz": b"" for number in range(4_000)}
    find_dependencies({**archives, "Chart.yaml": b"dependencies:\n" + entries}, "", HelmParameters())


def values_files(globs, files):
    with pytest.raises(ManifestError, match="too many patterns"):
        expand_values_files(
            [f"q{number}*" for number in range(globs)], [f"{number}" for number in range(files)], ignore_missing=True
        )


def chart_dependencies(declared, archives):
    files = {f"charts/z{number}.tgz": b"" for number in range(archives)}
    entries = b"".join(b"- {name: a%d}\n" % number for number in range(declared))
    with pytest.raises(ManifestError, match="more than 100 dependencies"):
        find_dependencies({**files, "Chart.yaml": b"dependencies:\n" + entries}, "", HelmParameters())


def flux_resources(count):
    status = {"conditions": [{"type": "Ready", "status": "False", "reason": "DependencyNotReady"}]}
    sources = [{"metadata": {"name": f"s{number}"}} for number in range(count)]
    resources = [kustomization(f"k{number}", status=status, dependsOn=[{"name": "k"}]) for number in range(count)]
    held = {flux.KUSTOMIZATION: resources, flux.HELM_RELEASE: [], flux.GIT_REPOSITORY: sources}
    return flux.read_resources(held, "prod", lambda *_: None), Deployers("prod", "", held, ())


def trimmed(pattern, value):
    with suppress(BudgetExceededError):
        substitute("${x##${p}}" * (1 if len(value) > 1 else 100_000), {"x": value, "p": pattern}.get)


BRACES = "{a,b}" * 7
LETTERS = "".join(map(chr, range(0x4E00, 0x4E00 + 2_700)))  # each different


@pytest.mark.parametrize(
    "use",
    [
        co_authors,
        lambda: trimmed("*" * 800 + "z", "a" * 1_000),
        lambda: trimmed("*" * 2_900 + "z", "a" * 2_700),
        lambda: trimmed("*a" * 1_450, LETTERS),
        lambda: trimmed("?" * 2_900, LETTERS),
        lambda: trimmed("[a-z]" * 580, LETTERS),
        lambda: trimmed("*a" * 8, "a"),
        lambda: trimmed("*a" * 8, ""),
        lambda: TargetRevision("1" + " " * 100_000 + "!").versions,
        lambda: TargetRevision("1 " * 50_000 + "!").versions,
        lambda: matches_path_glob("**/a/**/a/**/a/**/b", "a/" * 2_000 + "c"),
        lambda: matches_glob("*a*a*a*a*a*a*b", "a" * 4_000),
        lambda: ignored_files(patterns=1_500, files=200),
        lambda: ignored_directories(patterns=400_000, files=1),
        lambda: ignored_directories(patterns=50_000, files=1_000),
        lambda: values_files(globs=2_000, files=20_000),
        lambda: braced_values_files(4_000, BRACES),
        lambda: braced_values_files(4_000, "{a*,b*}" * 7 + "x*" * 30),
        lambda: braced_values_files(1, BRACES + "x*" * 2_000),
        lambda: braced_rules(4_000),
        lambda: braced_rules(400, kind="{" * 1_500),
        lambda: braced_rules(400, kind=BRACES + "x*" * 2_000),
        lambda: braced_rules(10, managedFieldsManagers=[f"{BRACES}-{number}" for number in range(40)]),
        lambda: named_dependencies(90),
        lambda: chart_dependencies(declared=4_000, archives=4_000),
        lambda: flux_resources(4_000),
        lambda: adopted_with(before="\n" * 26),
        lambda: adopted_with(before=" \n" * 10_000),
        lambda: adopted_with(after="  args:\n" + "  - a\n" * 5_000),
        lambda: read_documents("a.json", b"{} " * 150_000),
        lambda: patch_of([[f"#{sign * line % 110}" for line in range(16_000)] for sign in (1, -1)]),
        lambda: patch_of([[f"  key{line}: hunter{side}{line}" for line in range(2_500)] for side in "ab"]),
    ],
)
@pytest.mark.usefixtures("without_gc")
def test_no_text_of_a_stranger_keeps_the_bot_busy(use):
    with cpu_limit(5):
        use()


def edited_images(count):
    images = [json.dumps({"name": f"a{number}", "newTag": "1"}) for number in range(count)]
    content = b"images:\n" + b"".join(b"- {name: b%d}\n" % number for number in range(4 * count))
    edit_kustomization({"kustomization.yaml": content}, "", KustomizeParameters(images=tuple(images), flux=FluxBuild()))


def ignored_values_files(count):
    paths = tuple(f"{number}.yaml" for number in range(count))
    parameters = HelmParameters(values_files=paths, ignore_missing_values_files=True)
    find_dependencies({"Chart.yaml": b"name: web"}, "", parameters)


def vendored_archives(count):
    files = {f"charts/z{number}.tgz": b"" for number in range(count)}
    entries = b"".join(b"- {name: a%d}\n" % number for number in range(100))
    declared = dict.fromkeys(("Chart.yaml", "requirements.yaml"), b"dependencies:\n" + entries)
    find_dependencies(files | declared, "", HelmParameters())


def helm_charts(homes, charts):
    """The references of two kustomizations with half of the charts each."""
    options = {"helmGlobals": [{"chartHome": f"h{number}"} for number in range(homes)]}
    entry = {"releaseName": "r", "repo": "https://charts.example", "version": "1.0.0"}
    files = {}
    for path, name in (("a", "b"), ("a/b", "c")):
        entries = [{**entry, "name": f"{name}{number}"} for number in range(charts // 2)]
        content = {"resources": ["b"] if name == "b" else [], "helmCharts": entries, **options}
        files[f"{path}/kustomization.yaml"] = json.dumps(content).encode()
    return find_references(files, "a", ReadFiles())


def chart_homes(count):
    assert len(helm_charts(5, 20).charts) == MAX_DEPENDENCIES
    assert len(helm_charts(1, 200).charts) == 200, "one directory may have the same few charts for all entries"
    for homes, charts in ((5, 22), (count, count)):
        with pytest.raises(ManifestError, match="more than 100 charts"):
            helm_charts(homes, charts)


def missing_charts(count):
    files = {f"a/b/{number}": File(f"a/b/{number}", b"") for number in range(count)}
    request = RenderRequest(Source("a"), SourceType.KUSTOMIZE, "a", files, outside=dict.fromkeys(files, ()))
    charts = helm_charts(1, 100).charts
    assert len(_missing_charts(request, charts * 20)) == len(charts)


def deep_files(count):
    """As many files below one deep directory."""
    return {f"{'a/' * 1_000}{number}.yaml": b"" for number in range(count)}


def listed_files(count):
    output = b"".join(b"100644 blob %s 1\t%s\0" % (b"0" * 40, path.encode()) for path in deep_files(count))
    trees._list(Mock(git=Mock(return_value=Mock(stdout=output))), "0" * 40, ["a" + "/a" * 999])


def referred_directories(count):
    read = ReadFiles()
    for depth in range(1, 20):
        find_references(deep_files(count), "a" + "/a" * depth, read)


def object_histories(count, state):
    """As many requests for one object, each with the state that its number gives."""
    histories, at = ObjectHistories(), datetime(2026, 11, 20, tzinfo=UTC)
    fields = tuple(f"data.b{number}" for number in range(500))
    for number in range(count):
        key = ObjectKey("", "configmaps", "shop", "web")
        write = ClusterWrite(f"{number}", key, "patch", None, "kubectl", at, at, version=number + 1, fields=fields)
        histories.add(write, state(number))


def whole_state(number):
    return ObjectState({f"data.a{index}": b"%d" % number for index in range(500)}, "v1")


def scaled_state(number):
    if number:
        return ObjectState({"data.b1": b"%d" % number}, is_partial=True)
    return ObjectState({f"data.a{index}": b"" for index in range(5_000)}, "v1")


@pytest.mark.parametrize(
    "use",
    [
        lambda: edited_images(6_000),
        lambda: ignored_values_files(25_000),
        lambda: vendored_archives(16_000),
        lambda: chart_homes(1_000),
        lambda: missing_charts(20_000),
        lambda: listed_files(2_000),
        lambda: referred_directories(500),
        lambda: edit_kustomization(deep_files(4_000), "b", KustomizeParameters(flux=FluxBuild())),
        lambda: sum(len(path_and_parents(path)) for path in deep_files(1_000)),
        lambda: object_histories(80, whole_state),
        lambda: object_histories(300, scaled_state),
    ],
)
@pytest.mark.usefixtures("without_gc")
def test_no_number_of_things_keeps_the_bot_busy(use):
    with cpu_limit(4):
        use()


@pytest.mark.parametrize(
    "repeated",
    [
        "x",
        "a1B2",
        "-u a:b ",
        "://a:b@",
        "login a password b ",
        '"',
        "a=b\n",
        "name: password\n",
        "<password>\n",
        "://" + ":" * 196,
    ],
)
def test_the_longest_text_is_searched_for_credentials_in_linear_time(repeated):
    """Detectors of detect-secrets are quadratic, so they see only short windows."""
    with cpu_limit(3):
        redact_text((repeated * MAX_SCANNED)[:MAX_SCANNED])


@pytest.mark.parametrize(
    ("pattern", "method"),
    [
        (r"(a+)+b", "match"),
        (r"(?im)^co-authored-by:[ \t]*(.{1,200}?)[ \t]*<x", "findall"),
        (r"(?:\s*#[^\n]*\n|\s*\n)*---", "match"),
        (r"[ \t]+$", "search"),
        (r"\s+-\s+x|\s*,?\s*y", "match"),
        (r"x*x*x*y", "fullmatch"),
        (r".*a.*b", "match"),
    ],
)
def test_what_backtracks_is_found(pattern, method):
    assert slow_text(Use("here", pattern, 0, method)) is not None


def test_every_pattern_is_looked_at():
    """The source has no other way to a regular expression, and the table above no entry without a place."""
    places = {
        f"{file}: {ast.unparse(node.args[0])}"
        for file, tree in modules().items()
        for node in ast.walk(tree)
        if is_call_of_re(node)
    }
    assert BUILT.keys() <= places
    others = {str(path): set(imports_of_re(parsed(path))) - {"import re"} for path in sources()}
    assert {path: forms for path, forms in others.items() if forms} == {}


@pytest.mark.parametrize(
    "form", ["import re", "import re as r", "from re import compile", "from re import search as s"]
)
def test_every_import_of_re_is_seen(form):
    assert imports_of_re(ast.parse(f"import os\ndef f():\n    {form}\n")) == [form]
