"""Sources of manifests: plain YAML, Kustomize and Helm; what each needs, and what the bot edits in them.

Uses `core.objects`. Start with `source.py`; the programs themselves run in `bot.adapters.rendering`.
"""
