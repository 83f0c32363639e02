"""Charts that take long to render: they delay the checks of their own tenant, and those of others only for a while."""

from types import SimpleNamespace

import pytest

from bot.adapters.rendering import private_copy, slow_runs
from bot.adapters.rendering.programs import ProgramRenderer
from bot.adapters.rendering.slow_runs import SlowRuns
from bot.core.objects.documents import ManifestError
from bot.core.rendering.limits import SLOW_BUDGET_SECONDS, SLOW_SECONDS, SLOW_WINDOW_SECONDS, Limits
from bot.core.rendering.source import HelmParameters, Source, SourceType
from bot.handlers.rendering import gather
from bot.handlers.rendering.render import render
from bot.handlers.rendering.render_request import RenderRequest, follow_kustomization
from bot.ports.errors import PortError
from bot.ports.git import File
from bot.ports.rendering import RenderError, RenderPostponedError, RenderStoppedError
from bot.ports.tenant import CURRENT_TENANT, for_tenant
from tests.common.rendering import HangingRenderer, Rendering

LIMITS = Limits()
ENDLESS = "{{ range until 100000 }}{{ range until 100000 }}{{ range until 10000 }}{{ end }}{{ end }}{{ end }}"


class Runs:
    """Runs that take a number of seconds of a clock, or as long as their limit."""

    def __init__(self, monkeypatch):
        self.clock = SimpleNamespace(now=0.0)
        monkeypatch.setattr(slow_runs, "time", SimpleNamespace(monotonic=lambda: self.clock.now))
        self.slow_runs = SlowRuns(SLOW_BUDGET_SECONDS)

    def run(self, tenant, seconds, *, succeeds=True):
        """The limit that it had; 0 if it did not start."""
        limit = 0.0
        try:
            with for_tenant(tenant), self.slow_runs.limited(LIMITS, "helm template") as run:
                limit = run.limits.seconds
                self.clock.now += min(seconds, limit)
                if seconds > limit:
                    raise RenderStoppedError("too long")
                run.succeeded = succeeds
        except PortError:
            return limit
        return limit


@pytest.fixture
def runs(monkeypatch):
    return Runs(monkeypatch)


@pytest.mark.parametrize(
    ("seconds", "succeeds"),
    [(SLOW_SECONDS, True), (LIMITS.seconds - 1, True), (1_000, True), (SLOW_SECONDS * 0.9, False), (0.3, False)],
)
def test_slow_or_failed_charts_of_one_tenant_take_a_bounded_time(runs, seconds, succeeds):
    """40 charts that each took the full 30 s, or failed after 4.9 s, delayed all checks of their cluster by minutes."""
    limits = [runs.run("prod/slow", seconds, succeeds=succeeds) for _ in range(1_000)]
    assert [limit for limit in limits if limit] == sorted(filter(None, limits), reverse=True)
    assert SLOW_BUDGET_SECONDS < runs.clock.now < 3 * SLOW_BUDGET_SECONDS
    assert runs.run("prod/other", SLOW_SECONDS / 2) == LIMITS.seconds
    runs.clock.now += SLOW_WINDOW_SECONDS * 2
    assert runs.run("prod/slow", 1) == LIMITS.seconds


def test_slow_charts_of_many_tenants_leave_the_others_a_third_of_their_time(runs):
    """A person with three namespaces could make the slow charts of everyone unknown."""
    for number in range(100):
        runs.run(f"prod/slow-{number}", 1_000)
    assert runs.run("prod/other", SLOW_BUDGET_SECONDS / 3) == LIMITS.seconds
    assert runs.run("prod/other", 1_000) == SLOW_SECONDS


def test_any_number_of_quick_renderings_that_succeed_is_not_limited(runs):
    assert {runs.run("prod/many", SLOW_SECONDS * 0.9) for _ in range(1_000)} == {LIMITS.seconds}


class SlowChart:
    """A renderer whose charts take 24 s, with keys in another order at the last run that has time."""

    def __init__(self, runs, last):
        self.runs, self.last, self.made = runs, last, 0

    def without_cache(self):
        return self

    def helm(self, files, path, parameters):
        del files, path, parameters
        with for_tenant("prod/slow"), self.runs.slow_runs.limited(LIMITS, "helm template") as run:
            self.runs.clock.now += min(24.0, run.limits.seconds)
            if run.limits.seconds < 24.0:
                raise RenderStoppedError("too long")
            run.succeeded = True
            self.made += 1
        return "".join(
            f"---\n{{apiVersion: v1, kind: ConfigMap, metadata: {{name: {name}}}, data: {{keys: '{keys}'}}}}\n"
            for name, keys in (("fixed", "a,b"), ("varying", "b,a" if self.made == self.last else "a,b"))
        ).encode()


@pytest.mark.parametrize("masked", ["", "{}"])
@pytest.mark.parametrize(("used", "made"), [(0.0, 3), (30.0, 2)])
def test_a_slow_chart_with_keys_in_random_order_is_compared_as_often_as_there_is_time(runs, used, made, masked):
    """It needed more time for four renderings than there was, so its application was unknown for good."""
    with for_tenant("prod/slow"):
        runs.slow_runs._add(used)
    chart = {"c/Chart.yaml": b"{apiVersion: v2, name: c, version: 1.0.0}", "c/templates/a.yaml": b"{{ keys .Values }}"}
    files = {path: File(path, text) for path, text in chart.items()}
    source = Source("c", SourceType.HELM, HelmParameters("c", masked_values=masked))
    request = RenderRequest(source, SourceType.HELM, "c", files)
    renderer = SlowChart(runs, last=made)
    rendering = render(request, renderer)
    assert renderer.made == made
    assert [manifest.name for manifest in rendering.manifests] == ["fixed"]
    assert [manifest.name for manifest in rendering.unknown_objects] == ["varying"]


def test_charts_that_fail_are_postponed():
    """The time of a chart that failed before it counted as slow was free, and it was tried again every ten minutes."""
    renderer = ProgramRenderer.find(SlowRuns(0.01))
    files = [
        File("Chart.yaml", b"apiVersion: v2\nname: x\nversion: 1.0.0\n"),
        File("templates/a.yaml", b'{{ fail "never" }}'),
    ]
    errors = []
    for _ in range(2):
        with pytest.raises(PortError) as raised, for_tenant("prod/slow"):
            renderer.helm(files, "", HelmParameters(release_name="x"))
        errors.append(type(raised.value))
    assert errors == [RenderError, RenderPostponedError]


def test_a_postponed_rendering_copies_no_files(monkeypatch):
    """Each held one of two slots while all of its files were copied, which nobody was charged for."""
    copied = []
    monkeypatch.setattr(private_copy, "_write", lambda _, file: copied.append(file))
    renderer = ProgramRenderer(("/bin/true",), ("/bin/true",), slow_runs=SlowRuns(60.0))
    files = [File("app/Chart.yaml", b"")]
    with for_tenant("prod/slow"):
        renderer.slow_runs._add(2 * 60.0 + 1.0)
        with pytest.raises(RenderPostponedError):
            renderer.kustomize(files, "app", helm=None, plugins=False)
        with pytest.raises(RenderPostponedError):
            renderer.helm(files, "app", HelmParameters(release_name="x"))
    assert not copied


@pytest.mark.parametrize("prepared", [["prod/slow", "prod/other"], ["prod/slow"]], ids=["together", "before"])
def test_a_tenant_that_copies_an_application_does_not_postpone_it_for_others(source, tmp_path, prepared):
    """The source listed first was postponed for everyone, again and again."""

    class Renderer(HangingRenderer):
        def kustomize(self, files, path, *, helm, plugins):
            del files, path, helm, plugins
            if CURRENT_TENANT.get() == "prod/slow":
                raise RenderPostponedError("later")
            return b"{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}"

    rendering = Rendering(source, tmp_path)
    rendering.use(Renderer())
    head = rendering.commit({"app/kustomization.yaml": "resources: []"})
    rendering.cache.prepare(rendering.repository, head, [Source("app", tenant=tenant) for tenant in prepared])
    assert len(rendering.cache) == 1
    if prepared == ["prod/slow"]:
        with pytest.raises(RenderPostponedError):
            rendering.render(Source("app", tenant="prod/slow"))
    assert [manifest.name for manifest in rendering.render(Source("app", tenant="prod/other"))] == ["a"]
    assert rendering.render(Source("app", tenant="prod/slow"))


@pytest.mark.parametrize("ignore", [None, ""], ids=["path", "flux"])
def test_an_application_whose_files_cannot_be_gathered_is_tried_again_once_they_change(
    source, tmp_path, monkeypatch, ignore
):
    """Each check read all of its kustomizations twice, which can take seconds."""
    gathered = []

    def follow(*arguments, **options):
        gathered.append(arguments)
        return follow_kustomization(*arguments, **options)

    monkeypatch.setattr(gather, "follow_kustomization", follow)
    rendering = Rendering(source, tmp_path)
    application = Source("app", ignore=ignore)

    def check():
        head = rendering.repository.head()
        rendering.cache.prepare(rendering.repository, head, [application])
        rendering.cache.known_inputs(rendering.repository, head, [application])
        try:
            return [manifest.name for manifest in rendering.render(application)]
        except PortError as error:
            return str(error)
        except ManifestError as error:
            return str(error)

    rendering.commit({"app/kustomization.yaml": "resources: [../a, ../b]\n", "b/kustomization.yaml": "resources: []\n"})
    missing = check()
    assert "a" in missing
    assert (check(), len(gathered)) == (missing, 1)
    rendering.commit({"c/other.yaml": "a: b\n"})
    assert (check(), len(gathered)) == (missing, 1)
    config_map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
    rendering.commit({"a/kustomization.yaml": "resources: [gone.yaml]\n", "b/b.yaml": config_map})
    gone = check()
    assert "gone.yaml" in gone
    assert (check(), len(gathered)) == (gone, 2)
    rendering.commit({"a/gone.yaml": config_map})
    assert check() == ["a"]
    rendering.source.commit("back", {"a/gone.yaml": None})
    rendering.repository.fetch()
    before = len(gathered)
    assert (check(), len(gathered)) == (gone, before)


def test_an_endless_chart_is_stopped_early_and_then_postponed(monkeypatch):
    monkeypatch.setattr(slow_runs, "SLOW_SECONDS", 0.5)
    renderer = ProgramRenderer.find(SlowRuns(1.0))
    files = [
        File("Chart.yaml", b"apiVersion: v2\nname: x\nversion: 1.0.0\n"),
        File("templates/a.yaml", ENDLESS.encode()),
    ]
    object.__setattr__(renderer, "limits", Limits(seconds=1.5))

    def render():
        with for_tenant("prod/slow"):
            renderer.helm(files, "", HelmParameters(release_name="x"))

    with pytest.raises(RenderStoppedError, match=r"longer than 2 s"):
        render()
    for _ in range(3):
        with pytest.raises(PortError, match=r"^helm template \. is postponed because recent renderings took too long"):
            render()
    with pytest.raises(RenderStoppedError), for_tenant("prod/other"):
        renderer.helm(files, "", HelmParameters(release_name="x"))
