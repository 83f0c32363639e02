"""Patterns of credentials: in commands, in configuration files and code, and the tokens and hashes themselves."""

import re
from typing import Final

# Passwords in commands. In a list of arguments, quotes and commas separate the words.
_OPTIONS: Final = r"""(?=[\s"',])[^|;&]{0,300}?[\s"']"""  # between a command and the option with its password
_TO_ARGUMENT: Final = r"""[\s"',]{0,8}"""
_TO_NEXT: Final = r"""[\s"',]{1,8}"""
_ARGUMENT: Final = r"""[^\s"',-][^\s"',]{0,200}"""
COMMANDS: Final = (
    re.compile(  # curl; others give a URL or `uid:gid` to `-u`
        r"""(?<!\S)(?:-u|--user|--proxy-user|auth)[ =]["']?(?!\w{1,10}://|\d{1,9}:\d{1,9}(?!\S))[^\s:"']{1,100}:"""
        r"""(?P<value>[^\s"']{1,500})"""
    ),
    re.compile(
        rf"""(?<![\w.=-])(?:(?:mysql|mariadb)[\w-]{{0,20}}{_OPTIONS}-p"""
        rf"""|(?:(?:sshpass|mongo\w{{0,20}}|login){_OPTIONS}-p|redis-cli{_OPTIONS}-a|ldap\w{{1,20}}{_OPTIONS}-w)"""
        rf"""{_TO_ARGUMENT}"""
        rf"""|curl{_OPTIONS}-[A-Za-z]{{0,8}}[uU]{_TO_ARGUMENT}[^\s:"']{{1,100}}:)"""
        r"""["']?(?!\d{1,5}:\d{1,5}\b)(?P<value>[^\s"',-][^\s"']{0,500})"""
    ),
    re.compile(  # `npm config set`, `aws configure set`, `consul kv put`
        rf"""\b(?:config(?:ure)?|kv|etcdctl|variable|parameter|secrets?){_TO_NEXT}(?:set|put|add){_TO_NEXT}"""
        rf"""(?:-[^\s"',]{{1,30}}{_TO_NEXT}){{0,4}}(?P<name>[^\s"',=]{{1,100}}){_TO_NEXT}(?P<value>[^\s"',=-][^\s"',]{{0,500}})"""
    ),
    re.compile(
        rf"""\bhtpasswd{_TO_NEXT}(?=[^|;&]{{0,100}}-[A-Za-z]{{0,8}}b)(?:-[^\s"',]{{1,20}}{_TO_NEXT}){{1,8}}"""
        rf"""(?:{_ARGUMENT}{_TO_NEXT}){{1,2}}(?P<value>[^\s"',|;&>]{{1,500}})["'\])\s]{{0,8}}(?=\Z|[|;&>])"""
    ),
    re.compile(
        rf"""\b(?:smb\w{{1,20}}|rpcclient){_OPTIONS}(?:-U|--user)[\s"',=]{{0,8}}[^\s%"']{{1,100}}%(?P<value>[^\s"']{{1,500}})"""
    ),
    re.compile(  # a token, not `username=…`
        rf"""\bvault{_TO_NEXT}login{_TO_NEXT}(?:-(?:method|path|namespace){_TO_NEXT}{_ARGUMENT}{_TO_NEXT}"""
        rf"""|-(?!method\b|path\b|namespace\b)[^\s"',]{{1,60}}{_TO_NEXT}){{0,4}}"""
        r"""(?P<value>[^\s"',=-][^\s"',=]{0,500}+)(?!=)"""
    ),
)
_STEM: Final = r"(?:pass|pw|psk|auth|secret|token|cred|key|dsn|contrase|senha)"  # part of most names of credentials
HINT: Final = re.compile(
    rf"{_STEM}|bindpw|rootpw|identified|login|user|redis-cli|ldap|mysql|mariadb|mongo|curl|-u|value|<|:\d|:\*",
    re.IGNORECASE,
)
CDATA: Final = r"<!\[CDATA\[(?:[^\]]|\](?!\]>))++"
_QUOTE: Final = """(?P<quote>["'])"""
# A string up to its closing quote, or the start of a long one. Quotes in it are escaped, doubled, or of another kind.
_IN_QUOTES: Final = r"(?P<value>(?:\\.|(?P=quote){2}|(?!(?P=quote))[^\\]){1,500}+)"
# Forms of a `value`; if they contain a `name`, the name decides. Only lines with a HINT have one.
FORMS: Final = (
    re.compile(  # redis.conf, .netrc, ldap.conf
        r"\A\s*+(?:(?:setx?|export|setenv)\s++(?:[/-]\w{1,20}\s++){0,4}+)?\$?"
        r"(?:\w{0,60}password|passwd|passphrase|requirepass|masterauth|bindpw|rootpw|psk)\s++(?P<value>[^\s:=]\S*+)\s*+\Z",
        re.IGNORECASE,
    ),
    re.compile(  # other lines of two words, except nginx's `proxy_pass http://web;`
        r"\A\s*+(?:(?:setx?|export|setenv|env|arg|\w{1,20}_param|\w{0,30}header(?:\s++set)?)\s++"
        r"(?:[/-]\w{1,20}\s++){0,4}+)?"
        r"(?![a-z]{1,20}_pass\s[^;]{1,500};)\$?(?:\w{1,30}\()?(?P<name>[\w.-]{1,100})\)?\s++"
        r"(?P<value>(?=\S{0,500}[\W\d])[^\s:=]\S*+)(?:\s++/m)?\s*+\Z",
        re.IGNORECASE,
    ),
    re.compile(rf"""["'](?P<name>-{{1,2}}[A-Za-z][\w-]{{1,60}})["']\s{{0,8}},\s{{0,8}}{_QUOTE}(?!-){_IN_QUOTES}"""),
    re.compile(  # code: a string after the name
        rf"""(?<![\w.-])(?=[\w.-]{{0,60}}(?i:{_STEM}))"""
        r"""(?P<name>[\w.-]{1,100})["']?(?:[^\w"',:=]{1,8}(?:\w{1,10}[^\w"',:=]{1,8})?)"""
        rf"""{_QUOTE}(?!\s){_IN_QUOTES}(?P=quote)(?!\s{{0,8}}[:=])"""
    ),
    re.compile(rf"""[({{]\s{{0,8}}["']?(?P<name>[\w.-]{{1,100}})["']?\s{{0,8}},[\s<]{{0,8}}{_QUOTE}{_IN_QUOTES}"""),
    re.compile(  # code: a type between the name and its string
        r"\A\s*+(?:[A-Za-z]{1,20}\s++){0,4}?@?(?P<name>[\w.-]{1,100})\s++(?:[Aa]s\s++)?[\w.*&\[\]()<>]{1,60}"
        rf"""\s*+:?=\s*+(?P<quote>["'`]){_IN_QUOTES}"""
    ),
    re.compile(
        r"""\bprintf\s{1,8}["'][^"']{0,300}?(?<![\w.-])(?P<name>[\w.-]{1,100}+)\s{0,8}[:=]\s{0,8}%[^"']{1,100}["']"""
        r"""\s{1,8}(?P<value>[^|;&>]{1,500})"""
    ),
    re.compile(  # .netrc, HAProxy
        r"\b(?:login|user)\s{1,8}\S{1,200}\s{1,8}(?:insecure-)?password\s{1,8}(?P<value>\S{1,500})", re.IGNORECASE
    ),
    re.compile(r"\A\s*+user\s[^>]{1,300}\s>(?P<value>\S{1,500})"),  # Redis
    re.compile(
        r"\A\s*+(?![0-9a-fA-F:]++\s*+\Z)[^\s:]++:(?:\d{1,5}|\*)(?!:\d{1,5}:)(?::[^\s:]++){2}:(?P<value>\S++)\s*+\Z"
    ),  # .pgpass
    re.compile(
        r"""\becho\s{1,8}(?:-n\s{1,8})?["']?(?P<value>[^|"']{1,300})["']?\s{0,8}\|"""
        r"""(?:\s{0,8}(?:sudo\s{1,8})?(?:ch)?passwd\b|[^|]{0,200}--password-stdin\b)"""
    ),
    re.compile(  # SQL
        r"""\b(?:identified(?:\s{1,8}with\s{1,8}\S{1,100})?\s{1,8}(?:by|as)|password\s{1,8}for\s{1,8}\S{1,200}\s{0,8}=)"""
        rf"""\s{{0,8}}{_QUOTE}{_IN_QUOTES}""",
        re.IGNORECASE,
    ),
    re.compile(
        r"\binsert\s{1,8}into\s{1,8}[^(;]{1,200}\([^()]{0,300}?"
        r"(?<!\w)(?P<name>\w{0,40}(?:pass|pwd|secret|token|credential|key|psk)\w{0,40})\W[^()]{0,300}\)?\s{0,8}"
        r"values\s{0,8}(?P<value>\([^;]{1,2000})",
        re.IGNORECASE,
    ),
    *COMMANDS,
    re.compile(  # an HTTP header with any scheme
        r"""authorization["']?\s{0,8}[:=]\s{0,8}["']?[\w-]{1,30}\s{1,8}"""
        r"""(?P<value>(?=\S{0,500}[\W\d])[^\s"'#]{1,500})(?=["']|\s{0,8}\Z)""",
        re.IGNORECASE,
    ),
    re.compile(r"<(?P<name>[A-Za-z][\w.:-]{0,100})(?:\s[^<>]{0,200})?>(?P<value>" + CDATA + r"|[^<]++)"),
    re.compile(
        r"<(?:[\w.:-]{1,60}-)?(?:name|key)>\s{0,8}(?P<name>[\w.-]{1,100})\s{0,8}</[\w.:-]{1,80}>\s{0,8}"
        r"(?:<[\w.:-]{1,60}type>[^<]{0,100}</[\w.:-]{1,80}>\s{0,8})?<[\w.:-]{1,80}>(?P<value>[^<]++)"
    ),
    re.compile(
        rf"""\bvalue["']\s{{0,8}}:\s{{0,8}}{_QUOTE}{_IN_QUOTES}(?P=quote)[\s,]{{1,8}}["'](?:name|key)["']\s{{0,8}}:\s{{0,8}}"""
        r"""["'](?P<name>[\w.-]{1,100})"""
    ),
    re.compile(
        r"""(?:\b(?:name|key)["']?\s{0,8}[:=]\s{0,8}["']?|<)(?P<name>[\w.-]{1,100})["']?"""
        r"""(?:>(?:\s{0,8}<[\w.:-]{1,80}>)?(?:<!\[CDATA\[)?|[\s,]{1,8}["']?value["']?\s{0,8}[:=]\s{0,8}["']?)"""
        r"""(?P<value>(?<=")(?:[^"\\]|\\.){1,500}+|(?<=')(?:[^'\\]|''|\\.){1,500}+|[^"'<\s,}]{1,500})""",
        re.IGNORECASE,
    ),
)
# Tokens that detect-secrets does not know yet.
TOKENS: Final = re.compile(
    r"github_pat_[A-Za-z0-9_]{22,255}|AIza[A-Za-z0-9_-]{35}|hv[sb]\.[A-Za-z0-9_-]{24,255}|xapp-[A-Za-z0-9-]{20,255}"
    r"|dckr_pat_[A-Za-z0-9_-]{20,64}|ATATT[A-Za-z0-9_=-]{20,255}|glsa_[A-Za-z0-9_]{32,255}"
    # Hashes of passwords: crypt(5) and similar, LDAP, PostgreSQL, MySQL, Django, and Werkzeug
    r"|\$(?:[1-7]|2[abxy]|g?y|apr1|sha1|argon2[di]{1,2}|scrypt|bcrypt[\w-]{0,20}|pbkdf2[\w-]{0,20}|[PHS])\$[\w./$=,+-]{12,255}"
    r"|\{(?i:S?SHA\d{0,3}|S?MD5|CRYPT|PBKDF2[\w-]{0,20}|ARGON2\w{0,2})\}[\w./$=,+-]{8,255}"
    r"|SCRAM-SHA-\d{1,3}\$\d{1,9}:[\w./$=:+-]{16,255}|\bmd5[0-9a-f]{32}\b|\*[0-9A-F]{40}\b"
    r"|\b(?:pbkdf2|scrypt|argon2|bcrypt)[\w:-]{0,30}\$[\w./$=,+-]{16,255}"
)
