"""Texts and pictures, both ways."""
