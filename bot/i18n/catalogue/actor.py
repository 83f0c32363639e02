"""Who made a difference, from the cluster's audit log or a watch: `by ana@example.com with kubectl edit, 13:01:07`."""

from bot.i18n.language import Phrase

BY = Phrase(en="by {people}", es="por {people}")
BY_WITH = Phrase(en="by {people} with {tool}", es="por {people} con {tool}")
BY_TOOL = Phrase(en="by {tool}", es="por {tool}")
BY_UNKNOWN = Phrase(en="writer unknown", es="autor desconocido")
LIKELY = Phrase(en="likely by {people}", es="probablemente por {people}")
LIKELY_WITH = Phrase(en="likely by {people} with {tool}", es="probablemente por {people} con {tool}")
LIKELY_TOOL = Phrase(en="likely by {tool}", es="probablemente por {tool}")
SERVICE_ACCOUNT = Phrase(en="service account {name}", es="service account {name}")
AS = Phrase(en="{person} as {other}", es="{person} como {other}")
OR = Phrase(en="{people} or {last}", es="{people} o {last}")

# After one of those above.
AT = Phrase(en=", {time}", es=", a las {time}")
AT_DAY = Phrase(en=", {time}", es=", {time}")
BEFORE = Phrase(en=", before {time}", es=", antes de las {time}")
BEFORE_DAY = Phrase(en=", before {time}", es=", antes de {time}")
