"""What arrives at actors: who asks for what, and why; and how one actor asks another."""
