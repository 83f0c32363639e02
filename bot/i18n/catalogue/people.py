"""Who is behind a change: its author, who requested it, who approved and who merged it."""

from bot.i18n.language import Phrase

BY = Phrase(en="by {author}", es="de {author}")
FOR = Phrase(en="{bot}, for {who}", es="{bot}, para {who}")
APPROVED_BY = Phrase(en=", approved by {who}", es=", aprobado por {who}")
NOT_APPROVED = Phrase(en=", not approved", es=", sin aprobar")
APPROVER_UNKNOWN = Phrase(en=", approver unknown", es=", no se sabe quién lo aprobó")
MERGED_BY = Phrase(en=", merged by {who}", es=", fusionado por {who}")
