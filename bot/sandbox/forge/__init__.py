"""A small forge: git over smart HTTP, the REST calls that the bot makes, and pages to review and merge on."""

from bot.sandbox.forge.dialect import Dialect
from bot.sandbox.forge.git import Person
from bot.sandbox.forge.github import GITHUB
from bot.sandbox.forge.hosting import HostedRepository, RefusedError
from bot.sandbox.forge.pull import Pull
from bot.sandbox.forge.server import Faults, SandboxForge, Token

__all__ = ["GITHUB", "Dialect", "Faults", "HostedRepository", "Person", "Pull", "RefusedError", "SandboxForge", "Token"]
