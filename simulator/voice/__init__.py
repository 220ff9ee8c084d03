"""Calls: how they are placed, what their documents let happen, and who is on the line."""
