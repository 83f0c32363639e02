"""The guided tour in a real browser, at the width of a desktop and of a phone, and its scenarios on a phone.

`make pictures` takes the pictures in `docs/pictures` again, and more in `.cache/pictures`. Look at them afterwards.
"""

import os
import re
import shutil
from base64 import b64encode
from pathlib import Path

import pytest
from playwright.sync_api import expect

from bot.sandbox.demo import PAGOS, Demo
from tests.common.accessibility import accessibility_problems
from tests.common.wait import DEADLINE

PICTURES = Path(__file__).parents[2] / ".cache" / "pictures"
DOCUMENTED = Path(__file__).parents[2] / "docs" / "pictures"
# Which of them the documentation shows, and as what.
SHOWN = {"desktop-2-broken": "demo.png", "phone-3-reverted": "revert.png", "phone-5-live": "rollout.png"}
UPDATE = bool(os.environ.get("UPDATE_PICTURES"))
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
        viewport={"width": width, "height": height},
        has_touch=phone,
        device_scale_factor=2 if phone and UPDATE else 1,
        **LOOKS,
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

    def picture(self, name, card=None, page=None):
        """Check the page, its width and what axe-core says; take a picture of it or of a card if asked to."""
        page = page or self.page
        page.locator(".toast button").evaluate_all("all => all.forEach((one) => one.click())")
        if UPDATE:  # a picture takes longer than every check
            PICTURES.mkdir(parents=True, exist_ok=True)
            path = PICTURES / f"{self.size}-{name}.png"
            (card or page).screenshot(path=path)
            if path.stem in SHOWN:
                shutil.copy(path, DOCUMENTED / SHOWN[path.stem])
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= SIZES[self.size][0], f"{name}: the page scrolls sideways"
        assert accessibility_problems(page) == [], name

    def press(self, name):
        if self.size == "phone" and self.panel.get_by_role("button", expanded=False).count():
            self.panel.get_by_role("button", expanded=False).first.click()
        self.panel.get_by_role("button", name=name).first.click()
        if self.size == "phone":  # the sheet gives way by itself
            expect(self.panel.get_by_role("button", expanded=False)).to_be_visible()

    def card(self, text):
        """The newest message that reads so."""
        found = self.page.get_by_role("article").filter(has_text=text).last
        expect(found).to_be_visible()
        return found

    def in_view(self, card):
        """Nothing has to be scrolled to see the end of what follows from a step."""
        expect(card).to_be_in_viewport()
        return card

    def channel(self, name):
        if self.size == "phone":
            self.page.get_by_role("button", name="Channels").click()
        self.page.locator("#sidebar").get_by_role("link", name=name).click()


def test_the_whole_tour(page, size):
    with Demo(story=True) as demo:
        page.goto(demo.url)
        guide = Guide(page, size)
        expect(guide.panel).to_contain_text("Merge a bad change")
        guide.card("Resolved · shop · prod")
        guide.picture("1-start")

        guide.press(re.compile("^Merge #"))
        broken = guide.in_view(guide.card("Stuck: shop"))
        expect(broken).to_contain_text("OOMKilled")
        guide.picture("2-broken")

        guide.press(re.compile("gitops revert"))
        answer = guide.card("Revert awaiting review")
        guide.picture("3-reverted", answer)
        with page.expect_popup() as opened:
            answer.get_by_role("link", name=re.compile("Review #")).click()
        forge = opened.value
        forge.get_by_label("Act as").select_option("bo")
        forge.get_by_role("button", name="Approve").click()
        expect(forge.locator("body")).to_contain_text("approved")
        guide.picture("4-pull-request", page=forge)
        forge.get_by_label("Act as").select_option("bo")
        forge.get_by_role("button", name="Merge pull request").click()
        expect(forge.locator("body")).to_contain_text("merged")
        forge.close()
        guide.card("Revert merged")
        guide.picture("5-live", guide.in_view(guide.card(re.compile(r"Live in \d+ s"))))
        expect(guide.panel).to_contain_text("4/6")

        guide.press(re.compile("^Scale web"))
        alert = guide.in_view(guide.card("shop · prod: web replicas"))
        expect(alert).to_contain_text("kubectl")
        guide.picture("6-alert")
        alert.get_by_role("button", name="Show diff").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("replicas: ")
        assert dialog.evaluate("dialog => dialog.contains(document.activeElement)")
        guide.picture("7-diff")
        dialog.get_by_role("button", name="Close").first.click()
        expect(dialog).to_be_hidden()
        guide.press(re.compile("^Undo"))
        guide.card("Resolved · shop · prod: web replicas 5 → 10")
        expect(guide.panel).to_contain_text("6/6")
        guide.picture("8-over")


@pytest.mark.parametrize("size", ["phone"], indirect=True)
def test_scenarios_after_the_tour(page, size):
    """A direct push, reverted in two presses, a wrong image, 500 objects, an application from Argo CD, and Spanish."""
    with Demo(story=True) as demo:
        page.goto(demo.url)
        guide = Guide(page, size)
        expect(guide.panel).to_contain_text("Merge a bad change")
        hosted = demo.forge.repositories[demo.shop.repository]
        before = set(hosted.pulls)
        guide.press("Push to main as Bo")
        alert = guide.in_view(guide.card("Not approved on main: direct push"))
        guide.picture("revert-1-alert")
        alert.get_by_role("button", name="Revert").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("Nothing changes until someone merges it")
        guide.picture("revert-2-confirm")
        dialog.get_by_role("button", name="Open").click()
        guide.card("Revert awaiting review").scroll_into_view_if_needed()
        guide.picture("revert-3-opened")
        (number,) = set(hosted.pulls) - before
        assert hosted.pulls[number].head.startswith("gitops-bot/revert-")
        guide.press("Delete 500 ConfigMaps")
        expect(guide.card("catalog · prod: ")).to_contain_text(re.compile(r"4\d\d more"))
        guide.picture("scenario-catalog")
        guide.press("Merge a wrong tag")
        guide.press("Make payments privileged")
        guide.press("Add checkout to Argo CD")
        guide.channel("pagos")
        expect(guide.card("payments · prod: ")).to_contain_text("api ahora es privilegiado")
        guide.picture("scenario-pagos")
        guide.channel("deploys")
        expect(guide.card("Stuck: shop-staging")).to_contain_text("ImagePullBackOff")
        page.get_by_role("combobox").fill("/gitops status")
        page.get_by_role("combobox").press("Enter")
        expect(guide.in_view(guide.card("applications: "))).to_contain_text("checkout")
        guide.picture("scenario-status")
    if UPDATE:
        steps = ("1-alert", "2-confirm", "3-opened")
        side_by_side(page.context.new_page(), [PICTURES / f"phone-revert-{step}.png" for step in steps])


def test_starting_over_is_a_new_demo_at_the_same_address(browser):
    over = []
    with Demo(story=True, restart=lambda: over.append(True)) as demo:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(demo.url)
        guide = Guide(page, "desktop")
        expect(guide.panel).to_contain_text("Merge a bad change")
        guide.press("Start over")
        expect(page.locator(".toast")).to_contain_text("Starting over")
        ports = demo.ports_in_use()
    assert over == [True]
    with Demo(ports, story=True) as again:
        assert again.url == demo.url
        expect(page.locator("#banner")).to_be_hidden()
        again.slack.say("U0MIRA0001", PAGOS, "hello again")
        page.locator("#sidebar").get_by_role("link", name="pagos").click()
        expect(guide.card("hello again")).to_be_visible()
    page.close()


def side_by_side(page, pictures):
    """Draw the pictures next to each other for the documentation."""
    images = "".join(
        f'<img src="data:image/png;base64,{b64encode(picture.read_bytes()).decode()}" style="border: 1px solid #ccc">'
        for picture in pictures
    )
    page.set_viewport_size({"width": 3 * SIZES["phone"][0] + 60, "height": SIZES["phone"][1] + 20})
    page.set_content(f'<body style="margin: 0"><div style="display: flex; gap: 20px">{images}</div>')
    page.locator("div").screenshot(path=DOCUMENTED / "two-clicks.png")
