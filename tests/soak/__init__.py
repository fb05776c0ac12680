"""A host under full load for as long as one likes: does it keep to its memory?"""
