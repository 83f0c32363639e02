"""Commits that reached a tracked branch without approval: the card, its file, and the words for each verdict."""

from bot.i18n.language import Phrase, PluralPhrase

NO_FORGE = Phrase(
    en="The repository has no forge configured, so approvals cannot be checked.",
    es="El repositorio no tiene un forge configurado, así que no se pueden comprobar las aprobaciones.",
)
WHICH_HEAD = Phrase(
    en="The forge does not say which commit was approved.",
    es="El forge no indica qué commit se aprobó.",
)
WHICH_COMMITS = Phrase(
    en="The bot could not list all commits of the pull request.",
    es="El bot no pudo enumerar todos los commits del pull request.",
)
INCOMPLETE = Phrase(
    en="The bot could not look up another commit that may belong to the same pull request.",
    es="El bot no pudo consultar otro commit que quizá pertenezca al mismo pull request.",
)
TOO_LARGE_TO_VERIFY = Phrase(
    en="The merge of the pull request is too large for the bot to compute, so it cannot verify that the content is what"
    " was approved.",
    es="La fusión del pull request es demasiado grande para que el bot la calcule, así que no puede verificar que el"
    " contenido sea lo que se aprobó.",
)
MANY_LOOKUPS = Phrase(
    en="The bot limits its lookups of approvals to {limit} per hour.",
    es="El bot limita sus consultas de aprobaciones a {limit} por hora.",
)

HEADER = Phrase(en="🚨 Not approved on {branch}: {what}", es="🚨 Sin aprobar en {branch}: {what}")
NOT_REVIEWED_HEADER = Phrase(en="🚨 Commits not reviewed on {branch}", es="🚨 Commits sin revisar en {branch}")
SEEN_HEADER = Phrase(en="✅ Approved later on {branch}: {what}", es="✅ Aprobado después en {branch}: {what}")
AFTER_ALL_HEADER = Phrase(
    en="✅ Approved after all on {branch}: {what}", es="✅ Sí estaba aprobado en {branch}: {what}"
)
TEXT = Phrase(
    en="{sentence} {subject}, {people}, on {branch}{touched}.{seen}",
    es="{sentence} {subject}, {people}, en {branch}{touched}.{seen}",
)
TEXT_REWRITTEN = Phrase(
    en="{sentence} {branch} is now at {subject}{touched}.", es="{sentence} {branch} está ahora en {subject}{touched}."
)
TOUCHING = Phrase(en=", affecting {applications}", es=", que afecta a {applications}")
SEEN_BY = Phrase(en=" {who} approved it later.", es=" {who} lo aprobó después.")

# What it is, in the header.
DIRECT = PluralPhrase(
    en=("direct push", "direct push of {n} commits"), es=("push directo", "push directo de {n} commits")
)
PULL = Phrase(en="pull request #{number}", es="pull request #{number}")
TAMPERED = Phrase(en="content that does not match #{number}", es="contenido que no coincide con #{number}")
REWRITTEN = Phrase(en="rewritten history", es="historial reescrito")

# How it got there, one sentence each.
PUSHED_DIRECTLY = PluralPhrase(
    en=(
        "A commit was pushed directly, without a pull request.",
        "{n} commits were pushed directly, without a pull request.",
    ),
    es=(
        "Un commit llegó por push directo, sin pull request.",
        "{n} commits llegaron por push directo, sin pull request.",
    ),
)
SELF_APPROVED = Phrase(
    en="Pull request #{number} was approved only by people who contributed to it.",
    es="El pull request #{number} solo lo aprobaron personas que contribuyeron a él.",
)
INELIGIBLE = Phrase(
    en="Pull request #{number} was approved only by bots or by accounts without write access.",
    es="El pull request #{number} solo lo aprobaron bots o cuentas sin acceso de escritura.",
)
NOT_APPROVED = Phrase(
    en="Pull request #{number} was merged without approval.",
    es="El pull request #{number} se fusionó sin aprobación.",
)
APPROVED_EARLIER_COMMIT = Phrase(
    en="Pull request #{number} was approved at an earlier commit, not at the merged one.",
    es="El pull request #{number} se aprobó en un commit anterior, no en el que se fusionó.",
)
RETARGETED = Phrase(
    en="Pull request #{number} was merged with approvals from before its target branch was changed.",
    es="El pull request #{number} se fusionó con aprobaciones anteriores al cambio de su rama de destino.",
)
TOO_FEW = Phrase(
    en="Pull request #{number} was merged with too few approvals (only {who}).",
    es="El pull request #{number} se fusionó con menos aprobaciones de las necesarias (solo {who}).",
)
CONTENT_DIFFERS = Phrase(
    en="The merged content does not match pull request #{number}.",
    es="El contenido fusionado no coincide con el pull request #{number}.",
)
HISTORY_REWRITTEN = Phrase(
    en="The branch history was rewritten: {before} is no longer part of it.",
    es="Se reescribió el historial de la rama: {before} ya no forma parte de él.",
)
HISTORY_REWRITTEN_BY = Phrase(
    en="The branch history was rewritten by {who}: {before} is no longer part of it.",
    es="El historial de la rama lo reescribió {who}: {before} ya no forma parte de él.",
)
MOVED_UNKNOWN = Phrase(
    en="The removed commits are no longer available, so what changed is unknown. It may affect every application.",
    es="Los commits eliminados ya no están disponibles, así que no se sabe qué cambió. Puede afectar a todas las "
    "aplicaciones.",
)
TOO_MANY = Phrase(
    en="More than {limit} commits reached the branch at once. The oldest ones, {before}..{after}, were not reviewed.",
    es="Más de {limit} commits llegaron a la rama a la vez. Los más antiguos, {before}..{after}, no se revisaron.",
)
FAILED = Phrase(
    en="The bot could not check whether this was approved. {why}",
    es="El bot no pudo comprobar si esto se aprobó. {why}",
)
AFTER_AUTOMATION = Phrase(
    en="This came from {who}, whose changes to these files need no approval. The forge reported it late.",
    es="Esto vino de {who}, cuyos cambios en estos archivos no necesitan aprobación. El forge informó tarde.",
)
AFTER_ALL = Phrase(
    en="This change came from pull request #{number}, which {who} approved. The forge reported the approval late.",
    es="Este cambio vino del pull request #{number}, aprobado por {who}. El forge informó tarde la aprobación.",
)

COMMIT = Phrase(en="{sha} {subject}\n{people}", es="{sha} {subject}\n{people}")
MORE_COMMITS = PluralPhrase(
    en=("… and {n} more commit", "… and {n} more commits"), es=("… y {n} commit más", "… y {n} commits más")
)
REMOVED = Phrase(en="removed {sha} {subject}, by {author}", es="eliminado: {sha} {subject}, de {author}")
ADDED = Phrase(en="added {sha} {subject}, by {author}", es="añadido: {sha} {subject}, de {author}")
NOW_AT = Phrase(en="now at {sha} {subject}", es="ahora en {sha} {subject}")
MORE_REMOVED = PluralPhrase(
    en=("… and {n} more removed commit", "… and {n} more removed commits"),
    es=("… y {n} commit eliminado más", "… y {n} commits eliminados más"),
)
MORE_ADDED = PluralPhrase(
    en=("… and {n} more added commit", "… and {n} more added commits"),
    es=("… y {n} commit añadido más", "… y {n} commits añadidos más"),
)
PUSHED_BY = Phrase(en=", pushed by {who}", es=", push de {who}")
AT = Phrase(en=" · {branch} at {time}", es=" · {branch} a las {time}")
TOUCHES = Phrase(en="Affects {applications}", es="Afecta a {applications}")
TOUCHES_NONE = Phrase(en="Affects no applications", es="No afecta a ninguna aplicación")
NOT_SHOWN = Phrase(
    en="Not shown because of possible Secret values: {files}",
    es="Sin mostrar por posibles valores de Secrets: {files}",
)
LONGER = Phrase(
    en="The diff is too long for this message; see the file in the thread.",
    es="El diff es demasiado largo para este mensaje; mira el archivo en el hilo.",
)
SEEN = Phrase(en="{who} approved it later.", es="{who} lo aprobó después.")
FILE_TITLE = Phrase(en="Unapproved changes on {branch}", es="Cambios sin aprobar en {branch}")
