"""A local Slack, forge and cluster that speak the real protocols, for the demo and tests. Not used by the bot."""
