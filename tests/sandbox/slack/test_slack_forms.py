"""What forms, selects and home tabs carry: everything that holds a value, kept over updates, as Slack does it."""

import queue

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.errors import SlackApiError

from bot.sandbox.slack.entered_value import state

DEPLOYS, JONAS, MIRA = "C0DEPLOYS1", "U0JONAS001", "U0MIRA0001"


def plain(text):
    return {"type": "plain_text", "text": text}


def options(*names):
    return [{"text": plain(name), "value": name} for name in names]


def asks(block_id, element, **more):
    return {
        "type": "input",
        "block_id": block_id,
        "label": plain(block_id),
        "element": {"action_id": "v"} | element,
        **more,
    }


def actions(*elements):
    return {"type": "actions", "block_id": "row", "elements": list(elements)}


def modal(*blocks, **more):
    return {
        "type": "modal",
        "callback_id": "form",
        "title": plain("Snooze"),
        "submit": plain("Go"),
        "blocks": list(blocks),
    } | more


BUTTON = {"type": "button", "action_id": "more", "text": plain("More")}
SELECT = {"type": "static_select", "action_id": "app", "options": options("shop", "cart")}
RADIO = {"type": "radio_buttons", "options": options("1 h", "1 d"), "initial_option": options("1 h")[0]}
FORM = [
    asks("why", {"type": "plain_text_input", "initial_value": "noise"}),
    asks("long", RADIO),
    asks("until", {"type": "datetimepicker", "initial_date_time": 1_800_000_000}, optional=True),
    asks("who", {"type": "multi_users_select"}, optional=True),
    asks("mail", {"type": "email_text_input"}, optional=True),
    actions(SELECT, BUTTON),
]
UNTOUCHED = {
    "why": {"v": {"type": "plain_text_input", "value": "noise"}},
    "long": {"v": {"type": "radio_buttons", "selected_option": options("1 h")[0]}},
    "until": {"v": {"type": "datetimepicker", "selected_date_time": 1_800_000_000}},
    "who": {"v": {"type": "multi_users_select", "selected_users": []}},
    "mail": {"v": {"type": "email_text_input", "value": None}},
    "row": {"app": {"type": "static_select", "selected_option": None}},
}


@given(
    entered=st.fixed_dictionaries(
        {},
        optional={
            "why": st.text(),
            "long": st.sampled_from(["1 h", "1 d"]),
            "until": st.integers(1_000_000_000, 9_999_999_999),
            "who": st.lists(st.sampled_from([JONAS, MIRA]), unique=True),
            "app": st.sampled_from(["shop", "cart"]),
        },
    )
)
def test_a_state_names_every_element_and_taken_again_is_the_same(entered):
    held = state(FORM, entered)
    assert held.keys() == UNTOUCHED.keys()
    assert state(FORM, held) == held
    assert state(FORM, {"why": "before", "who": [JONAS]}, held) == held
    assert state(FORM) == UNTOUCHED


@pytest.fixture
def heard(app, connect):
    """What the app was sent: every action, form and closed form, acked."""
    payloads = queue.Queue()

    def hear(ack, body):
        ack()
        payloads.put(body)

    for action in ("more", "app", "v"):
        app.action(action)(hear)
    app.view("form")(hear)
    app.view_closed("form")(hear)
    connect(app)
    return payloads


@pytest.fixture
def shown(slack, client, heard):
    """Jonas has the form before him."""

    def show(*blocks, **more):
        trigger = slack.command(JONAS, DEPLOYS, "snooze").trigger_id
        client.views_open(trigger_id=trigger, view=modal(*blocks, **more))
        return slack.views[-1]

    return show


def test_a_form_carries_everything_that_holds_a_value_touched_or_not(slack, heard, shown):
    slack.submit_view(JONAS, shown(*FORM))
    assert heard.get(timeout=5)["view"]["state"]["values"] == UNTOUCHED


def test_a_form_carries_what_was_entered_and_what_was_emptied(slack, heard, shown):
    entered = {
        "why": "a rollback",
        "long": {"v": "1 d"},
        "until": {"v": {"type": "datetimepicker", "selected_date_time": None}},
        "who": [MIRA],
        "app": "cart",
    }
    slack.submit_view(JONAS, shown(*FORM), entered)
    values = heard.get(timeout=5)["view"]["state"]["values"]
    assert (values["why"]["v"]["value"], values["long"]["v"]["selected_option"]["value"]) == ("a rollback", "1 d")
    assert (values["until"]["v"]["selected_date_time"], values["who"]["v"]["selected_users"]) == (None, [MIRA])
    assert values["row"]["app"]["selected_option"]["value"] == "cart"


def test_a_click_in_a_form_carries_what_stands_in_it_and_an_update_keeps_it(slack, client, heard, shown):
    view = shown(*FORM)
    slack.click(JONAS, view, "more", values={"why": "half typed"})
    slack.click(JONAS, view, "app", "shop")
    values = [heard.get(timeout=5)["view"]["state"]["values"] for _ in range(2)][-1]
    assert values["why"]["v"]["value"] == "half typed"
    gone = asks("long", {"type": "radio_buttons", "options": options("2 d")})
    client.views_update(view_id=view.id, view=modal(FORM[0], gone, actions(SELECT)))
    slack.submit_view(JONAS, view, {"long": "2 d"})
    values = heard.get(timeout=5)["view"]["state"]["values"]
    assert (values["why"]["v"]["value"], values["row"]["app"]["selected_option"]["value"]) == ("half typed", "shop")
    assert set(values) == {"why", "long", "row"}


def test_an_update_with_an_old_hash_is_refused_and_one_with_the_current_is_not(slack, client, shown):
    view = shown(*FORM)
    first = view.hash
    answer = client.views_update(view_id=view.id, view=modal(title=plain("Second")), hash=first)["view"]
    assert answer["hash"] != first
    with pytest.raises(SlackApiError, match="hash_conflict"):
        client.views_update(view_id=view.id, view=modal(title=plain("Third")), hash=first)
    assert view.content["title"]["text"] == "Second"


@pytest.mark.parametrize(
    ("element", "wrong", "right", "told"),
    [
        ({"type": "email_text_input"}, "mira at acme", "mira@acme.example", "Please enter a valid email address."),
        ({"type": "url_text_input"}, "acme", "https://acme.example/x", "Please enter a valid URL."),
        ({"type": "number_input", "is_decimal_allowed": True}, "many", "2.5", "Please enter a valid number."),
        (
            {"type": "multi_static_select", "options": options("a", "b"), "max_selected_items": 1},
            ["a", "b"],
            ["b"],
            "Please select no more than 1 items.",
        ),
        ({"type": "checkboxes", "options": options("a")}, [], ["a"], "Please complete this required field."),
    ],
    ids=lambda value: value["type"] if isinstance(value, dict) else "",
)
def test_slacks_client_keeps_back_what_does_not_fit(slack, heard, shown, element, wrong, right, told):
    view = shown(asks("field", element))
    assert slack.submit_view(JONAS, view, {"field": wrong}).error == "invalid_input"
    assert view.errors == {"field": told}
    slack.submit_view(JONAS, view, {"field": right})
    assert heard.get(timeout=5)["type"] == "view_submission"


def test_closing_a_form_that_clears_closes_those_below_it_too(slack, client, heard, shown):
    shown(*FORM)
    pressed = slack.click(JONAS, slack.views[-1], "more")
    client.views_push(trigger_id=pressed.trigger_id, view=modal(clear_on_close=True, notify_on_close=True))
    assert [view.previous_id is None for view in slack.views] == [True, False]
    slack.close_view(JONAS, slack.views[-1])
    assert slack.views == []
    assert heard.get(timeout=5)["type"] == "block_actions"
    assert heard.get(timeout=5)["is_cleared"] is True


@pytest.mark.parametrize("kind", ["static_select", "overflow", "radio_buttons"])
def test_choices_in_a_message_say_which_option_was_picked(slack, client, heard, kind):
    choice = {"type": kind, "action_id": "app", "options": options("shop", "cart")}
    client.chat_postMessage(channel=DEPLOYS, text="card", blocks=[actions(choice, BUTTON)])
    (message,) = slack.messages(DEPLOYS)
    slack.click(MIRA, message, "app", "cart")
    picked = heard.get(timeout=5)
    slack.click(MIRA, message, "more")
    pressed = heard.get(timeout=5)
    assert picked["actions"][0]["selected_option"] == options("cart")[0]
    held = {"type": kind, "selected_option": options("cart")[0]}
    assert picked["state"]["values"] == ({} if kind == "overflow" else {"row": {"app": held}})
    assert pressed["state"]["values"] == (
        {} if kind == "overflow" else {"row": {"app": held | {"selected_option": None}}}
    )


def test_a_home_tab_answers_clicks_with_its_hash_and_its_state(slack, client, heard):
    home = {"type": "home", "private_metadata": "page 1", "blocks": [actions(SELECT, BUTTON)]}
    client.views_publish(user_id=MIRA, view=home)
    slack.click(MIRA, slack.home(MIRA), "app", "cart")
    view = heard.get(timeout=5)["view"]
    assert (view["type"], view["private_metadata"], view["hash"]) == ("home", "page 1", slack.home(MIRA).hash)
    assert view["state"]["values"]["row"]["app"]["selected_option"]["value"] == "cart"
    client.views_publish(user_id=MIRA, view=home, hash=view["hash"])
    assert slack.home(MIRA).values["row"]["app"]["selected_option"]["value"] == "cart"
    with pytest.raises(SlackApiError, match="hash_conflict"):
        client.views_publish(user_id=MIRA, view=home, hash=view["hash"])
