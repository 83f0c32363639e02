"""The answer to `/gitops who`: who to ask about an application."""

from bot.i18n.language import Phrase

LEAD = Phrase(en="Who to ask about {application}:", es="A quién preguntar por {application}:")
SENTENCE = Phrase(en="Who to ask about {application}: {first}.", es="A quién preguntar por {application}: {first}.")
NOBODY = Phrase(
    en="There is nobody to ask about {application}: it has no configured owners, and no commit changed it.",
    es="No hay a quién preguntar por {application}: no tiene responsables configurados y ningún commit la cambió.",
)
OWNER = Phrase(en="{who} (owner)", es="{who} (responsable)")
OWNERS = Phrase(en="{who} (owners)", es="{who} (responsables)")
ACKNOWLEDGED = Phrase(en="{who} acknowledged the drift, {at}", es="{who} atiende su drift, {at}")
SNOOZED = Phrase(en="{who} snoozed the drift until {at}", es="{who} pospuso su drift hasta {at}")
WROTE = Phrase(en="{tool} last wrote to the cluster, {at}", es="{tool} escribió por última vez en el clúster, {at}")
WROTE_SOME_TIME = Phrase(en="{tool} wrote to the cluster", es="{tool} escribió en el clúster")
WROTE_BY = Phrase(en="changed in the cluster {by}", es="modificado en el clúster {by}")
CHANGED = Phrase(en="{commit} {subject}, {at}, {people}", es="{commit} {subject}, {at}, {people}")
UNKNOWN_APPROVERS = Phrase(
    en="The bot could not find out who merged and approved these commits: {reason}",
    es="El bot no pudo averiguar quién fusionó y aprobó estos commits: {reason}",
)
