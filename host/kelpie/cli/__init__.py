"""The `kelpie` command. Data goes to stdout, talk to stderr.

Exit status: 0 done, 1 not done, 2 wrong usage, 130 interrupted.

main        the command, and what an error looks like
parser      every command's options
serve       runs a host
versions    deploy, check, versions, rollback, undeploy
remote      invoke and kinds
actors      actors, show, state, kv list and kv get
with_host   asking a host
inspect     looks into a component, without a host
sim         simulates a component, without a host
output      tables and errors for people
logs        what a line of the log looks like
log_writer  writing it, without waiting for its reader
"""

from __future__ import annotations
