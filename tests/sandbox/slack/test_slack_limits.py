"""Each of Slack's limits: what just fits passes, one more is refused with Slack's own words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.limits import check_blocks, check_view


def mrkdwn(size):
    return {"type": "mrkdwn", "text": "x" * size}


def plain(size):
    return {"type": "plain_text", "text": "x" * size}


def section(size=1, **more):
    return {"type": "section", "text": mrkdwn(size), **more}


def button(action_id="go", **more):
    return {"type": "button", "action_id": action_id, "text": plain(2), **more}


def actions(*elements):
    return {"type": "actions", "elements": list(elements)}


def field(**more):
    return {"type": "input", "label": plain(1), "element": {"type": "plain_text_input", "action_id": "a"}, **more}


def buttons(count):
    return actions(*(button(f"go{index}") for index in range(count)))


def table(rows, columns, size=1):
    return {"type": "table", "rows": [[{"type": "raw_text", "text": "x" * size}] * columns] * rows}


def option(text=1, value="v", **more):
    return {"text": plain(text), "value": value, **more}


def choice(kind, *options, **more):
    return {"type": kind, "action_id": "pick", "options": list(options), **more}


def choices(kind, count):
    return actions(choice(kind, *(option(value=str(index)) for index in range(count))))


def select(options):
    return choices("static_select", options)


def confirm(**sizes):
    most = {"title": 100, "text": 300, "confirm": 30, "deny": 30} | sizes
    return actions(button(confirm={name: plain(size) for name, size in most.items()}))


SIZES = [
    (lambda n: [{"type": "divider"}] * n, 50, "no more than 50 items allowed", "/blocks"),
    (lambda n: [section(n)], 3000, "must be less than 3001 characters", "/blocks/0/text/text"),
    (
        lambda n: [{"type": "section", "fields": [mrkdwn(n)]}],
        2000,
        "must be less than 2001 characters",
        "/blocks/0/fields/0/text",
    ),
    (
        lambda n: [{"type": "section", "fields": [mrkdwn(1)] * n}],
        10,
        "no more than 10 items allowed",
        "/blocks/0/fields",
    ),
    (lambda n: [{"type": "header", "text": plain(n)}], 150, "must be less than 151 characters", "/blocks/0/text/text"),
    (
        lambda n: [{"type": "context", "elements": [mrkdwn(1)] * n}],
        10,
        "no more than 10 items allowed",
        "/blocks/0/elements",
    ),
    (lambda n: [buttons(n)], 25, "no more than 25 items allowed", "/blocks/0/elements"),
    (
        lambda n: [actions(button(text=plain(n)))],
        75,
        "must be less than 76 characters",
        "/blocks/0/elements/0/text/text",
    ),
    (
        lambda n: [actions(button(value="x" * n))],
        2000,
        "must be less than 2001 characters",
        "/blocks/0/elements/0/value",
    ),
    (lambda n: [actions(button(url="x" * n))], 3000, "must be less than 3001 characters", "/blocks/0/elements/0/url"),
    (lambda n: [actions(button("x" * n))], 255, "must be less than 256 characters", "/blocks/0/elements/0/action_id"),
    (lambda n: [section(block_id="x" * n)], 255, "must be less than 256 characters", "/blocks/0/block_id"),
    (lambda n: [select(n)], 100, "no more than 100 items allowed", "/blocks/0/elements/0/options"),
    (lambda n: [choices("overflow", n)], 5, "no more than 5 items allowed", "/blocks/0/elements/0/options"),
    (lambda n: [choices("radio_buttons", n)], 10, "no more than 10 items allowed", "/blocks/0/elements/0/options"),
    (lambda n: [choices("checkboxes", n)], 10, "no more than 10 items allowed", "/blocks/0/elements/0/options"),
    (
        lambda n: [actions(choice("static_select", option(n)))],
        75,
        "must be less than 76 characters",
        "/blocks/0/elements/0/options/0/text/text",
    ),
    (
        lambda n: [actions(choice("static_select", option(value="x" * n)))],
        150,
        "must be less than 151 characters",
        "/blocks/0/elements/0/options/0/value",
    ),
    (
        lambda n: [actions(choice("radio_buttons", option(description=plain(n))))],
        75,
        "must be less than 76 characters",
        "/blocks/0/elements/0/options/0/description/text",
    ),
    (
        lambda n: [actions(choice("static_select", option(), placeholder=plain(n)))],
        150,
        "must be less than 151 characters",
        "/blocks/0/elements/0/placeholder/text",
    ),
    *[
        (
            lambda n, name=name: [confirm(**{name: n})],
            most,
            f"must be less than {most + 1} characters",
            f"/blocks/0/elements/0/confirm/{name}/text",
        )
        for name, most in (("title", 100), ("text", 300), ("confirm", 30), ("deny", 30))
    ],
    (
        lambda n: [field(element={"type": "plain_text_input", "action_id": "a", "max_length": n})],
        3000,
        "must be less than or equal to 3000",
        "/blocks/0/element/max_length",
    ),
    (lambda n: [field(label=plain(n))], 2000, "must be less than 2001 characters", "/blocks/0/label/text"),
    (lambda n: [field(hint=plain(n))], 2000, "must be less than 2001 characters", "/blocks/0/hint/text"),
    (
        lambda n: [table(1, 1) | {"column_settings": [None] * n}],
        20,
        "no more than 20 items allowed",
        "/blocks/0/column_settings",
    ),
    (lambda n: [table(n, 1)], 100, "no more than 100 items allowed", "/blocks/0/rows"),
    (lambda n: [table(1, n)], 20, "no more than 20 items allowed", "/blocks/0/rows/0"),
    (lambda n: [table(1, 1)] * n, 1, "only_one_table_allowed", "/blocks"),
    (lambda n: [table(100, 1, n)], 100, "table text must be less than 10001 characters", "/blocks"),
]


@pytest.mark.parametrize(("blocks", "most", "told", "at"), SIZES, ids=[f"{row[3]} {row[1]}" for row in SIZES])
def test_a_message_at_a_limit_passes_and_one_more_is_refused(blocks, most, told, at):
    assert check_blocks(blocks(most)) == blocks(most)
    with pytest.raises(SlackError) as refused:
        check_blocks(blocks(most + 1))
    assert refused.value.code == "invalid_blocks"
    assert f"[ERROR] {told} [json-pointer:{at}]" in refused.value.details


RICH = {
    "type": "rich_text",
    "elements": [
        {
            "type": "rich_text_section",
            "elements": [{"type": "text", "text": "a", "style": {"bold": True}}, {"type": "user", "user_id": "U0"}],
        },
        {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "b"}]},
    ],
}
SHAPES = [
    ([{"type": "carousel"}], "unsupported type: carousel [json-pointer:/blocks/0/type]"),
    ([{"type": ["section"]}], "unsupported type: ['section'] [json-pointer:/blocks/0/type]"),
    ([{"text": "x"}], "missing required field: type [json-pointer:/blocks/0]"),
    (["section"], "must be an object [json-pointer:/blocks/0]"),
    ([{"type": "section"}], "missing required field: text [json-pointer:/blocks/0]"),
    ([section(0)], "must be more than 0 characters [json-pointer:/blocks/0/text/text]"),
    ([section(colour="red")], "invalid additional property: colour [json-pointer:/blocks/0]"),
    ([{"type": "header", "text": mrkdwn(1)}], "unsupported type: mrkdwn [json-pointer:/blocks/0/text/type]"),
    ([actions(button(style="green"))], "must be one of: primary, danger [json-pointer:/blocks/0/elements/0/style]"),
    ([actions()], "no fewer than 1 items allowed [json-pointer:/blocks/0/elements]"),
    ([actions({"type": "image", "alt_text": "x"})], "unsupported type: image [json-pointer:/blocks/0/elements/0/type]"),
    (
        [actions({"type": "static_select", "action_id": "a"})],
        "must provide exactly one of: options, option_groups [json-pointer:/blocks/0/elements/0]",
    ),
    (
        [actions(choice("static_select", option(), initial_option=option(value="w")))],
        "initial_option must match one of the options [json-pointer:/blocks/0/elements/0/initial_option]",
    ),
    (
        [actions(choice("static_select", option(url="https://x")))],
        "invalid additional property: url [json-pointer:/blocks/0/elements/0/options/0]",
    ),
    (
        [actions(choice("overflow", {"text": mrkdwn(1), "value": "v"}))],
        "unsupported type: mrkdwn [json-pointer:/blocks/0/elements/0/options/0/text/type]",
    ),
    (
        [actions({"type": "datetimepicker", "action_id": "a", "initial_date_time": 999_999_999})],
        "must be greater than or equal to 1000000000 [json-pointer:/blocks/0/elements/0/initial_date_time]",
    ),
    (
        [actions(button("a", focus_on_load=True), button("b", focus_on_load=True))],
        "only one element may have focus_on_load [json-pointer:/blocks]",
    ),
    (
        [{"type": "table", "rows": [[{"type": "mrkdwn", "text": "x"}]]}],
        "unsupported type: mrkdwn [json-pointer:/blocks/0/rows/0/0/type]",
    ),
    (
        [section(block_id="a"), section(block_id="a")],
        '`block_id` "a" already exists for another block [json-pointer:/blocks/1/block_id]',
    ),
    (
        [actions(button("a"), button("a"))],
        '`action_id` "a" already exists for another element [json-pointer:/blocks/0/elements/1/action_id]',
    ),
    (
        [{"type": "rich_text", "elements": [{"type": "rich_text_poem", "elements": []}]}],
        "unsupported type: rich_text_poem [json-pointer:/blocks/0/elements/0/type]",
    ),
]


@pytest.mark.parametrize(("blocks", "told"), SHAPES, ids=[row[1][:40] for row in SHAPES])
def test_a_block_of_the_wrong_shape_is_refused_where_it_is_wrong(blocks, told):
    with pytest.raises(SlackError) as refused:
        check_blocks(blocks)
    assert refused.value.details == (f"[ERROR] {told}",)


def test_every_kind_of_block_the_page_shows_passes():
    blocks = [
        {"type": "header", "text": plain(5)},
        section(5, accessory=button()),
        {"type": "section", "fields": [mrkdwn(3), plain(3)]},
        {
            "type": "context",
            "elements": [mrkdwn(3), {"type": "image", "image_url": "https://x/y.png", "alt_text": "y"}],
        },
        {"type": "divider"},
        {"type": "image", "image_url": "https://x/y.png", "alt_text": "y", "title": plain(2)},
        {"type": "markdown", "text": "**bold**"},
        {"type": "input", "label": plain(4), "element": {"type": "plain_text_input", "action_id": "why"}},
        field(element={"type": "datetimepicker", "action_id": "until", "initial_date_time": 1_800_000_000}),
        field(element={"type": "email_text_input", "action_id": "mail"}),
        field(element={"type": "multi_users_select", "action_id": "who", "max_selected_items": 3}),
        actions(choice("overflow", option(url="https://x"))),
        actions(choice("radio_buttons", {"text": mrkdwn(3), "value": "v"})),
        actions(button(style="danger", value="1"), {"type": "users_select", "action_id": "who"}),
        select(2) | {"block_id": "s"},
        RICH,
        table(2, 2),
    ]
    assert check_blocks(blocks) == blocks


WORDS = st.sampled_from(
    ["type", "text", "elements", "rows", "section", "actions", "table", "rich_text", "button", "plain_text", "block_id"]
)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
)


@given(blocks=st.lists(ANY_JSON, max_size=4))
def test_whatever_comes_is_accepted_or_refused_by_name(blocks):
    for check in (lambda: check_blocks(blocks), lambda: check_view({"type": "home", "blocks": blocks}, "home")):
        try:
            check()
        except SlackError as refused:
            assert refused.code in {"invalid_blocks", "invalid_arguments"}  # noqa: PT017


def test_blocks_that_are_no_list_have_their_own_error():
    with pytest.raises(SlackError, match="invalid_blocks_format"):
        check_blocks({"type": "section"})


def test_a_message_holds_about_13000_characters_of_blocks_and_a_response_url_more():
    blocks = [section(3000)] * 5
    with pytest.raises(SlackError, match="msg_blocks_too_long"):
        check_blocks(blocks)
    assert check_blocks(blocks[:4])
    assert check_blocks(blocks, weigh=False)


def modal(**more):
    return {"type": "modal", "title": plain(24), "blocks": [section()], **more}


VIEWS = [
    (modal(title=plain(25)), "must be less than 25 characters [json-pointer:/view/title/text]"),
    (modal(close=plain(25)), "must be less than 25 characters [json-pointer:/view/close/text]"),
    (modal(submit=plain(25)), "must be less than 25 characters [json-pointer:/view/submit/text]"),
    (modal(private_metadata="x" * 3001), "must be less than 3001 characters [json-pointer:/view/private_metadata]"),
    (modal(callback_id="x" * 256), "must be less than 256 characters [json-pointer:/view/callback_id]"),
    (modal(blocks=[{"type": "divider"}] * 101), "no more than 100 items allowed [json-pointer:/view/blocks]"),
    (modal(blocks=[field()]), "missing required field: submit [json-pointer:/view]"),
    (modal(blocks=[table(1, 1)]), "unsupported type: table [json-pointer:/view/blocks/0/type]"),
    ({"type": "modal", "blocks": []}, "missing required field: title [json-pointer:/view]"),
    ({"type": "home", "blocks": []}, "unsupported type: home [json-pointer:/view/type]"),
    ("modal", "must be an object [json-pointer:/view]"),
]


@pytest.mark.parametrize(("view", "told"), VIEWS, ids=[row[1][:60] for row in VIEWS])
def test_a_modal_over_a_limit_is_refused(view, told):
    with pytest.raises(SlackError) as refused:
        check_view(view, "modal")
    assert refused.value.code == "invalid_arguments"
    assert f"[ERROR] {told}" in refused.value.details


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"blocks": [{"type": "divider"}] * 101}, "no more than 100 items allowed [json-pointer:/view/blocks]"),
        ({"private_metadata": "x" * 3001}, "must be less than 3001 characters [json-pointer:/view/private_metadata]"),
        ({"title": plain(1)}, "invalid additional property: title [json-pointer:/view]"),
        ({"blocks": [table(1, 1)]}, "unsupported type: table [json-pointer:/view/blocks/0/type]"),
        ({"type": "modal"}, "unsupported type: modal [json-pointer:/view/type]"),
    ],
)
def test_a_home_over_a_limit_is_refused(more, told):
    full = {"type": "home", "blocks": [field(), *[{"type": "divider"}] * 99], "private_metadata": "x" * 3000}
    assert check_view(full, "home") == full
    with pytest.raises(SlackError) as refused:
        check_view(full | more, "home")
    assert refused.value.details == (f"[ERROR] {told}",)


def test_a_modal_at_its_limits_passes():
    full = modal(
        blocks=[field(), *[{"type": "divider"}] * 99],
        submit=plain(24),
        private_metadata="x" * 3000,
        notify_on_close=True,
    )
    assert check_view(full, "modal") == full


def test_a_view_of_more_than_250_kilobytes_is_too_large():
    with pytest.raises(SlackError, match="view_too_large"):
        check_view(modal(blocks=[section(3000)] * 100), "modal")
