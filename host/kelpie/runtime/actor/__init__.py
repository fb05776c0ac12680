"""One active actor: its queue, its instance, its turns."""
