"""The guided tour, as a stranger takes it: in a real browser, on a desktop and on a phone, to the very end.

`UPDATE_PICTURES=1 pytest tests/e2e/test_tour.py` takes those of `docs/pictures` anew; look at them then.
"""

import os
import re
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import expect

from bot.sandbox.demo import Demo
from tests.common.wait import DEADLINE

# Kept as artefacts, to be looked at.
PICTURES = Path(__file__).parents[2] / ".cache" / "pictures"
DOCUMENTED = Path(__file__).parents[2] / "docs" / "pictures"
# Which of them the documentation shows, and as what.
SHOWN = {"desktop-4-status": "demo.png", "phone-6-reverted": "revert.png", "phone-8-live": "rollout.png"}
LOOKS = {"reduced_motion": "reduce", "locale": "en-GB"}
SIZES = {"desktop": (1280, 800), "phone": (390, 844)}


@pytest.fixture(params=SIZES)
def size(request):
    return request.param


@pytest.fixture
def page(browser, size):
    width, height = SIZES[size]
    phone = size == "phone"
    context = browser.new_context(
        viewport={"width": width, "height": height}, has_touch=phone, device_scale_factor=2 if phone else 1, **LOOKS
    )
    context.set_default_timeout(DEADLINE * 1000)
    yield context.new_page()
    context.close()


class Guide:
    """The tour's panel: a card on the desktop, a sheet to pull up on a phone."""

    def __init__(self, page, size):
        self.page = page
        self.size = size
        self.panel = page.get_by_role("region", name="Guided tour")

    def picture(self, name, card=None):
        PICTURES.mkdir(parents=True, exist_ok=True)
        path = PICTURES / f"{self.size}-{name}.png"
        self.page.locator(".toast button").evaluate_all("all => all.forEach((one) => one.click())")
        (card or self.page).screenshot(path=path)
        if os.environ.get("UPDATE_PICTURES") and path.stem in SHOWN:
            shutil.copy(path, DOCUMENTED / SHOWN[path.stem])
        width = self.page.evaluate("document.documentElement.scrollWidth")
        assert width <= SIZES[self.size][0], f"{name}: the page scrolls sideways"

    def press(self, name):
        toggle = self.panel.get_by_role("button", expanded=False)
        if self.size == "phone" and toggle.count():
            toggle.first.click()
        self.panel.get_by_role("button", name=name).first.click()  # on a phone the sheet then gives way by itself

    def card(self, text):
        """The newest message that reads so."""
        found = self.page.get_by_role("article").filter(has_text=text).last
        expect(found).to_be_visible(timeout=DEADLINE * 1000)
        return found


def test_the_whole_tour(page, size):
    with Demo() as demo:
        page.goto(demo.url)
        guide = Guide(page, size)
        expect(guide.panel).to_contain_text("Cause drift")
        guide.picture("1-start")

        guide.press(re.compile("^Scale web"))
        alert = guide.card("shop · prod: web replicas")
        expect(alert).to_contain_text("web replicas")
        expect(alert).to_contain_text("kubectl")
        guide.picture("2-alert")

        alert.get_by_role("button", name="Show diff").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("replicas: ")
        guide.picture("3-diff")
        dialog.get_by_role("button", name="Close").first.click()
        expect(dialog).to_be_hidden()

        guide.press("/gitops status")
        guide.card("6 applications: 1 out of sync, 5 synced.")
        guide.picture("4-status")

        guide.press(re.compile("^Undo"))
        guide.card("Resolved · shop · prod")
        guide.picture("5-resolved")

        guide.press(re.compile("gitops revert"))
        answer = guide.card("Revert awaiting review")
        guide.picture("6-reverted", answer)

        with page.expect_popup() as opened:
            answer.get_by_role("link", name=re.compile("Review #")).click()
        forge = opened.value
        forge.get_by_label("Act as").select_option("bo")
        forge.get_by_role("button", name="Approve").click()
        expect(forge.locator("body")).to_contain_text("approved")
        forge.screenshot(path=PICTURES / f"{size}-7-pull-request.png")
        forge.get_by_label("Act as").select_option("bo")
        forge.get_by_role("button", name="Merge pull request").click()
        expect(forge.locator("body")).to_contain_text("merged")
        forge.close()

        guide.card("Revert merged")
        guide.picture("8-live", guide.card(re.compile(r"Live in \d+ s")))
        expect(guide.panel).to_contain_text("6/6")


def test_from_an_alert_to_an_opened_revert_in_two_clicks(browser):
    """As on call, on a phone: something reached the branch past everybody, and undoing it is a press and a yes."""
    context = browser.new_context(viewport=dict(zip(("width", "height"), SIZES["phone"], strict=True)), has_touch=True)
    context.set_default_timeout(DEADLINE * 1000)
    page = context.new_page()
    with Demo(repository_settings={"approvals": {"grace": "1s"}}) as demo:
        page.goto(demo.url)
        guide = Guide(page, "phone")
        expect(guide.panel).to_contain_text("Cause drift")
        hosted = demo.forge.repositories[demo.shop.repository]
        path = "environments/production/shop/deployment.yaml"
        text = hosted.git.run("show", f"{hosted.branch}:{path}")
        before = set(hosted.pulls)
        hosted.commit(hosted.branch, {path: re.sub(r"replicas: \d+", "replicas: 0", text)}, "Quick fix\n", "mira")

        alert = guide.card("Not approved: direct push")
        alert.scroll_into_view_if_needed()
        guide.picture("revert-1-alert")
        alert.get_by_role("button", name="Revert").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("Nothing changes until someone merges it")
        guide.picture("revert-2-confirm")
        dialog.get_by_role("button", name="Open").click()
        answer = guide.card("Revert awaiting review")
        answer.scroll_into_view_if_needed()
        guide.picture("revert-3-opened")
        (number,) = set(hosted.pulls) - before
        assert hosted.pulls[number].head.startswith("gitops-bot/revert-")
    context.close()
