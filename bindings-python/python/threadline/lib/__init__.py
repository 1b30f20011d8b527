"""Helpers, where the official package has them."""
