"""What each command does, for help and for the answer to a mistyped command."""

from bot.i18n.language import Phrase

STATUS = Phrase(
    en="status, revision, last check, drift and open pull requests",
    es="estado, revisión, última comprobación, drift y pull requests abiertos",
)
DRIFT = Phrase(en="check now", es="comprobar ahora")
DIFF = Phrase(
    en="the differences, field by field; --all also shows the ones that were set aside",
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
    en="who to ask: the application's owners, the authors of its latest commits and whoever acknowledged its incident",
    es="a quién preguntar: los responsables de la aplicación, los autores de sus últimos commits y quien atiende su "
    "incidente",
)
ACKNOWLEDGE = Phrase(
    en="acknowledge the application's incident or take it over: no reminders unless the drift gets worse",
    es="atender el incidente de la aplicación o relevar a quien lo atiende: sin recordatorios salvo que el drift "
    "empeore",
)
RELEASE = Phrase(
    en="release the application's incident, so that reminders resume",
    es="dejar de atender el incidente de la aplicación: nadie lo atiende, así que se reanudan los recordatorios",
)
SNOOZE = Phrase(
    en="snooze the application's incident for a duration such as 30m, 1h30m or 2d, or until a time such as 09:00; "
    "1h by default; off ends the snooze",
    es="posponer el incidente de la aplicación durante un tiempo como 30m, 1h30m o 2d, o hasta una hora como 09:00; "
    "1h por defecto; off lo reactiva",
)
HELP = Phrase(en="this list, or how to use one command", es="esta lista, o cómo se usa un comando")
