"""What is counted while the host works, for whoever watches it.

Plain integers, changed where the thing happens and read when somebody asks for
the metrics. Nothing here decides anything, knows a clock, or needs a lock: each
meter belongs to one thread, and a reader that is a moment late does no harm.
"""
