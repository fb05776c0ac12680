"""The `kelpie` command. Data goes to stdout, talk to stderr.

Exit status: 0 done, 1 not done, 2 wrong usage, 130 interrupted.

main        options, and what an error looks like
serve       runs a host
versions    deploy, check, versions, rollback, undeploy
remote      invoke and kinds
with_host   asking a host
inspect     looks into a component, without a host
sim         simulates a component, without a host
output      tables and errors for people
logs        what a line of the log looks like
log_writer  writing it, without waiting for its reader
"""

from __future__ import annotations
