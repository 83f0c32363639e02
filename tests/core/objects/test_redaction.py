"""Credentials are hidden wherever a difference or a patch would show them, and nothing else is."""

import json
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.drift.compare import compare_declarations, compare_object
from bot.core.drift.model import FieldDrift, ObjectDrift
from bot.core.git.patch import FileChange, redacted_patch
from bot.core.objects import credential_names, credentials
from bot.core.objects.credential_names import is_credential_name
from bot.core.objects.credential_search import CredentialSearch
from bot.core.objects.credentials import HIDDEN, MAX_SCANNED, redact_prose, redact_text
from bot.core.objects.manifest import Manifest, read_manifests
from bot.core.objects.path import Item, Member, format_path
from bot.core.objects.redaction import Redaction, has_hidden, redact, redact_path
from bot.core.objects.schema import Schemas
from bot.core.objects.step_budget import StepBudget
from bot.core.pull_requests.adopt import NotAdoptableError, adopt

NEEDLE = "correct-horse"
WIDE = "".join(chr(ord(letter) + 0xFEE0) for letter in "PASSWORD")  # NFKC makes ASCII of it
JWT = f"eyJ{'a' * 40}.{'b' * 900}.{'c' * 40}"


@pytest.mark.parametrize(
    "name",
    [
        *("DB_PASSWORD", "PGPASSWORD", "API_TOKEN", "apiKey", "GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "SENTRY_DSN"),
        *("private_key", "clientSecret", "db.password", "--password", "passwd", "license-key", "connectionString"),
        *(
            "POSTGRES_PASS",
            "dbpassword",
            "credentials",
            "contraseña",
            "wifi-psk",
            "requirepass",
            "masterauth",
            "bindpw",
        ),
        *("dbpass", "apitoken", "adminpw", "storepass", "PresharedKey"),
        *("auth", "REDIS_AUTH", WIDE, "pass\u200bword", "\u200bto\u00adken"),
    ],
)
def test_the_names_of_credentials(name):
    assert is_credential_name(name)


@pytest.mark.parametrize(
    "name",
    [
        *("", "image", "secretName", "passwordSecretRef", "TOKEN_TTL", "POSTGRES_PASSWORD_FILE", "TOKEN_URL", "key"),
        *("AUTH_SERVER", "auth.mode", "oauth", "identity", "max_tokens", "maxOutputTokens"),
        *("bypass", "passthrough", "compass", "tokenizer", "monkey", "tls.key", "username", "author", "accounts"),
        "user_key",
    ],
)
def test_the_names_of_other_values(name):
    assert not is_credential_name(name)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"mysql -u root --password={NEEDLE} -h db", "mysql -u root --password=(hidden) -h db"),
        (f"postgres://shop:{NEEDLE}@db/shop", "postgres://shop:(hidden)@db/shop"),
        (f"shop:{NEEDLE}/@{NEEDLE}@tcp(db:3306)/shop", "shop:(hidden)@tcp(db:3306)/shop"),
        (f"url: shop:{NEEDLE}@unix(/run/mysqld.sock)/shop", "url: shop:(hidden)@unix(/run/mysqld.sock)/shop"),
        (f"postgres://shop:a@{NEEDLE}@db/shop@1", "postgres://shop:(hidden)@db/shop@1"),
        (f'"postgres://shop:a/{NEEDLE}@db/shop": invalid', '"postgres://shop:(hidden)@db/shop": invalid'),
        (f"db.password={NEEDLE} {NEEDLE}\nmode=fast", "db.password=(hidden)\nmode=fast"),
        (f"password: {NEEDLE}\nmode: fast", "password: (hidden)\nmode: fast"),
        (f"$cfg[$i]['password'] = '{NEEDLE}';\n$mode = 1;", "$cfg[$i]['password'] = (hidden);\n$mode = 1;"),
        (f"env[DB_PASSWORD] = {NEEDLE}\nenv[MODE] = fast", "env[DB_PASSWORD] = (hidden)\nenv[MODE] = fast"),
        (f'{{"password":"{NEEDLE}","user":"shop"}}', '{"password":(hidden),"user":"shop"}'),
        (f"Authorization: Bearer {NEEDLE}", "Authorization: Bearer (hidden)"),
        (f"https://x/hook?token={NEEDLE}&z=1", "https://x/hook?token=(hidden)"),
        (f'env TOKEN="{NEEDLE} {NEEDLE}" run', "env TOKEN=(hidden) run"),
        (f"key {'ghp_' + 'a' * 36} end", "key (hidden) end"),
        (f"start {JWT} end", "start (hidden) end"),
        ("AKIAIOSFODNN7EXAMPLE", "(hidden)"),
        (
            f"a:\n  password: |\n    {NEEDLE}\n\n    {NEEDLE}\n  b: 1",
            "a:\n  password: |\n    (hidden)\n\n    (hidden)\n  b: 1",
        ),
        (f"- token: >-2 # folded\n    {NEEDLE}: x\n  b: 1", "- token: >-2 # folded\n    (hidden)\n  b: 1"),
        (f"password: !!str &p |\n  {NEEDLE}", "password: (hidden)\n  (hidden)"),
        (f"password:\n  {NEEDLE}\nmode: fast", "password:\n  (hidden)\nmode: fast"),
        (f"password: {NEEDLE}\n  {NEEDLE}\nmode: fast", "password: (hidden)\n  (hidden)\nmode: fast"),
        (f'"password":\n  "{NEEDLE}"', '"password":\n  (hidden)'),
        (f"- name: DB_PASSWORD\n  value: {NEEDLE}", "- name: DB_PASSWORD\n  value: (hidden)"),
        (f'{{"name": "DB_PASSWORD", "value": "{NEEDLE}"}}', '{"name": "DB_PASSWORD", "value": "(hidden)"}'),
        (f"<user>a</user><password>{NEEDLE}</password>", "<user>a</user><password>(hidden)</password>"),
        (f"<db:password type='x'>\n{NEEDLE}\n</db:password>", "<db:password type='x'>\n(hidden)\n</db:password>"),
        (f'<add key="Password" value="{NEEDLE}"/>', '<add key="Password" value="(hidden)"/>'),
        (f'<property name="db.password">{NEEDLE}</property>', '<property name="db.password">(hidden)</property>'),
        (f"machine x login y password {NEEDLE}", "machine x login y password (hidden)"),
        (f"requirepass {NEEDLE}", "requirepass (hidden)"),
        (f"  bindpw {NEEDLE}\n", "  bindpw (hidden)\n"),
        (f"export PGPASSWORD {NEEDLE}", "export PGPASSWORD (hidden)"),
        (f"curl -u shop:{NEEDLE} https://x", "curl -u shop:(hidden) https://x"),
        (f"CREATE USER shop IDENTIFIED BY '{NEEDLE}'", "CREATE USER shop IDENTIFIED BY '(hidden)'"),
        (f"{WIDE}={NEEDLE}", f"{WIDE}=(hidden)"),
        (f"password:\n  - {NEEDLE}\n  - x\nmode: fast", "password:\n  - (hidden)\n  - (hidden)\nmode: fast"),
        (f"tokens:\n- {NEEDLE}\nmode: fast", "tokens:\n- (hidden)\nmode: fast"),
        (f"passwords:\n  root: {NEEDLE}\nmode: fast", "passwords:\n  (hidden)\nmode: fast"),
        (f'"passwords": {{\n  "root": "{NEEDLE}"\n}}', '"passwords": {\n  (hidden)\n}'),
        (f'apiKeys = [\n"{NEEDLE}",\n]\nmode = 1', "apiKeys = [\n(hidden)\n]\nmode = 1"),
        (f'password="""\n{NEEDLE}\n"""\nmode=1', 'password="""\n(hidden)\n(hidden)\nmode=1'),
        (f"export TOKEN='a\n{NEEDLE}'\nMODE=1", "export TOKEN=(hidden)\n(hidden)\nMODE=1"),
        (f'password: "a\\"{NEEDLE}", b: 1', "password: (hidden), b: 1"),
        (f"password: 'it''s {NEEDLE}', b: 1", "password: (hidden), b: 1"),
        (f"TOKEN=$(cat <<EOF\n{NEEDLE}\nEOF\n)\nMODE=1", "TOKEN=(hidden)\n(hidden)\n(hidden)\n)\nMODE=1"),
        (f"password=a\\\n  {NEEDLE}\nmode=1", "password=(hidden)\n  (hidden)\nmode=1"),
        (f"password =\n  {NEEDLE}\nmode = 1", "password =\n  (hidden)\nmode = 1"),
        (f"x --password \\\n  {NEEDLE} \\\n  --host db", "x --password \\\n  (hidden)\n  --host db"),
        (f'["--password",\n "{NEEDLE}",\n "--mode"]', '["--password",\n "(hidden)\n "--mode"]'),
        (f"<name>db.password</name>\n<value>{NEEDLE}</value>", "<name>db.password</name>\n<value>(hidden)</value>"),
        (f"<entry key='db.password'>\n{NEEDLE}\n</entry>", "<entry key='db.password'>\n(hidden)\n</entry>"),
        (
            f"<entry key='db.password'>\n  <value>{NEEDLE}</value>\n</entry>",
            "<entry key='db.password'>\n  <value>(hidden)</value>\n</entry>",
        ),
        (
            f"<a-name>token</a-name>\n<a-type>x</a-type>\n<a-value>{NEEDLE}</a-value>",
            "<a-name>token</a-name>\n<a-type>x</a-type>\n<a-value>(hidden)</a-value>",
        ),
        (f"DB_PASSWORD ?= {NEEDLE} {NEEDLE}\nMODE ?= fast", "DB_PASSWORD ?= (hidden)\nMODE ?= fast"),
        (f"-----BEGIN RSA PRIVATE KEY-----\n{NEEDLE}", "(hidden)"),
        ("x " * (MAX_SCANNED // 2), "x " * (MAX_SCANNED // 2)),
        ("x " * (MAX_SCANNED // 2) + "x", "(hidden)"),
    ],
)
def test_a_text_without_its_credentials(text, shown):
    assert redact_text(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        *(f"define('DB_PASSWORD', '{NEEDLE}');", f"ENV.fetch('TOKEN') {{ '{NEEDLE}' }}", f'setPassword("{NEEDLE}")'),
        *(f"'password' => '{NEEDLE}',", f"env.TOKEN || '{NEEDLE}'", f'{{{{ env "TOKEN" | default "{NEEDLE}" }}}}'),
        *(f'{{password, "{NEEDLE}"}}', f'(setq password "{NEEDLE}")', f'set $token "{NEEDLE}";', f"pw={NEEDLE}"),
        *(f"ALTER USER shop PASSWORD '{NEEDLE}'", f"SET PASSWORD FOR 'a'@'%' = '{NEEDLE}'", f"api_key {NEEDLE}"),
        *(f"mysqladmin ping -uroot -p{NEEDLE}", f"sshpass -p '{NEEDLE}' ssh x", f"docker login -u a -p {NEEDLE} r.io"),
        *(f"curl -uadmin:{NEEDLE} https://x", f"curl -sSu admin:{NEEDLE}", f'["redis-cli", "-a", "{NEEDLE}"]'),
        *(f"Authorization: token {NEEDLE}", f'"Authorization: ApiKey {NEEDLE}" https://x', f"auth_pass {NEEDLE}"),
        *(f"fastcgi_param DB_PASSWORD {NEEDLE};", f'<Password value="{NEEDLE}"/>'),
        *(f"redis-cli -a {NEEDLE} ping", f"ldapsearch -D cn=a -w {NEEDLE}", f"echo 'root:{NEEDLE}' | chpasswd"),
        *(f"user default on >{NEEDLE} ~* +@all", f"user a insecure-password {NEEDLE}", f"stats auth admin:{NEEDLE}"),
        *(f"db.example:5432:shop:shop:{NEEDLE}", f"*:*:*:shop:{NEEDLE}", f"proxy_set_header X-Api-Key {NEEDLE};"),
        *(f"<password><![CDATA[{NEEDLE}]]></password>", f"<name>token</name><value>{NEEDLE}</value>"),
        f'{{"value": "{NEEDLE}", "name": "DB_PASSWORD"}}',
        *(f"u:$2y$05${NEEDLE}{NEEDLE}", f"u:$6$salt${NEEDLE}{NEEDLE}:1::", f"$argon2id$v=19$m=65536,t=3${NEEDLE}"),
        *(
            f"$ENV{{DB_PASSWORD}}='{NEEDLE}';",
            f"$ENV{{'DB_PASSWORD'}} ||= \"{NEEDLE}\"",
            f"$h->{{password}} //= '{NEEDLE}'",
        ),
        *(f'cfg("password") = "{NEEDLE}"', f'config.password ??= "{NEEDLE}"', f"set env(DB_PASSWORD) {NEEDLE}"),
        *(f"set $db_password {NEEDLE};", f"set -gx DB_PASSWORD {NEEDLE}", f"setx DB_PASSWORD {NEEDLE} /M"),
        *(
            f'const password string = "{NEEDLE}"',
            f'Dim password As String = "{NEEDLE}"',
            f'  token  MyType = "{NEEDLE}"',
        ),
        *(f"INSERT INTO users(author, password) VALUES('a','{NEEDLE}')", f"printf 'DB_PASSWORD=%s\\n' {NEEDLE}"),
        *(f'<entry key="token"><value>{NEEDLE}</value></entry>', f'["serve", "--password", "{NEEDLE}"]'),
        f"<param-name>password</param-name><param-value>{NEEDLE}</param-value>",
        *(f"keytool -list -storepass {NEEDLE}", f"htpasswd -nbB u {NEEDLE} | tr a b", f"smbclient -U a%{NEEDLE}"),
        *(
            f"vault login -no-print {NEEDLE}",
            f"npm config set //r/:_authToken {NEEDLE}",
            f"consul kv put a/token {NEEDLE}",
        ),
        # A quote in the value: escaped, doubled, or of another kind.
        *(f"password = 'a\\', {NEEDLE}'", f"password = `a\\` {NEEDLE}`", f"x --password 'a {NEEDLE}' --mode fast"),
        *(f"define('DB_PASSWORD', 'a\\', {NEEDLE}');", f"define('DB_PASSWORD', 'a\" {NEEDLE}');"),
        *(f'const password string = "a\' {NEEDLE}"', f'const password string = "a\\" {NEEDLE}"'),
        *(f"CREATE USER a IDENTIFIED BY 'a'' {NEEDLE}'", f'["--password", "a\' {NEEDLE}"]'),
        *(f'{{"value": "a\' {NEEDLE}", "name": "TOKEN"}}', f'{{"name": "TOKEN", "value": "a, \\" {NEEDLE}"}}'),
        *(f"<password><![CDATA[a<{NEEDLE}]]></password>", f"<password>\n<![CDATA[a\n{NEEDLE}]]>\n</password>"),
        f"<name>token</name>\n<value><![CDATA[{NEEDLE}]]></value>",
        *(f"<privateKey><![CDATA[{'a b' * 700}{NEEDLE}]]></privateKey>", f"app --password \"a\"'$def'{NEEDLE}"),
        *(
            f'{{"cmd": "app --token abc", "password": "correct horse {NEEDLE}"}}',
            f'a "b --db c" --password "a {NEEDLE}"',
        ),
        *(f'bash -ec "app --password {NEEDLE} --db x"', f"app --password 'a'\\''{NEEDLE}'"),
        *(f"app --password correct\\ horse\\ {NEEDLE} --db x", f"app --password $'a {NEEDLE} b'"),
        *(f"DATABASE_URL=app:{NEEDLE * n}@tcp(db:3306)/shop" for n in (1, 20)),
        f"""{{"name": "CONFIG", "value": "[{{'name': 'DB_PASSWORD', 'value': '{NEEDLE}'}}]"}}""",
        *(f"{{SSHA}}{NEEDLE}", f"pbkdf2_sha256$600000$salt${NEEDLE}=", f"SCRAM-SHA-256$4096:salt${NEEDLE}:a="),
    ],
)
def test_a_credential_without_an_assignment_is_hidden(text):
    assert NEEDLE not in redact_text(text)


@pytest.mark.parametrize("text", ["<a><![CDATA[" * 10_000, "-ab 'x" + " -bc \\''" * 5_000])
def test_values_that_are_nested_without_end_are_hidden(text):
    started = time.process_time()
    redact_text(text)
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    "text",
    [
        *("", "nginx:1.27.2", f"registry.example/shop@sha256:{'0123456789abcdef' * 4}", "web-5d4f8c7b9d-x2k4l"),
        *("checksum/config: 4f2a9c1e4f2a9c1e4f2a9c1e4f2a9c1e", "echo $PASSWORD", "secretName: tls", "token: ''"),
        *(f"oci://registry.example:5000/shop@sha256:{'0123456789abcdef' * 4}", "shop@tcp(db:3306)/shop"),
        *("cluster.local:8080/path?mode=fast", "2026-03-01T02:47:00Z", "--feature-gates=A=true,B=false", "a\n\nb\n"),
        *(
            "credentials:\n  user: shop\n  mode: fast",
            "tokens:\n- name: a\n",
            "secrets:\n  - tls",
            "the password is wrong",
        ),
        *("<user>shop</user>", '<add key="mode" value="fast"/>', "name: mode\nvalue: fast", "docker run -u 1000 shop"),
        *(
            "if token:\n    return True",
            "people are identified by name",
            "proxy_pass http://shop:8080;",
            "a: [token, b]",
        ),
        *("max_tokens 4096", "oc login -p 8080:80", "localhost:8080:80:tcp:web"),
        "the password='\nlevel: info",
        *(
            "/v1/{token}:revoke",
            "if (token != null) return",
            "set password policy to strict",
            "printf 'token=%s' $TOKEN",
        ),
        *("vault login -method=oidc role=a", "vault login -method oidc", "kubectl config set clusters.a.server x"),
        *("INSERT INTO users(name, author) VALUES('a', 'b')", "htpasswd -c /etc/users ana", '["--token", "--mode"]'),
        "<key>mode</key>\n<type>x</type>\n<value>a</value>",
        *("docker run -u 1000:1000 shop", "docker exec mysql:8 -port=1", "x -u https://shop.example/x"),
        *("authorization: who may do what, and when", "authorization: Node RBAC"),
        *("grant_types: ['password', 'refresh']", "docker run -p 80:80 shop", "2001:0:db8:85a3:0", "sed s/$1$2/x/"),
        *(
            "mysql -p$(MYSQL_PASSWORD)",
            "password: ${DB_PASSWORD}",
            '"auth": {\n  "mode": "fast"\n}',
            "echo a | grep passwd.txt",
        ),
    ],
)
def test_an_ordinary_text_is_shown(text):
    assert redact_text(text) == text


def test_a_command_of_too_many_arguments_is_hidden():
    command = ["serve", "-v", *["x" * 1_000] * 130]
    shown = redact(("spec", "command"), command, Redaction())
    assert shown == command
    assert set(redact(("spec", "command"), [*command, "x" * 1_000], Redaction())) == {HIDDEN}


def _pod(**container):
    return {"spec": {"template": {"spec": {"containers": [{"name": "web", **container}]}}}}


PLACES = {
    "an environment variable": ("apps/v1", "Deployment", lambda v: _pod(env=[{"name": "DB_PASSWORD", "value": v}])),
    "an argument": ("apps/v1", "Deployment", lambda v: _pod(args=["serve", f"--password={v}"])),
    "the argument after a flag": ("apps/v1", "Deployment", lambda v: _pod(args=["serve", "--token", v])),
    "a command": ("apps/v1", "Deployment", lambda v: _pod(command=["sh", "-c", f"login --password {v}; TOKEN={v} x"])),
    "a command's option": ("apps/v1", "Deployment", lambda v: _pod(command=["redis-cli", "-a", v, "ping"])),
    "the last argument": ("apps/v1", "Deployment", lambda v: _pod(command=["npm", "config", "set", "_authToken", v])),
    "a short option": ("apps/v1", "Deployment", lambda v: _pod(command=["mysqladmin", "ping", f"-p{v} {v}"])),
    "an option's user": ("apps/v1", "Deployment", lambda v: _pod(args=["-s", "-u", f"admin:{v}", "https://x"])),
    "a list": ("example.com/v1", "Thing", lambda v: {"spec": {"apiKeys": [v]}}),
    "a group": ("example.com/v1", "Thing", lambda v: {"spec": {"passwords": {"root": v}}}),
    "a ConfigMap's key": ("v1", "ConfigMap", lambda v: {"data": {"DB_PASSWORD": v}}),
    "a ConfigMap's file": ("v1", "ConfigMap", lambda v: {"data": {"app.ini": f"[db]\nuser = a\npassword = {v}\n"}}),
    "Helm values": (
        "helm.toolkit.fluxcd.io/v2",
        "HelmRelease",
        lambda v: {"spec": {"values": {"postgresql": {"auth": {"password": v, "username": "shop"}}}}},
    ),
    "a sealed template": (
        "bitnami.com/v1alpha1",
        "SealedSecret",
        lambda v: {"spec": {"template": {"data": {"config": v}}}},
    ),
    "another group's Secret": ("example.com/v1", "Secret", lambda v: {"spec": {"anything": v}}),
    "a URL": ("v1", "ConfigMap", lambda v: {"data": {"url": f"https://shop:{v}@db.example/shop"}}),
    "an annotated path": (
        "example.com/v1",
        "Thing",
        lambda v: {"metadata": {"name": "web", "annotations": {"gitops-bot/hide": "spec.pin"}}, "spec": {"pin": v}},
    ),
    "a Secret inside another object": (
        "work.open-cluster-management.io/v1",
        "ManifestWork",
        lambda v: {"spec": {"manifests": [{"kind": "Secret", "apiVersion": "v1", "data": {"k": v}}]}},
    ),
    "too many annotated paths": (
        "example.com/v1",
        "Thing",
        lambda v: {
            "metadata": {"name": "web", "annotations": {"gitops-bot/hide": " ".join(f"spec.a{n}" for n in range(101))}},
            "spec": {"pin": v},
        },
    ),
    "an annotation that cannot be read": (
        "example.com/v1",
        "Thing",
        lambda v: {"metadata": {"name": "web", "annotations": {"gitops-bot/hide": "[["}}, "spec": {"pin": v}},
    ),
}


def _declared(place, value):
    api_version, kind, body = PLACES[place]
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "web"}, **body(value)}


def _manifest(declared):
    return Manifest(declared["apiVersion"], declared["kind"], "shop", "web", declared, "x.yaml", 1)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("which", ["changed", "missing in git", "missing in the cluster"])
def test_no_difference_shows_a_credential(place, which):
    declared = _declared(place, f"{NEEDLE}-1")
    live = _declared(place, f"{NEEDLE}-2")
    emptied = {key: declared[key] for key in ("apiVersion", "kind", "metadata")}
    desired, live = {
        "changed": (declared, live),
        "missing in git": (emptied, live),
        "missing in the cluster": (declared, emptied),
    }[which]
    result = compare_object(_manifest(desired), live, schema=Schemas(), explain=True)
    differences = [drift for drift in (result.drift, result.set_aside) if drift]
    assert differences
    assert NEEDLE not in repr(differences)
    assert NEEDLE not in repr(
        compare_declarations(_manifest(declared), live, schema=Schemas(), search=CredentialSearch(StepBudget()))
    )


@pytest.mark.parametrize(("count", "shown"), [(100, 1), (101, HIDDEN)])
def test_as_many_annotated_paths_as_allowed_hide_nothing_else(count, shown):
    annotations = {"gitops-bot/hide": " ".join(f"spec.a{number}" for number in range(count))}
    redaction = Redaction.of("Thing", {"metadata": {"annotations": annotations}})
    assert [redact(("spec", name), 1, redaction) for name in ("a0", "b")] == [HIDDEN, shown]


@pytest.mark.parametrize("place", PLACES)
def test_no_patch_shows_a_credential(place):
    sides = [json.dumps(_declared(place, f"{NEEDLE}-{n}"), indent=2).encode() for n in (1, 2)]
    patch = list(redacted_patch([FileChange("web.json", *sides)]))
    assert NEEDLE not in "\n".join(patch)


@pytest.mark.parametrize("value", ["abc", "0000", NEEDLE, "two words", "a\nb\n"])
def test_a_patch_hides_a_value_whose_name_is_on_another_line(value):
    before = json.dumps(_declared("an environment variable", "x"), indent=2).encode()
    after = json.dumps(_declared("an environment variable", value), indent=2).encode()
    patch = list(redacted_patch([FileChange("web.json", before, after)]))
    assert any(HIDDEN in line for line in patch)
    assert not any(f'"value": {json.dumps(value)}' in line for line in patch)


def test_a_hidden_value_cannot_be_adopted():
    content = json.dumps(_declared("an environment variable", "old")).encode()
    field = FieldDrift("changed", "spec.template.spec.containers[name=web].env[name=DB_PASSWORD].value", HIDDEN, HIDDEN)
    drift = ObjectDrift("apps/v1", "Deployment", "shop", "web", "modified", (field,))
    with pytest.raises(NotAdoptableError, match=r"Deployment web cannot be adopted: .* holds a credential"):
        adopt("web.json", content, [drift], namespace="shop")


@given(st.text(max_size=300))
def test_any_text_is_redacted_once(text):
    shown = redact_text(text)
    assert redact_text(shown) == shown
    assert shown.count("\n") == text.count("\n") or shown == HIDDEN


@given(st.data())
def test_what_is_searched_only_after_a_hint_always_has_it(data):
    hinted = [pattern for pattern, is_assigned in credentials._patterns() if is_assigned]
    assert len(hinted) == 5
    for pattern, hint in (
        *((pattern, credentials._ASSIGNS) for pattern in hinted),
        (credential_names._WORDS, credential_names._STEM),
    ):
        # Hypothesis can't generate what follows a lookbehind.
        form = re.compile(pattern.pattern.removeprefix(r"(?:(?<=\W)|(?<=^))").replace("[nñ]", "n"), pattern.flags)
        assert hint.search(data.draw(st.from_regex(form, fullmatch=True)))


@given(st.from_regex(credentials._PLAIN, fullmatch=True))
def test_a_text_that_assigns_nothing_is_searched_only_for_tokens(text):
    assert redact_text(text) == "\n".join(credentials._redacted_lines([text]))


def test_a_manifest_without_credentials_is_shown_in_full():
    text = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata:\n  mode: slow\n"
    assert list(read_manifests("x.yaml", text))
    patch = list(redacted_patch([FileChange("x.yaml", text, text.replace(b"slow", b"fast"))]))
    assert patch[-2:] == ["-  mode: slow", "+  mode: fast"]


TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        (
            ("spec", "users", Item((("password", NEEDLE), ("role", "a"))), "on"),
            "spec.users[password=(hidden),role=a].on",
        ),
        (("spec", "users", Item((("id", TOKEN),)), "on"), "spec.users[id=(hidden)].on"),
        (("metadata", "labels", TOKEN), 'metadata.labels["(hidden)"]'),
        (("spec", "tokens", Member(NEEDLE)), "spec.tokens[=(hidden)]"),
        (("spec", "scopes", Member(TOKEN)), "spec.scopes[=(hidden)]"),
        (("spec", "password", 0, Item((("name", "web"), ("port", 80), ("on", True)))),) * 2,
    ],
)
def test_a_path_shows_no_credential(path, shown):
    assert format_path(redact_path(path)) == (format_path(path) if path == shown else shown)


def test_a_member_of_a_set_of_credentials_is_hidden():
    assert redact(("spec", "tokens", Member(NEEDLE)), NEEDLE, Redaction()) == HIDDEN


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        ("secrets: rotate keys", None),
        ("token: extend lifetime", None),
        ("Set password policy (#12)", None),
        ("Use password=hunter2 in tests", "Use password=(hidden) in tests"),
        ("password: hunter2", "password: (hidden)"),
        ("Use curl -u ana:hunter2 in tests", "Use curl -u ana:(hidden) in tests"),
        ("Call mysql --password hunter2 again", "Call mysql --password (hidden) again"),
        ("Send Authorization: Bearer hunter2 again", "Send Authorization: Bearer (hidden) again"),
        ("Set DB_PASSWORD = hunter in tests", "Set DB_PASSWORD=(hidden) in tests"),
        ("Document --password (unused), and use bearer tokens if token == null", None),
        ("Add basic rate-limiting for -u nobody", None),
        ("Clone https://ana:hunter2@git.example/x", "Clone https://ana:(hidden)@git.example/x"),
    ],
)
def test_a_sentence_is_not_read_as_configuration(sentence, shown):
    assert redact_prose(sentence) == (shown or sentence)


def test_a_credential_that_is_a_key_is_hidden_in_values_as_in_paths():
    token = f"ghp_{'a1B2' * 9}"
    value = {token: "on", "z": [{token: 1, "k": {f"x {token}": None}}]}
    redacted = redact(("spec", "m"), value, Redaction())
    assert token not in json.dumps(redacted)
    assert set(redacted) == {HIDDEN, "z"}
    assert has_hidden({HIDDEN: "on"})
