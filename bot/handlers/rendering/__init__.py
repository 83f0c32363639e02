"""Renders an application's source at a commit to manifests, cached by git tree.

Uses the Repository and Renderer ports. Start with `render.py`; `manifest_cache.py` is what other handlers call.
"""
