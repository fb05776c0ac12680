"""Looking at actors, and at their journals, without running them."""
