"""What each command does, as help and a mistake tell it."""

from bot.i18n.language import Phrase

STATUS = Phrase(
    en="status, revision, last check, drift and open pull requests",
    es="estado, revisión, última comprobación, drift y pull requests abiertos",
)
DRIFT = Phrase(en="check now", es="comprobar ahora")
DIFF = Phrase(
    en="the differences, field by field; --all shows what was set aside too",
    es="las diferencias, campo por campo; --all muestra también lo que se apartó",
)
REVERT = Phrase(
    en="open a pull request that undoes a sha, merge, #PR, range A..B or URL",
    es="abrir un pull request que deshace un sha, un merge, un #PR, un rango A..B o una URL",
)
HISTORY = Phrase(
    en="what reached the tracked branch, when it was live, who approved it",
    es="qué llegó a la rama seguida, cuándo estuvo activo, quién lo aprobó",
)
WHO = Phrase(
    en="whom to ask: owners, who has its incident, the people of its latest commits",
    es="a quién preguntar: dueños, quién tiene su incidente, las personas de sus últimos commits",
)
ACKNOWLEDGE = Phrase(
    en="you have its incident: no reminders until something worse comes",
    es="atender su incidente: sin recordatorios hasta que venga algo peor",
)
SNOOZE = Phrase(
    en="quiet about its incident for 30m, 4h, 2d, 1h30m or until 09:00; 1h if left out",
    es="silencio sobre su incidente por 30m, 4h, 2d, 1h30m o hasta 09:00; 1h si no se dice",
)
HELP = Phrase(en="this list, or what one command takes", es="esta lista, o cómo se escribe un comando")
