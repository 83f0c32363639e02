"""Facts in messages: several of them, and which tools wrote the values."""

from bot.i18n.language import Phrase, PluralPhrase

AND_MORE = Phrase(en="{facts}; and {n} more", es="{facts}; y {n} más")
OTHERS = PluralPhrase(en=("and {n} more change", "and {n} more changes"), es=("y {n} cambio más", "y {n} cambios más"))
FACT_BY = Phrase(en="{fact} (by {manager})", es="{fact} (por {manager})")
FACT_BY_UNKNOWN = Phrase(en="{fact} (writer unknown)", es="{fact} (autor desconocido)")
BY = Phrase(en="by {manager}", es="por {manager}")
BY_BEFORE = Phrase(en="by {manager}, before {time}", es="por {manager}, antes de las {time}")
BY_BEFORE_DAY = Phrase(en="by {manager}, before {time}", es="por {manager}, antes de {time}")
SOME_UNKNOWN = Phrase(en="some writers unknown", es="algunos autores desconocidos")
BY_UNKNOWN = Phrase(en="writer unknown", es="autor desconocido")
