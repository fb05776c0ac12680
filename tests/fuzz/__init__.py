"""Input that nobody would send, and that anybody could."""
