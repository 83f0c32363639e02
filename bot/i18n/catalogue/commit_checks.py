"""The checks of a commit, as its forge reports them."""

from bot.i18n.language import Phrase

CHECKS = Phrase(en="Checks: {checks}", es="Checks de CI: {checks}")
UNKNOWN = Phrase(en="Checks: unknown. {reason}", es="Checks de CI: desconocidos. {reason}")
OUTDATED = Phrase(
    en="Checks: {checks} · now unknown. {reason}", es="Checks de CI: {checks} · ahora desconocidos. {reason}"
)
TOO_MANY = Phrase(
    en="Only {most} of the checks were read. The forge's page of the commit shows all of them.",
    es="Solo se leyeron {most} de los checks. La página del commit en el forge los muestra todos.",
)
MERGED_FAILING = Phrase(
    en="⚠️ Merged despite failed checks: {checks}", es="⚠️ Fusionado aunque fallaron checks de CI: {checks}"
)
