"""Whether the files on storages are still the same: scan, snapshot, verify.

The rooms, from the lowest: `rows` and `values` are what all others speak of; `source` is the
protocol of what a scan reads; `parts` keeps rows in Parquet files and compares them; `repository`
is the folder or bucket in which everything is kept; `hashing`, `roots`, `walking` and `objects`
read folders and buckets; `sources` opens one of them; `scanning` reads a storage once, through any
number of kills; `snapshots` joins scans and records to a backup; `findings` keeps what was found
wrong; `verifying` compares. Everything here needs the extra `recovery`.
"""
