"""What came to a tracked branch without an approval: its card, its file, and the words for each verdict."""

from bot.i18n.language import Phrase, PluralPhrase

NO_FORGE = Phrase(
    en="The repository has no forge in the configuration, so nobody can say.",
    es="El repositorio no tiene forge en la configuración, así que nadie lo puede decir.",
)
WHICH_HEAD = Phrase(
    en="The forge does not say which head was approved.",
    es="El forge no dice qué versión de la rama se aprobó.",
)

HEADER = Phrase(en="🚨 Not approved: {what} on {branch}", es="🚨 Sin aprobar: {what} en {branch}")
SEEN_HEADER = Phrase(en="✅ Approved later: {what} on {branch}", es="✅ Aprobado después: {what} en {branch}")
AFTER_ALL_HEADER = Phrase(
    en="✅ Approved after all: {what} on {branch}", es="✅ Sí estaba aprobado: {what} en {branch}"
)
TEXT = Phrase(
    en="{sentence} {subject}, by {author}, on {branch}{touched}.{seen}",
    es="{sentence} {subject}, de {author}, en {branch}{touched}.{seen}",
)
TOUCHING = Phrase(en=", touching {applications}", es=", que afecta a {applications}")
SEEN_BY = Phrase(en=" {who} approved it later.", es=" {who} lo aprobó después.")

# What it is, in the header.
DIRECT = PluralPhrase(
    en=("a direct push", "a direct push of {n} commits"), es=("push directo", "push directo de {n} commits")
)
PULL = Phrase(en="pull request #{number}", es="pull request #{number}")
TAMPERED = Phrase(en="another content than #{number}'s", es="un contenido distinto del de #{number}")
REWRITTEN = Phrase(en="a rewritten history", es="historia reescrita")

# How it came there, a sentence each.
DIRECTLY = PluralPhrase(
    en=(
        "A commit was pushed directly: no pull request brought it.",
        "{n} commits were pushed directly: no pull request brought them.",
    ),
    es=(
        "Un commit llegó por push directo, sin pull request.",
        "{n} commits llegaron por push directo, sin pull request.",
    ),
)
BY_ITSELF = Phrase(
    en="Pull request #{number} was approved by its own author alone.",
    es="El pull request #{number} lo aprobó solo quien lo escribió.",
)
BYPASSING = Phrase(
    en="Pull request #{number} was merged without an approval.",
    es="El pull request #{number} se fusionó sin aprobación.",
)
OLDER_HEAD = Phrase(
    en="Of pull request #{number} an earlier head was approved, and not what was merged.",
    es="Del pull request #{number} se aprobó una versión anterior, no lo que se fusionó.",
)
FEWER = Phrase(
    en="Pull request #{number} was merged with too few approvals: {who}.",
    es="El pull request #{number} se fusionó con menos aprobaciones de las necesarias: {who}.",
)
CHANGED = Phrase(
    en="What reached the branch is not what a merge of pull request #{number} gives: it was changed on the way.",
    es="Lo que llegó a la rama no es lo que da el merge del pull request #{number}: se cambió por el camino.",
)
REWRITING = Phrase(
    en="The branch's history was rewritten: {before} is no longer part of it.",
    es="Se reescribió la historia de la rama: {before} ya no forma parte de ella.",
)
AFTER_ALL = Phrase(
    en="Pull request #{number} brought it, approved by {who}: the forge had not said so at first.",
    es="Lo trajo el pull request #{number}, aprobado por {who}: el forge no lo decía al principio.",
)

COMMIT = Phrase(en="{sha} {subject}\nby {author}", es="{sha} {subject}\nde {author}")
MORE_COMMITS = PluralPhrase(
    en=("… and {n} more commit", "… and {n} more commits"), es=("… y {n} commit más", "… y {n} commits más")
)
PUSHED_BY = Phrase(en=", pushed by {who}", es=", push de {who}")
MERGED_BY = Phrase(en=", merged by {who}", es=", fusionado por {who}")
AT = Phrase(en=" · {branch} at {time}", es=" · {branch} a las {time}")
TOUCHES = Phrase(en="Touches {applications}", es="Afecta a {applications}")
TOUCHES_NONE = Phrase(en="Touches no application", es="No afecta a ninguna aplicación")
NOT_SHOWN = Phrase(
    en="Not shown, since they may hold values of Secrets: {files}",
    es="No se muestran porque pueden contener valores de Secrets: {files}",
)
LONGER = Phrase(
    en="There is more of it; all that may be shown is in the thread.",
    es="Hay más; todo lo que se puede mostrar está en el hilo.",
)
SEEN = Phrase(en="{who} approved it afterwards.", es="{who} lo aprobó después.")
FILE_TITLE = Phrase(en="What was not approved on {branch}", es="Lo que no se aprobó en {branch}")
