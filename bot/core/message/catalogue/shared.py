"""Nouns that several kinds of messages count."""

from bot.core.message.language import Counted

OBJECTS = Counted(en=("{n} object", "{n} objects"), es=("{n} objeto", "{n} objetos"))
FIELDS = Counted(en=("{n} field", "{n} fields"), es=("{n} campo", "{n} campos"))
APPLICATIONS = Counted(en=("{n} application", "{n} applications"), es=("{n} aplicación", "{n} aplicaciones"))
COMMITS = Counted(en=("{n} commit", "{n} commits"), es=("{n} commit", "{n} commits"))
