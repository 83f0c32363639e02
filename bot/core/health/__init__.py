"""Health of single live objects in Argo CD's terms.

Start with `assess.py`. https://argo-cd.readthedocs.io/en/stable/operator-manual/health/
"""
