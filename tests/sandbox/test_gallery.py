"""Every message, modal and home view at phone width, in both languages, by day and by night: measured and pictured.

Everything in `tests/messages` goes through the sandbox's Web API to its page in Chromium.
`make pictures` takes the pictures of `docs/pictures` again, and pictures of
everything, several messages on each, for people to look at: `.cache/pictures/gallery-*.png`.
"""

import itertools
import json
import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler

from bot.i18n.language import Language
from bot.sandbox.slack import Rates, SandboxSlack, User
from bot.sandbox.slack.model import Group
from tests.common.slack import slack_client
from tests.common.wait import wait_for
from tests.messages.contents import contents as all_contents

TESTS = Path(__file__).parents[1]
PICTURES = TESTS.parent / ".cache" / "pictures"
DOCUMENTED = TESTS.parent / "docs" / "pictures"
# Which of them the documentation shows, and as what.
SHOWN = {
    "drift-card-critical": "alert.png",
    "group-card-many": "group.png",
    "home-typical": "home.png",
    "modal-snooze": "snooze.png",
}
UPDATE = bool(os.environ.get("UPDATE_PICTURES"))
WHAT_IS_WRONG = Path(__file__).with_name("gallery.js").read_text(encoding="utf-8")
PHONE = {"width": 390, "height": 844}
SHEET = 2400  # pixels of height of one picture
CHANNELS = {"en": "C0ALERTS01", "es": "C0DEPLOYS1"}
LOCALES = {"en": "en-GB", "es": "es-ES"}
ME = "U0JONAS001"
PEOPLE = (("U0ANA", "Ana Torres", "#8c4a2e"), ("U0BO", "Bo Lindqvist", "#4d7c0f"))


def contents(language, kind):
    """What there is to show, by name: {"text", "blocks"} of messages, the whole view of modals and homes."""
    every = all_contents(Language(language))
    return {name: every[name] for name in sorted(every) if every[name].get("type", "message") == kind}


def bolt(client):
    """An app that opens the modal it is asked for: `/gitops en/modal-diff`."""
    app = App(client=client)

    @app.command("/gitops")
    def command(ack, command, client):
        ack()
        language, name = command["text"].split("/")
        client.views_open(trigger_id=command["trigger_id"], view=contents(language, "modal")[name])

    return app


# A message as nobody would send it: the page's own drawing forbids it.
SPOILED = """node => {
  const one = (selector) => node.querySelector(selector);
  one(".block time").textContent = "{date_short}";
  one(".text").style.cssText = "color: #ccc; width: 900px";
  one(".button").style.cssText = "min-height: 20px; height: 20px; width: 20px; overflow: hidden; margin-right: -30px";
  one(".button:last-child span").textContent = "";
}"""


@pytest.fixture(scope="module")
def slack():
    """A workspace that knows the people of the messages, and has everything they say in its two channels."""
    sandbox = SandboxSlack(seed=1, rates=Rates.unlimited())
    for id_, name, colour in PEOPLE:
        sandbox.workspace.users[id_] = User(id_, name.split()[0].lower(), name, "", colour)
    sandbox.workspace.groups["S0ONCALL"] = Group("S0ONCALL", "on-call", ("U0ANA",))
    with sandbox.serve():
        client = slack_client(sandbox)
        handler = SocketModeHandler(bolt(client), "xapp-sandbox")
        handler.connect()
        wait_for(lambda: sandbox.connections)
        for language, channel in CHANNELS.items():
            for name, message in contents(language, "message").items():
                sandbox.say(ME, channel, name)
                client.chat_postMessage(channel=channel, **message)
        yield sandbox
        handler.client.auto_reconnect_enabled = False
        handler.close()


@pytest.fixture(params=CHANNELS)
def language(request):
    return request.param


@pytest.fixture
def page(browser, slack, language):
    """The channel of that language on a phone."""
    context = browser.new_context(
        viewport=PHONE,
        device_scale_factor=2 if UPDATE else 1,
        has_touch=True,
        reduced_motion="reduce",
        locale=LOCALES[language],
        timezone_id="UTC",
    )
    tab = context.new_page()
    tab.goto(f"{slack.url}/#{CHANNELS[language]}")
    expect(tab.locator("#messages .message")).not_to_have_count(0)
    yield tab
    context.close()


def in_both_lights(page, look):
    """Looks by day and by night; what both say is said once."""
    told = []
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        told += look(scheme)
    return sorted(set(told))


def wrong_with(name, node):
    return [f"{name}: {sentence}" for sentence in node.evaluate(WHAT_IS_WRONG)]


def tall(page, within):
    """For pictures, a screen so high that nothing there is scrolled away."""
    if not UPDATE:
        return
    height = page.locator(within).evaluate("node => node.scrollHeight")
    page.set_viewport_size({**PHONE, "height": height + 200})


def picture(page, name, **clip):
    if not UPDATE:  # a picture takes longer than every measure
        return
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"gallery-{name}.png", clip=clip or None)


def document(language, name, node):
    """The documentation's picture of it, if it has one: in English, by day."""
    if UPDATE and language == "en" and name in SHOWN:
        node.screenshot(path=DOCUMENTED / SHOWN[name])


def sheets(page, prefix):
    """Everything in the channel as pictures, cut between messages."""
    for stale in PICTURES.glob(f"gallery-{prefix}-[0-9]*.png"):
        stale.unlink()
    edges = page.locator("#messages .message").evaluate_all("all => all.map(one => one.getBoundingClientRect().top)")
    bottom = page.locator("#messages .message").last.evaluate("one => one.getBoundingClientRect().bottom")
    cuts = [edges[0]]
    for edge, below in itertools.pairwise([*edges[::2], bottom]):  # a name and its message stay together
        if below - cuts[-1] > SHEET and edge > cuts[-1]:
            cuts.append(edge)
    for number, (top, end) in enumerate(itertools.pairwise([*cuts, bottom]), 1):
        picture(page, f"{prefix}-{number:02}", x=0, y=top, width=PHONE["width"], height=end - top)


def test_every_message_is_readable_on_a_phone(page, language):
    said = contents(language, "message")
    drawn = page.locator("#messages .message").filter(has=page.locator(".app"))
    expect(drawn).to_have_count(len(said))
    assert page.evaluate("document.scrollingElement.scrollWidth") <= PHONE["width"]
    nodes = drawn.element_handles()
    dates = [json.dumps(message).count('"type": "date"') for message in said.values()]
    assert [len(node.query_selector_all(".block time")) for node in nodes] == dates
    tall(page, "#messages")
    for name, node in zip(said, nodes, strict=True):
        document(language, name, node)

    def look(scheme):
        sheets(page, f"{language}-{scheme}")
        return [each for name, node in zip(said, nodes, strict=True) for each in wrong_with(name, node)]

    assert in_both_lights(page, look) == []


def test_every_modal_is_readable_on_a_phone(page, slack, language):
    page.goto(f"{slack.url}/#home")  # behind it, the whole channel would be drawn again for each modal
    wrong = []
    for name, view in contents(language, "modal").items():
        slack.command(ME, CHANNELS[language], f"{language}/{name}")
        dialog = page.locator("dialog[open]")
        expect(dialog).to_have_accessible_name(view["title"]["text"])
        picture(page, f"{language}-{name}")
        document(language, name, dialog)
        wrong += in_both_lights(page, lambda _, name=name, dialog=dialog: wrong_with(name, dialog))
        dialog.get_by_role("button").first.click()
        expect(dialog).to_have_count(0)
    assert wrong == []


def test_every_home_view_is_readable_on_a_phone(page, slack, language):
    client = slack_client(slack)
    page.goto(f"{slack.url}/#home")
    wrong = []
    for name, view in contents(language, "home").items():
        client.views_publish(user_id=ME, view=view)
        expect(page.locator("#home .block")).to_have_count(len(view["blocks"]))
        tall(page, "#home")
        picture(page, f"{language}-{name}")
        document(language, name, page.locator("#home .sheet"))
        wrong += in_both_lights(page, lambda _, name=name: wrong_with(name, page.locator("#home")))
        page.set_viewport_size(PHONE)
    assert wrong == []


def test_every_picture_of_the_documentation_is_shown_in_it():
    pages = [TESTS.parent / "README.md", *(TESTS.parent / "docs").glob("*.md")]
    shown = re.findall(r"pictures/([\w-]+\.png)", "".join(page.read_text(encoding="utf-8") for page in pages))
    assert set(shown) == {path.name for path in DOCUMENTED.iterdir()}


@pytest.mark.parametrize("language", ["en"], indirect=True)
def test_the_measure_sees_what_is_wrong(page, slack):
    """Each of its complaints, of a message that deserves it."""
    client = slack_client(slack)
    button = {"type": "button", "text": {"type": "plain_text", "text": "Press"}}
    date = {"type": "date", "timestamp": 1_800_000_000, "format": "{date_short}", "fallback": "then"}
    words = [{"type": "text", "text": "undefined "}, date]
    blocks = [
        {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": words}]},
        {"type": "actions", "elements": [button, button]},
    ]
    sent = client.chat_postMessage(channel=CHANNELS["en"], text="A message", blocks=blocks)
    node = page.locator(f'#messages .message[data-ts="{sent["ts"]}"]')
    expect(node).to_be_visible()
    node.evaluate(SPOILED)
    told = {re.split("[:,]", sentence)[0] for sentence in node.evaluate(WHAT_IS_WRONG)}
    assert told == {
        "a button of three lines",
        "a button without a name",
        "beyond the screen's edge",
        "cut off",
        "hard to read",
        "no date",
        "not for people",
        "one over the other",
        "too small for a thumb",
    }
