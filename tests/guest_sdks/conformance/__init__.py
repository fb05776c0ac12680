"""One suite for the conformance actor of every SDK: what it does is the same in all."""
