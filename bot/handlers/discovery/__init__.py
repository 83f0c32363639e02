"""Applications found in Argo CD and Flux resources, and what their deployers report.

Start with `discover.py`.
"""
