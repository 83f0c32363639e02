"""`python -m bot` is `gitops-bot`."""

from bot.cli import main

main()
