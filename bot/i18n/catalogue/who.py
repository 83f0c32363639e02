"""Whom to ask about an application."""

from bot.i18n.language import Phrase

LEAD = Phrase(en="Whom to ask about {application}:", es="A quién preguntar por {application}:")
SENTENCE = Phrase(en="Whom to ask about {application}: {first}.", es="A quién preguntar por {application}: {first}.")
NOBODY = Phrase(
    en="Nobody is known to have to do with {application}: no owners are configured, and no commit changed it.",
    es="No se sabe de nadie que tenga que ver con {application}: no hay dueños configurados y ningún commit lo cambió.",
)
OWNERS = Phrase(en="Owned by {who}", es="A cargo de {who}")
HAS_IT = Phrase(en="{who} has acknowledged its drift, {at}", es="{who} atiende su drift, {at}")
SNOOZED = Phrase(en="{who} has snoozed its drift until {at}", es="{who} ha pospuesto su drift hasta {at}")
WROTE = Phrase(en="{tool} wrote to the cluster last, {at}", es="{tool} fue lo último que escribió en el cluster, {at}")
WROTE_SOME_TIME = Phrase(en="{tool} wrote to the cluster", es="{tool} escribió en el cluster")
CHANGED = Phrase(en="{commit} {subject}, {at}, by {authors}", es="{commit} {subject}, {at}, de {authors}")
MERGED_BY = Phrase(en=", merged by {who}", es=", fusionado por {who}")
APPROVED_BY = Phrase(en=", approved by {who}", es=", aprobado por {who}")
UNKNOWN_APPROVERS = Phrase(
    en="Who merged and approved is unknown: {reason}", es="No se sabe quién hizo el merge ni quién aprobó: {reason}"
)
A_TOOL = Phrase(en="a tool", es="una herramienta")
