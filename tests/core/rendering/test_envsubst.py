"""Variables as Flux substitutes them after a build."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.rendering.budget import Budget, BudgetExceededError
from bot.core.rendering.envsubst import SubstitutionError, substitute

VARIABLES = {"app": "web-server", "host": "eu.shop.example", "path": "/srv/data/app.tar.gz", "empty": "", "é": "ü"}


def look_up(name):
    return None if name == "secret" else VARIABLES.get(name, "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${app}", "web-server"),
        ("x${app}y${app}z", "xweb-serveryweb-serverz"),
        ("${missing}|${empty}", "|"),
        ("$app {{ app }} $ $(app)", "$app {{ app }} $ $(app)"),
        # Defaults: every form is the same, also for a variable that is empty.
        ("${missing:-a b}", "a b"),
        ("${missing:=a}${missing=b}${missing:?c}${missing:+d}", "abcd"),
        ("${empty:-a}${empty=b}", "ab"),
        ("${app:-a}${app:+b}", "web-serverweb-server"),
        ("${missing:-}", ""),
        ("${missing:-${host}}", "eu.shop.example"),
        ("${missing:-${empty:-deep}}-${missing:=x${app}y}", "deep-xweb-servery"),
        # Escapes: a pair of dollars is one, from left to right.
        ("$${app}", "${app}"),
        ("$$${app}", "$web-server"),
        ("$$$${app}", "$${app}"),
        ("cost: $$5", "cost: $5"),
        ("${missing:-$${app}}", "$web-server"),
        # Bash's string functions.
        ("${#app} ${#é}", "10 2"),
        ("${app^} ${app^^} ${app,} ${app,,}", "Web-server WEB-SERVER web-server web-server"),
        ("${app:4} ${app:0:3} ${app:4:99} ${app:99}", "server web server "),
        ("${app: -6} ${app:x} ${app:" + "9" * 5_000 + "}", "web-server web-server web-server"),
        ("${app/e/E} ${app//e/E} ${app/e/}", "wEb-server wEb-sErvEr wb-server"),
        ("${app/#web/www} ${app/%server/client} ${app/#x/y}", "www-server web-client web-server"),
        (r"${path/\//-} ${path//\//-}", "-srv/data/app.tar.gz -srv-data-app.tar.gz"),
        ("${host#*.} ${host##*.}", "shop.example example"),
        ("${host%.*} ${host%%.*}", "eu.shop eu"),
        ("${path##*/} ${path%%.*}", "app.tar.gz /srv/data/app"),
        (
            "${host#[a-f]} ${host#[!x]} ${host#[^x]} ${host#??.}",
            "u.shop.example eu.shop.example u.shop.example shop.example",
        ),
        # A value that is not known matters only where it is used.
        ("${app:-${secret}}", "web-server"),
        ("${missing:-${secret}}", None),
        ("a ${secret^^} b", None),
        ("${app/web/${secret}}", None),
    ],
)
def test_a_text_is_substituted(text, expected):
    assert substitute(text, look_up) == expected


@pytest.mark.parametrize(
    "text",
    [
        *(
            "${}",
            "${app",
            "${app-x}",
            "${app+x}",
            "${app?x}",
            "${.Values.x}",
            "${app b}",
            "${app:}",
            "${app:-x",
            "${#}",
        ),
        *("${app/x}", "${app#}", "${app:1:-1}", "${a:-" * 60 + "}" * 60),
    ],
)
def test_what_flux_rejects_is_an_error(text):
    with pytest.raises(SubstitutionError, match=r"^\$\{"):
        substitute(f"key: {text}\n", look_up)


@pytest.mark.parametrize(
    "text",
    [
        "${app//e/" * 49 + "x" + "}" * 49,
        "${path//a/${app//e/${path}}}" * 100,
        "${app}" * 2_000,
        "${empty:-${app^^}}" * 2_000,
        "${app/x/}" * 2_000,
        f"${{app#{'*a' * 5_000}}}",
    ],
)
def test_variables_expand_to_a_bounded_text(text):
    with pytest.raises(BudgetExceededError):
        substitute(text, look_up, Budget(10_000))


@given(st.text())
def test_a_text_without_a_dollar_stays_as_it_is(text):
    assert substitute(text.replace("$", ""), look_up) == text.replace("$", "")


@given(st.text())
def test_a_text_whose_dollars_are_doubled_comes_back(text):
    assert substitute(text.replace("$", "$$"), look_up) == text


@given(st.text("ab*?.[]\\-^$", max_size=8), st.text("ab.", max_size=8))
def test_no_pattern_adds_anything(pattern, value):
    for operator in ("#", "##", "%", "%%"):
        try:
            trimmed = substitute(f"${{v{operator}{pattern}}}|", lambda _: value)
        except SubstitutionError:
            continue
        assert trimmed is not None
