"""Texts that several kinds of messages share: objects and fields that differ, lists of names, counted nouns."""

from bot.i18n.language import Phrase, PluralPhrase

LIST = Phrase(en="{names} and {last}", es="{names} y {last}")
LIST_BEFORE_I = Phrase(en="{names} and {last}", es="{names} e {last}")
LIST_AND_MORE = Phrase(en="{names} and {n} more", es="{names} y {n} más")
AND_MORE = Phrase(en="and {n} more", es="y {n} más")

GIT_REVISION = Phrase(en="git {revision}", es="git {revision}")
CHART_REVISION = Phrase(en="chart {chart}", es="chart {chart}")
NO_REVISION = Phrase(en="no revision", es="sin revisión")
NOTHING = Phrase(en="nothing", es="nada")
WHERE = Phrase(en="{application} on {cluster}", es="{application} en {cluster}")
TITLE_WHERE = Phrase(en="{application} · {cluster}", es="{application} · {cluster}")
AFFECTS = Phrase(en=" The change affects {names}.", es=" El cambio afecta a {names}.")
MAY_AFFECT = Phrase(
    en=" The bot cannot tell whether it also affects {names}: /gitops status says why.",
    es=" El bot no puede saber si también afecta a {names}: /gitops status dice por qué.",
)
CLOSE = Phrase(en="Close", es="Cerrar")
# Slack formats the day for the reader: "today", "Mar 1".
DAY_AND_TIME = Phrase(en="{day} at {time}", es="{day} a las {time}")

CHANGED = Phrase(en="{path}: git {desired} → cluster {live}", es="{path}: git {desired} → clúster {live}")
ADDED = Phrase(en="{path}: {live}, only in the cluster", es="{path}: {live}, solo en el clúster")
REMOVED = Phrase(
    en="{path}: missing from the cluster; git has {desired}",
    es="{path}: falta en el clúster; git tiene {desired}",
)
MEMBERS = Phrase(en="{path}: {members}", es="{path}: {members}")
LINES = Phrase(en="{path}, line {n}: {members}", es="{path}, línea {n}: {members}")
LINE_AT = Phrase(en="{path} line {n}", es="{path} línea {n}")
MISSING = Phrase(en="{object} is missing from the cluster", es="{object} falta en el clúster")
MORE_FIELDS = PluralPhrase(en=("and {n} more field", "and {n} more fields"), es=("y {n} campo más", "y {n} campos más"))
MORE_PLACES = PluralPhrase(
    en=("and {n} more difference in this field", "and {n} more differences in this field"),
    es=("y {n} diferencia más en este campo", "y {n} diferencias más en este campo"),
)
MORE_LINES = PluralPhrase(
    en=("… and {n} more line.", "… and {n} more lines."), es=("… y {n} línea más.", "… y {n} líneas más.")
)


READING = Phrase(en="Reading {application} from git and the cluster…", es="Leyendo {application} de git y del clúster…")
REVIEW = Phrase(en="Review #{number}", es="Revisar #{number}")
