"""Whether files are still the same, and storages there again: scan, snapshot, verify, rebuild.

The rooms, from the lowest: `rows` and `values` are what all others speak of, `paths` and `seal` how
they are written down, `versions` which one of an object is meant; `source` is the protocol of what
a scan reads; `parts` keeps rows in Parquet files and compares them; `repository` is the folder or
bucket in which everything is kept;
`hashing`, `roots`, `walking` and `objects` read folders and buckets; `sources` opens one of them;
`findings` keeps what was found wrong; `scanning` reads a storage once, through any number of kills;
`snapshots` joins scans and records to a backup; `proving` holds scans against an objective;
`verifying` compares; `rebuilding` makes a manifest of a snapshot again. Everything here needs the
extra `recovery`.
"""
