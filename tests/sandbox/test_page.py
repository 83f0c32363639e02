"""The workspace's web page in Chromium, against the sandbox's real server and a real Bolt app over Socket Mode."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web
from playwright.sync_api import Browser, Page, expect
from slack_bolt import App
from slack_sdk import WebClient

from bot.adapters.slack.socket_mode import SocketHandler
from bot.sandbox.slack import Rates, SandboxSlack
from tests.common.slack import slack_client
from tests.common.wait import wait_for

DEPLOYS, ALERTS = "C0DEPLOYS1", "C0ALERTS01"
JONAS, MIRA = "U0JONAS001", "U0MIRA0001"
HOSTILE = '<img src=x onerror="window.harm=1"><script>window.harm=1</script> <javascript:harm()|click> &lt;b&gt;'


def plain(text: str) -> dict[str, str]:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> dict[str, str]:
    return {"type": "mrkdwn", "text": text}


def button(label: str, action: str, **more: object) -> dict[str, object]:
    return {"type": "button", "text": plain(label), "action_id": action, "value": label, **more}


FORM = {
    "type": "modal",
    "callback_id": "form",
    "title": plain("Revert a commit"),
    "submit": plain("Open"),
    "blocks": [
        {
            "type": "input",
            "block_id": "rev",
            "label": plain("Revision"),
            "element": {"type": "plain_text_input", "action_id": "v"},
        },
        {
            "type": "input",
            "block_id": "app",
            "label": plain("Application"),
            "element": {
                "type": "static_select",
                "action_id": "v",
                "options": [{"text": plain(name), "value": name} for name in ("shop", "billing")],
            },
        },
        {
            "type": "input",
            "block_id": "opts",
            "optional": True,
            "label": plain("Options"),
            "element": {
                "type": "checkboxes",
                "action_id": "v",
                "options": [{"text": plain("As a draft"), "value": "draft"}],
            },
        },
    ],
}
APPLICATIONS = [{"text": plain(name), "value": name} for name in ("shop", "billing")]
SNOOZE = {
    "type": "modal",
    "callback_id": "snooze",
    "title": plain("Snooze"),
    "submit": plain("Snooze it"),
    "blocks": [
        {
            "type": "input",
            "block_id": "long",
            "label": plain("For how long"),
            "element": {"type": "radio_buttons", "action_id": "v", "options": APPLICATIONS},
        },
        {
            "type": "input",
            "block_id": "until",
            "label": plain("Until"),
            "element": {"type": "datetimepicker", "action_id": "v", "initial_date_time": 1_800_000_000},
        },
        {
            "type": "input",
            "block_id": "who",
            "optional": True,
            "label": plain("Also tell"),
            "element": {"type": "multi_users_select", "action_id": "v"},
        },
    ],
}
DEEP = {"type": "modal", "blocks": [{"type": "actions", "elements": [button("Deeper", "deeper")]}]}
FORMS = {"form": FORM, "snooze": SNOOZE, "deep": {**DEEP, "title": plain("First")}}
HOME = [
    {"type": "header", "text": plain("Your applications")},
    {
        "type": "section",
        "text": mrkdwn("*billing-and-invoicing-production* is out of sync, by `kubectl`"),
        "accessory": button("Acknowledge", "quiet"),
    },
    {
        "type": "input",
        "block_id": "find",
        "label": plain("Find"),
        "element": {"type": "plain_text_input", "action_id": "v"},
    },
    {
        "type": "input",
        "block_id": "because",
        "label": plain("Because"),
        "element": {"type": "plain_text_input", "action_id": "v", "initial_value": "of reasons"},
    },
    {"type": "actions", "block_id": "row", "elements": [button("Check now", "later", style="primary")]},
]
SURE = {"title": plain("Silence?"), "text": mrkdwn("For *one* hour."), "confirm": plain("Yes"), "deny": plain("No")}
TOUR = {
    "title": "Take the tour",
    "steps": [
        {
            "id": "drift",
            "title": "Cause drift",
            "text": "Scale `web`, then look in #deploys.",
            "done": False,
            "current": True,
            "actions": [
                {"label": "Scale web", "kind": "post", "url": "/tour/scale"},
                {"label": "Break it", "kind": "post", "url": "/tour/break"},
                {"label": "Ask", "kind": "command", "text": "/gitops status"},
            ],
        },
        {"id": "live", "title": "Watch it go live", "text": "", "done": False, "current": False, "actions": []},
    ],
    "footer": [
        {"label": "With kubectl", "text": "kubectl scale deployment/web --replicas 7 --namespace shop-production"}
    ],
}


def bolt(client: WebClient) -> App:
    """An app that answers everything the page can send."""
    app = App(client=client)

    @app.command("/gitops")
    def command(ack, command, respond, client):
        ack()
        if command["text"] in FORMS:
            client.views_open(trigger_id=command["trigger_id"], view=FORMS[command["text"]])
        else:
            respond(text=f"You said *{command['text']}*.")

    @app.action("press")
    def press(ack, body, client):
        ack()
        said = f"pressed by <@{body['user']['id']}>"
        client.chat_update(channel=body["channel"]["id"], ts=body["message"]["ts"], text=said)

    @app.action("deeper")
    def deeper(ack, body, client):
        ack()
        client.views_push(trigger_id=body["trigger_id"], view={**DEEP, "title": plain("Second")})

    @app.action("later")
    def later(ack, body, client):
        ack()
        blocks = [{"type": "header", "text": plain("Checked")}, *HOME[1:]]
        client.views_publish(user_id=body["user"]["id"], view={"type": "home", "blocks": blocks})

    @app.action(re.compile("quiet"))
    def quiet(ack):
        ack()

    @app.view("form")
    def submitted(ack, view):
        if view["state"]["values"]["rev"]["v"]["value"] == "nope":
            ack(response_action="errors", errors={"rev": "No such commit."})
        else:
            ack()

    @app.event("app_mention")
    def mention(event, say):
        say(text=f"You mentioned me: {event['text']}", thread_ts=event.get("thread_ts") or event["ts"])

    @app.event("app_home_opened")
    def home(event, client):
        client.views_publish(user_id=event["user"], view={"type": "home", "blocks": HOME})

    return app


async def scaled(_request: web.Request) -> web.Response:
    return web.json_response({"message": "web scaled to 7"})


async def refused(_request: web.Request) -> web.Response:
    return web.json_response({"error": "web is gone"}, status=409)


@pytest.fixture(scope="module")
def client_and_slack() -> Iterator[tuple[WebClient, SandboxSlack]]:
    slack = SandboxSlack(seed=5, rates=Rates.unlimited(), ack_timeout=0.8)
    slack.app.router.add_post("/tour/scale", scaled)
    slack.app.router.add_post("/tour/break", refused)
    with slack.serve():
        client = slack_client(slack)
        handler = SocketHandler(bolt(client), "xapp-sandbox", ping_interval=10)
        handler.connect()
        wait_for(lambda: slack.connections)
        yield client, slack
        handler.close()


@pytest.fixture
def slack(client_and_slack) -> SandboxSlack:
    return client_and_slack[1]


@pytest.fixture
def client(client_and_slack) -> WebClient:
    return client_and_slack[0]


@pytest.fixture(params=["desktop"])
def page(browser: Browser, slack: SandboxSlack, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A fresh tab on #deploys; whatever the page's script or its security policy complains of fails the test."""
    phone = request.param == "phone"
    size = {"width": 390, "height": 844} if phone else {"width": 1280, "height": 800}
    context = browser.new_context(viewport=size, has_touch=phone, reduced_motion="reduce", locale="en-GB")
    tab = context.new_page()
    trouble: list[str] = []
    tab.on("pageerror", lambda error: trouble.append(str(error)))
    tab.on("console", lambda said: trouble.append(said.text) if "Content Security" in said.text else None)
    tab.goto(f"{slack.url}/#{DEPLOYS}")
    expect(tab.locator("#title")).to_have_text("deploys")
    yield tab
    context.close()
    assert trouble == []


phone = pytest.mark.parametrize("page", ["phone"], indirect=True)
either = pytest.mark.parametrize("page", ["desktop", "phone"], indirect=True)


def newest(page: Page, text: str):
    return page.locator("#messages .message").filter(has_text=text).last


def overflow(page: Page) -> int:
    return page.evaluate("document.scrollingElement.scrollWidth - innerWidth")


def open_form(page: Page):
    page.fill("#command", "/gitops form")
    page.keyboard.press("Enter")
    modal = page.get_by_role("dialog", name="Revert a commit")
    expect(modal).to_be_visible()
    return modal


@either
def test_a_command_is_answered_to_the_person_alone(page: Page, slack: SandboxSlack):
    page.fill("#command", "/gitops status shop")
    page.keyboard.press("Enter")
    answer = newest(page, "You said status shop.")
    expect(answer).to_contain_text("Only visible to you")
    expect(answer.locator("strong", has_text="status shop")).to_be_visible()
    named = page.locator(f'[data-ts="{answer.get_attribute("data-ts")}"].message')
    expect(page.locator("#command")).to_have_value("")
    named.get_by_role("button", name="Dismiss message").click()
    expect(named).to_have_count(0)
    page.reload()
    expect(page.locator("#title")).to_have_text("deploys")
    expect(named).to_have_count(0)


def test_somebody_else_sees_no_answer_of_mine(page: Page):
    page.fill("#command", "/gitops secret plan")
    page.keyboard.press("Enter")
    expect(newest(page, "You said secret plan.")).to_be_visible()
    page.click("#person")
    page.get_by_role("menuitemradio", name="Mira Okafor").click()
    expect(page.locator("#person")).to_contain_text("Mira Okafor")
    expect(page.locator(".message", has_text="You said secret plan.")).to_have_count(0)


def test_sub_commands_are_offered_and_history_comes_back(page: Page):
    box = page.locator("#command")
    box.press_sequentially("/gitops r")
    expect(page.get_by_role("option")).to_have_text(
        [
            re.compile(r"^/gitops revert REV \[APP\]open a pull"),
            re.compile("^/gitops report"),
            re.compile("^/gitops release"),
        ]
    )
    box.press("Tab")
    expect(box).to_have_value("/gitops revert ")
    box.press_sequentially("3f9c2ab")
    box.press("Enter")
    expect(newest(page, "You said revert 3f9c2ab.")).to_be_visible()
    box.press("ArrowUp")
    expect(box).to_have_value("/gitops revert 3f9c2ab")
    box.press("ArrowDown")
    expect(box).to_have_value("")


def test_arguments_are_offered_too(page: Page, slack: SandboxSlack):
    revisions = [{"value": "HEAD", "text": "the latest commit"}, {"value": "3f9c2ab1", "text": "Raise the limit"}]
    slack.publish(
        {"type": "tour", **TOUR, "applications": ["shop", "shop-staging", "payments"], "revisions": revisions}
    )
    expect(page.get_by_role("region", name="Guided tour")).to_contain_text("Cause drift")
    box = page.locator("#command")
    box.press_sequentially("/gitops revert ")
    expect(page.get_by_role("option")).to_have_text(
        ["/gitops revert HEAD APPthe latest commit", "/gitops revert 3f9c2ab1 APPRaise the limit"]
    )
    box.press("Tab")
    box.press_sequentially("pa")
    box.press("Enter")
    expect(box).to_have_value("/gitops revert HEAD payments")
    expect(page.get_by_role("option")).to_have_count(0)
    box.fill("/gitops diff sho")
    expect(page.get_by_role("option")).to_have_text(
        [re.compile("^/gitops diff shop --all"), re.compile("^/gitops diff shop-staging")]
    )
    box.fill("/gitops diff shop")
    expect(page.get_by_role("option")).to_have_count(0)
    box.press("Enter")
    expect(newest(page, "You said diff shop.")).to_be_visible()


@either
def test_a_person_who_reads_older_messages_is_left_there_and_told_of_new_ones(page: Page, client: WebClient):
    for number in range(6):
        client.chat_postMessage(channel=DEPLOYS, text=f"Rollout {number}\n" + "line\n" * 12)
    expect(newest(page, "Rollout 5")).to_be_in_viewport()
    page.set_viewport_size({**page.viewport_size, "height": 500})  # such as by a keyboard
    expect(newest(page, "Rollout 5")).to_be_in_viewport()
    page.locator("#messages").evaluate("list => { list.scrollTop = 0; }")
    client.chat_postMessage(channel=DEPLOYS, text="Drift in shop")
    latest = page.get_by_role("button", name="New messages below")
    expect(latest).to_be_visible()
    expect(newest(page, "Drift in shop")).not_to_be_in_viewport()
    page.fill("#command", "/gitops nonsense")
    page.keyboard.press("Enter")
    expect(newest(page, "You said nonsense")).to_be_in_viewport()
    expect(latest).to_be_hidden()


@phone
def test_escape_folds_the_sheet_of_the_tour(page: Page, slack: SandboxSlack):
    slack.publish({"type": "tour", **TOUR})
    tour = page.get_by_role("region", name="Guided tour")
    tour.get_by_role("button", name="Cause drift").click()
    expect(tour.get_by_role("button", name="Scale web")).to_be_visible()
    page.keyboard.press("Escape")
    expect(tour.get_by_role("button", name="Scale web")).to_be_hidden()


def test_a_message_updates_in_place(page: Page, client: WebClient):
    posted = client.chat_postMessage(channel=DEPLOYS, text="Rollout: 1 of 3 pods")
    card = page.locator(f'#messages [data-ts="{posted["ts"]}"].message')
    expect(card).to_contain_text("1 of 3 pods")
    client.chat_update(channel=DEPLOYS, ts=posted["ts"], text="Rollout: live in 42 s")
    expect(card).to_contain_text("live in 42 s")
    expect(card).to_contain_text("(edited)")
    client.chat_delete(channel=DEPLOYS, ts=posted["ts"])
    expect(card).to_have_count(0)


def test_a_click_reaches_the_app_and_keeps_the_keyboard(page: Page, slack: SandboxSlack, client: WebClient):
    actions = {"type": "actions", "elements": [button("Check now", "press", style="primary")]}
    client.chat_postMessage(channel=DEPLOYS, text="card", blocks=[actions])
    page.get_by_role("button", name="Check now").last.press("Enter")
    expect(newest(page, "pressed by @Jonas Weber")).to_be_visible()


def test_a_dangerous_click_asks_first(page: Page, slack: SandboxSlack, client: WebClient):
    actions = {"type": "actions", "elements": [button("Silence", "press", style="danger", confirm=SURE)]}
    client.chat_postMessage(channel=DEPLOYS, text="card", blocks=[actions])
    press = page.get_by_role("button", name="Silence").last
    before = len(slack.interactions)
    press.click()
    page.get_by_role("dialog", name="Silence?").get_by_role("button", name="No").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert len(slack.interactions) == before
    press.click()
    page.get_by_role("button", name="Yes").click()
    expect(newest(page, "pressed by")).to_be_visible()


def test_selects_and_overflow_menus_send_the_option(page: Page, slack: SandboxSlack, client: WebClient):
    options = [{"text": plain(name), "value": name} for name in ("History", "Runbook")]
    select = {"type": "static_select", "action_id": "quiet", "placeholder": plain("Pick"), "options": options}
    block = {"type": "actions", "elements": [select, {"type": "overflow", "action_id": "quieter", "options": options}]}
    client.chat_postMessage(channel=DEPLOYS, text="menus", blocks=[block])
    page.get_by_label("Pick").last.select_option("Runbook")
    wait_for(lambda: _chosen(slack) == "Runbook")
    page.get_by_role("button", name="More actions").last.click()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    wait_for(lambda: _chosen(slack) == "History")


def test_a_choice_that_is_not_confirmed_is_taken_back(page: Page, slack: SandboxSlack, client: WebClient):
    select = {"type": "static_select", "action_id": "quiet", "placeholder": plain("For how long"), "confirm": SURE}
    radio = {"type": "radio_buttons", "action_id": "quieter", "confirm": SURE, "initial_option": APPLICATIONS[0]}
    both = [{**one, "options": APPLICATIONS} for one in (select, radio)]
    client.chat_postMessage(channel=DEPLOYS, text="choices", blocks=[{"type": "actions", "elements": both}])
    message = newest(page, "billing")
    before = len(slack.interactions)
    message.get_by_label("For how long").select_option("billing")
    page.get_by_role("dialog", name="Silence?").get_by_role("button", name="No").click()
    expect(message.get_by_label("For how long")).to_have_value("")
    message.get_by_role("radio", name="billing").click()
    page.get_by_role("button", name="No").click()
    expect(message.get_by_role("radio", name="shop")).to_be_checked()
    assert len(slack.interactions) == before
    message.get_by_role("radio", name="billing").click()
    page.get_by_role("button", name="Yes").click()
    wait_for(lambda: _chosen(slack) == "billing")
    expect(message.get_by_role("radio", name="billing")).to_be_checked()


def _chosen(slack: SandboxSlack) -> str | None:
    action = slack.interactions[-1].payload.get("actions", [{}])[0]
    return (action.get("selected_option") or {}).get("value")


def test_a_click_nobody_acks_says_so(page: Page, slack: SandboxSlack, client: WebClient):
    client.chat_postMessage(
        channel=DEPLOYS, text="card", blocks=[{"type": "actions", "elements": [button("Lost", "quiet")]}]
    )
    slack.faults.lost_acks = 1
    page.get_by_role("button", name="Lost").last.click()
    expect(page.get_by_role("alert")).to_contain_text("trouble connecting")


@either
def test_a_modal_shows_errors_keeps_what_was_typed_and_submits(page: Page, slack: SandboxSlack):
    modal = open_form(page)
    expect(modal.get_by_label("Revision")).to_be_focused()
    modal.get_by_label("Revision").fill("nope")
    modal.get_by_label("Application").select_option("billing")
    modal.get_by_label("As a draft").check()
    modal.get_by_role("button", name="Open").click()
    expect(modal.get_by_text("No such commit.")).to_be_visible()
    expect(modal.get_by_label("Revision")).to_have_attribute("aria-invalid", "true")
    expect(modal.get_by_label("Application")).to_have_value("billing")
    expect(modal.get_by_label("As a draft")).to_be_checked()
    modal.get_by_label("Revision").fill("3f9c2ab")
    modal.get_by_label("Revision").press("Enter")
    expect(modal).to_have_count(0)
    state = slack.interactions[-1].payload["view"]["state"]["values"]
    assert state["rev"]["v"]["value"] == "3f9c2ab"
    assert state["app"]["v"]["selected_option"]["value"] == "billing"
    assert [option["value"] for option in state["opts"]["v"]["selected_options"]] == ["draft"]


def test_a_modal_holds_the_focus_and_escape_closes_it(page: Page, slack: SandboxSlack):
    modal = open_form(page)
    for _ in range(12):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement === document.body || !!document.activeElement.closest('dialog')")
    page.keyboard.press("Escape")
    expect(modal).to_have_count(0)
    assert slack.views == []


@either
def test_dates_choices_and_people_are_picked_with_the_keyboard(page: Page, slack: SandboxSlack):
    page.fill("#command", "/gitops snooze")
    page.keyboard.press("Enter")
    modal = page.get_by_role("dialog", name="Snooze")
    expect(modal.get_by_role("radiogroup", name="For how long").get_by_role("radio", name="shop")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(modal.get_by_role("radio", name="billing")).to_be_checked()
    page.keyboard.press("Tab")
    expect(modal.get_by_label("Until")).to_be_focused()
    modal.get_by_label("Until").fill("2027-03-01T09:30")
    modal.get_by_role("group", name="Also tell").get_by_role("checkbox", name="Mira Okafor").press("Space")
    assert overflow(page) <= 0
    modal.get_by_role("button", name="Snooze it").press("Enter")
    wait_for(lambda: slack.interactions[-1].payload.get("type") == "view_submission")
    values = slack.interactions[-1].payload["view"]["state"]["values"]
    assert values["long"]["v"]["selected_option"]["value"] == "billing"
    assert values["until"]["v"]["selected_date_time"] == page.evaluate("new Date('2027-03-01T09:30').getTime() / 1000")
    assert values["who"]["v"]["selected_users"] == [MIRA]
    page.keyboard.press("Escape")
    expect(modal).to_have_count(0)


def test_a_pushed_modal_leads_back_and_the_cross_closes_all(page: Page, slack: SandboxSlack):
    def deeper() -> None:
        page.get_by_role("dialog", name="First").get_by_role("button", name="Deeper").click()
        expect(page.get_by_role("dialog", name="Second")).to_be_visible()

    page.fill("#command", "/gitops deep")
    page.keyboard.press("Enter")
    deeper()
    page.get_by_role("dialog", name="Second").get_by_role("button", name="Close").last.click()
    deeper()
    page.get_by_role("dialog", name="Second").get_by_role("button", name="Close").first.click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert slack.views == []


def test_hostile_text_stays_text(page: Page, client: WebClient):
    rich = {
        "type": "rich_text",
        "elements": [
            {
                "type": "rich_text_section",
                "elements": [
                    {"type": "text", "text": HOSTILE, "style": {"bold": True}},
                    {"type": "link", "url": "javascript:window.harm=1", "text": "a trap"},
                ],
            }
        ],
    }
    blocks = [
        {"type": "header", "text": plain(HOSTILE[:150])},
        {"type": "section", "text": mrkdwn(HOSTILE), "fields": [mrkdwn(f"*{HOSTILE}*"), mrkdwn(f"```{HOSTILE}```")]},
        {"type": "markdown", "text": f"# {HOSTILE}\n- {HOSTILE}\n\n[trap](javascript:window.harm=1)"},
        {"type": "table", "rows": [[{"type": "raw_text", "text": HOSTILE}]]},
        {"type": "actions", "elements": [button(HOSTILE[:75], "quiet")]},
        rich,
    ]
    client.chat_postMessage(channel=DEPLOYS, text=HOSTILE, blocks=blocks)
    client.chat_postMessage(channel=DEPLOYS, text=f"only text {HOSTILE}")
    last = newest(page, "only text")
    expect(last).to_contain_text('<img src=x onerror="window.harm=1"><script>window.harm=1</script>')
    expect(last).to_contain_text("<b>")
    assert page.evaluate("window.harm") is None
    assert (
        page.locator("#messages script, #messages img[onerror], #messages b, #messages a[href^=javascript]").count()
        == 0
    )


def test_slacks_text_is_understood(page: Page, client: WebClient):
    text = (
        f"<@{MIRA}> in <#{ALERTS}> *bold _both_* ~gone~ snake_case_name 2*3*4 `a *b*` &lt;x&gt; &amp;amp; "
        "<https://git.example/c/1|3f9c2ab> :warning: <!date^1800000000^{date_num}|then> <!channel>\n&gt; said\n"
        "```x < 1\n  y```"
    )
    client.chat_postMessage(channel=DEPLOYS, text=text)
    said = newest(page, "snake_case_name")
    expect(said.locator(".mention")).to_have_text(["@Mira Okafor", "#prod-alerts", "@channel"])
    expect(said.locator("strong")).to_have_text("bold both")
    expect(said.locator("strong em")).to_have_text("both")
    expect(said.locator("s")).to_have_text("gone")
    expect(said.locator("code")).to_have_text("a *b*")
    expect(said.get_by_role("link", name="3f9c2ab")).to_have_attribute("href", "https://git.example/c/1")
    expect(said.get_by_role("img", name="warning")).to_be_visible()
    expect(said.locator(".text time")).to_have_attribute("datetime", "2027-01-15T08:00:00.000Z")
    expect(said.locator("blockquote")).to_have_text("said")
    expect(said.locator("pre")).to_have_text("x < 1\n  y")
    expect(said).to_contain_text("2*3*4")
    expect(said).to_contain_text("<x> &amp;")


def test_threads_open_beside_the_channel(page: Page, slack: SandboxSlack, client: WebClient):
    parent = client.chat_postMessage(channel=DEPLOYS, text="Drift in shop")
    client.chat_postMessage(channel=DEPLOYS, thread_ts=parent["ts"], text="back in sync")
    card = newest(page, "Drift in shop")
    expect(page.locator("#messages")).not_to_contain_text("back in sync")
    card.get_by_role("link", name="1 reply").click()
    thread = page.get_by_role("region", name="Thread")
    expect(thread).to_contain_text("back in sync")
    thread.get_by_role("textbox").fill("thanks")
    thread.get_by_role("textbox").press("Enter")
    expect(thread.locator(".message").last).to_contain_text("thanks")
    assert slack.thread(DEPLOYS, parent["ts"])[-1].text == "thanks"
    thread.get_by_role("link", name="Close thread").click()
    expect(thread).to_be_hidden()


@either
def test_a_mention_is_answered_in_its_thread(page: Page, slack: SandboxSlack, client: WebClient):
    page.fill("#command", "@gitops status of shop")
    page.keyboard.press("Enter")
    newest(page, "@GitOps status of shop").get_by_role("link", name="1 reply").click()
    thread = page.get_by_role("region", name="Thread")
    expect(thread.locator(".message").last).to_contain_text("You mentioned me: @GitOps status of shop")
    thread.get_by_role("textbox").fill("@gitops and cart?")
    thread.get_by_role("textbox").press("Enter")
    expect(thread.locator(".message").last).to_contain_text("You mentioned me: @GitOps and cart?")


def test_a_broadcast_reply_stands_in_the_channel_and_leads_to_its_thread(page: Page, client: WebClient):
    parent = client.chat_postMessage(channel=DEPLOYS, text="Drift in cart")
    client.chat_postMessage(channel=DEPLOYS, thread_ts=parent["ts"], text="cart recovered", reply_broadcast=True)
    told = newest(page, "cart recovered")
    told.get_by_role("link", name="Replied in a thread").click()
    thread = page.get_by_role("region", name="Thread")
    expect(thread).to_contain_text("Drift in cart")
    expect(thread).to_contain_text("cart recovered")


def test_unread_is_counted_until_looked_at(page: Page, client: WebClient):
    client.chat_postMessage(channel=ALERTS, text="Drift elsewhere")
    row = page.locator("#sidebar").get_by_role("link", name="prod-alerts")
    expect(row.locator(".badge")).to_be_visible()
    row.click()
    expect(newest(page, "Drift elsewhere")).to_be_visible()
    expect(row.locator(".badge")).to_have_count(0)


def test_files_are_shown_and_can_be_had(page: Page, client: WebClient):
    content = "\n".join(f"spec.field{number}: <b>{number}</b>" for number in range(30))
    client.files_upload_v2(channel=DEPLOYS, content=content, filename="shop.diff", title="Every difference")
    file = newest(page, "Every difference")
    expect(file.locator("pre")).to_have_text(content)
    with page.expect_download() as download:
        file.get_by_label("Download shop.diff").click()
    assert Path(download.value.path()).read_text() == content


@either
def test_the_home_tab_shows_what_the_app_published_and_keeps_what_was_typed(page: Page, slack: SandboxSlack):
    page.goto(f"{slack.url}/#home")
    home = page.locator("#home")
    expect(home).to_contain_text("Your applications")
    expect(page).to_have_title("GitOps · Sandbox")
    home.get_by_label("Find").fill("shop")
    home.get_by_label("Because").fill("")
    home.get_by_role("button", name="Check now").press("Enter")
    expect(home).to_contain_text("Checked")
    expect(home.get_by_label("Find")).to_have_value("shop")
    expect(home.get_by_label("Because")).to_have_value("")
    expect(home.get_by_role("button", name="Check now")).to_be_focused()
    pressed = next(one.payload for one in reversed(slack.interactions) if one.payload["type"] == "block_actions")
    assert pressed["view"]["state"]["values"]["find"]["v"]["value"] == "shop"
    assert overflow(page) <= 0
    assert home.evaluate("home => home.scrollWidth - home.clientWidth") <= 0


@either
def test_a_table_is_read_cell_by_cell_and_scrolls_by_itself(page: Page, client: WebClient):
    def rich(*elements: dict[str, object]) -> dict[str, object]:
        return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(elements)}]}

    cells = [
        rich({"type": "text", "text": "shop", "style": {"bold": True}}),
        rich(
            {"type": "user", "user_id": MIRA}, {"type": "text", "text": " and "}, {"type": "broadcast", "range": "here"}
        ),
        rich({"type": "usergroup", "usergroup_id": "S0PLATFORM"}),
    ]
    wide = [[{"type": "raw_text", "text": f"C{number}"} for number in range(20)]]
    rows = [*wide, [*cells, *wide[0][3:]], *wide * 98]
    settings = [{"is_wrapped": True}, None, {"align": "right"}]
    client.chat_postMessage(
        channel=DEPLOYS, text="table", blocks=[{"type": "table", "rows": rows, "column_settings": settings}]
    )
    region = page.get_by_role("region", name="Table").last
    expect(region.get_by_role("columnheader")).to_have_count(20)
    expect(region.get_by_role("row")).to_have_count(100)
    expect(region.get_by_role("row").nth(1).get_by_role("cell")).to_have_text(
        ["shop", "@Mira Okafor and @here", "@platform", *[f"C{number}" for number in range(3, 20)]]
    )
    assert overflow(page) <= 0
    region.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("region => region.scrollLeft > 0", arg=region.element_handle())


def test_a_cut_stream_is_said_and_mended(page: Page, client: WebClient):
    page.context.set_offline(True)
    page.evaluate("dispatchEvent(new Event('online'))")  # the stream is opened anew, and cannot be
    expect(page.locator("#banner")).to_be_visible()
    client.chat_postMessage(channel=DEPLOYS, text="said while nobody listened")
    page.context.set_offline(False)
    expect(newest(page, "said while nobody listened")).to_be_visible()
    expect(page.locator("#banner")).to_be_hidden()
    client.chat_postMessage(channel=DEPLOYS, text="heard again")
    expect(newest(page, "heard again")).to_be_visible()


def test_a_restarted_sandbox_is_found_again(browser: Browser):
    with SandboxSlack(seed=1).serve() as first:
        port = int(first.url.rsplit(":", 1)[1])
        page = browser.new_page()
        page.goto(first.url)
        expect(page.locator("#title")).not_to_be_empty()
    expect(page.locator("#banner")).to_be_visible()
    with SandboxSlack(seed=1).serve(port) as second:
        second.say(MIRA, DEPLOYS, "hello again")
        second.say(MIRA, ALERTS, "hello again")
        expect(newest(page, "hello again")).to_be_visible()
        expect(page.locator("#banner")).to_be_hidden()
        page.close()


@either
def test_the_tour_acts_and_ticks_off(page: Page, slack: SandboxSlack):
    slack.publish({"type": "tour", **TOUR})
    tour = page.get_by_role("region", name="Guided tour")
    small = page.viewport_size["width"] < 500
    expect(tour).to_contain_text("Cause drift")

    def press(name: str) -> None:
        if small and tour.get_by_role("button").count() == 1:
            tour.get_by_role("button").click()
        tour.get_by_role("button", name=name).click()

    press("Scale web")
    expect(page.locator(".toast")).to_contain_text("web scaled to 7")
    press("Break it")
    expect(page.get_by_role("alert")).to_contain_text("web is gone")
    press("Ask")
    expect(newest(page, "You said status.")).to_be_visible()
    done = [{**TOUR["steps"][0], "done": True, "current": False}, {**TOUR["steps"][1], "current": True}]
    slack.publish({"type": "tour", **TOUR, "steps": done})
    expect(tour).to_contain_text("1/2")
    assert overflow(page) <= 0


@phone
def test_a_phone_scrolls_nothing_sideways_and_has_room_for_thumbs(page: Page, client: WebClient):
    wide = "spec.template." * 60
    blocks = [
        {"type": "header", "text": plain("Drift: shop")},
        {"type": "section", "text": mrkdwn(f"`{wide}` {wide}"), "fields": [mrkdwn(wide), mrkdwn("*Cluster*\nprod")]},
        {"type": "section", "text": mrkdwn(f"```{wide}```"), "accessory": button("Refresh the card", "quiet")},
        {"type": "table", "rows": [[{"type": "raw_text", "text": "a wide cell"}] * 12] * 2},
        {"type": "actions", "elements": [button("Check now and then", "quiet"), button("x" * 75, "quieter")]},
    ]
    client.chat_postMessage(channel=DEPLOYS, text="card", blocks=blocks)
    expect(newest(page, "Check now and then")).to_be_visible()
    assert overflow(page) <= 0
    assert page.locator("#messages").evaluate("list => list.scrollWidth - list.clientWidth") <= 0
    sizes = page.eval_on_selector_all(
        "#messages .button, #open-sidebar, .send",
        "all => all.filter(one => one.offsetParent).map(one => one.getBoundingClientRect().height)",
    )
    assert min(sizes) >= 44
    box = page.locator("#composer").bounding_box()
    assert box["y"] + box["height"] <= 844


@phone
def test_the_drawer_leads_to_another_channel(page: Page):
    page.get_by_role("button", name="Channels").click()
    page.locator("#sidebar").get_by_role("link", name="prod-alerts").click()
    expect(page.locator("#title")).to_have_text("prod-alerts")
    expect(page.locator("#sidebar").get_by_role("link", name="prod-alerts")).to_be_hidden()
    page.go_back()
    expect(page.locator("#title")).to_have_text("deploys")


def test_the_page_asks_nobody_else_and_builds_no_html():
    """Offline and safe: no address of another host, and no way for text to become markup."""
    folder = Path(__file__).parents[2] / "bot/sandbox/slack/page"
    source = {path.name: path.read_text() for path in folder.iterdir()}
    own = {
        name: text.replace("http://www.w3.org/2000/svg", "").replace("https://docs.slack.dev/", "")
        for name, text in source.items()
    }
    assert [name for name, text in own.items() if "://" in text.replace("(?<url>https?://", "")] == []
    forbidden = ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function")
    assert [(name, word) for name, text in source.items() for word in forbidden if word in text] == []
