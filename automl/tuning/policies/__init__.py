"""Policies: what to try next, what to go on with, when to stop. One policy is one file."""
