"""The rows: each runs alone, in processes of its own. `catalogue.py` lists them."""
