"""A local Slack, forge and cluster that speak the real protocols, for the demo and tests. Not imported by the bot."""
