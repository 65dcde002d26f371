"""One scan made of several runs, each of which reads its shard of the storage: `--shard K/N`.

A shard is a scan that reads only its own files, and ends with a mark instead of a record. The one
that finds the marks of all others there makes the record: as any scan that goes on from what runs
before it have read, so that the result is that of one scan, whoever has read what. Of two that do
so at once one writes the record, and the other one finds it there.
"""
