"""The `kelpie` command. Data goes to stdout, talk to stderr.

Exit status: 0 done, 1 not done, 2 wrong usage, 130 interrupted.

entry       where it begins
streams     ... and where it reads and prints
main        the command, and what an error looks like
parser      every command's options
serve       runs a host
versions    deploy, check, versions, rollback, undeploy
remote      invoke and kinds
batches     batch and turns
actors      actors, show, state, kv list and kv get
messages    letters and reminders
logs        what actors say
completion  the script by which a shell completes commands
completers  ... and what it is told
with_host   asking a host
with_env    what takes threads
settings    what is set, and where
settings_file  ... in a file
inspect     looks into a component, without a host
sim         simulates a component, without a host
reading     what is read of files and pipes
suggested   commands that are told to people
output      tables and errors for people
host_log    the host's log on stderr
log_options ... how it may be asked for
log_formats ... what a line of it looks like
log_writer  writing it, without waiting for its reader
"""

from __future__ import annotations
