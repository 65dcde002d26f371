"""Snapshots: storages, inventories and contents joined to a backup; made, listed, checked, pruned.

`document` is `snapshot.json` as a value; `reading` asks a platform, `create` joins what it tells
with the newest scans; `listing` finds snapshots, `check` proves one undamaged; `retention` says
which stay, and `prune` removes the others.
"""
