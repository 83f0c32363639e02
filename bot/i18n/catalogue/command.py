"""What each command does, for help and for the answer to a mistyped command."""

from bot.i18n.language import Phrase

STATUS = Phrase(
    en="status, revision, last check, drift and open pull requests",
    es="estado, revisión, última comprobación, drift y pull requests abiertos",
)
DRIFT = Phrase(en="check now", es="comprobar ahora")
DIFF = Phrase(
    en="the differences, field by field; --all also shows those set aside",
    es="las diferencias, campo por campo; --all muestra también las descartadas",
)
REVERT = Phrase(
    en="open a pull request that reverts a change; REV is a SHA, merge, #PR, range A..B, URL or HEAD",
    es="abrir un pull request que revierte un cambio; REV es un SHA, una fusión, un #PR, un rango A..B, una URL o HEAD",
)
HISTORY = Phrase(
    en="what reached the tracked branch, when it went live and who approved it",
    es="qué llegó a la rama seguida, cuándo se desplegó y quién lo aprobó",
)
REPORT = Phrase(
    en="lead time, deployments, failed changes, and time to acknowledge and restore; the last 7 days by default",
    es="plazo de entrega, despliegues, cambios fallidos y tiempos hasta atender y restaurar; por defecto, los últimos "
    "7 días",
)
WHO = Phrase(
    en="who to ask: its owners, the authors of its latest commits and whoever acknowledged its incident",
    es="a quién preguntar: sus responsables, los autores de sus últimos commits y quien atiende su incidente",
)
ACKNOWLEDGE = Phrase(
    en="acknowledge its incident, or take it over: no reminders unless it gets worse",
    es="atender su incidente, o relevar a quien lo atiende: sin recordatorios salvo que empeore",
)
RELEASE = Phrase(
    en="release its incident, so that reminders resume",
    es="dejar de atender su incidente: nadie lo atiende, así que se reanudan los recordatorios",
)
SNOOZE = Phrase(
    en="snooze its incident for 30m, 4h, 2d, 1h30m or until 09:00; 1h by default; off ends the snooze",
    es="posponer su incidente 30m, 4h, 2d, 1h30m o hasta 09:00; 1h por defecto; off lo reactiva",
)
HELP = Phrase(en="this list, or how to use one command", es="esta lista, o cómo se usa un comando")
