"""Implementations of the ports: one package per external system, one library per module.

An adapter translates and maps its library's errors once, to a `PortError`. `bot.build` creates them.
"""
