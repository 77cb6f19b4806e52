"""The small program between the workbench and one it does not trust.

It is started by a bare interpreter without site packages, so it uses the standard library only and
imports nothing of the workbench but its own modules.
"""
