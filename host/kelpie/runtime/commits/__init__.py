"""The way of finished turns into the store, and what makes it safe."""
