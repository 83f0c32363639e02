"""Health of live objects in Argo CD's terms, each judged by itself.

Start with `assess.py`. https://argo-cd.readthedocs.io/en/stable/operator-manual/health/
"""
