"""A local Slack, forge and cluster over their real protocols, for the demo and the tests. The bot never imports it."""
