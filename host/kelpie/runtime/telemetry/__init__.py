"""What is told of turns: log lines, traces, spans."""
