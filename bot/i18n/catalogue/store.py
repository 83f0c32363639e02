"""What the state database did not do."""

from bot.i18n.language import Phrase

SILENT = Phrase(
    en="The state database did not answer ({kind}); check store: or DATABASE_URL.",
    es="La base de datos de estado no respondió ({kind}); hay que revisar store: o DATABASE_URL.",
)
