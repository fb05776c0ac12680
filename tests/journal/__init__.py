"""Journals, and running them again."""
