"""GitHub, GitLab, Bitbucket Cloud and Bitbucket Data Center. Start with `forge.py`, which they share."""
