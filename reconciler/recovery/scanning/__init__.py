"""Reading a storage once, through any number of kills.

`run` goes through storages, `storage` tells the story of one: its root is proved, its listing is
compared with what earlier scans know (`known/` says which hashes stay), what is left is cut into
tasks, which a crew reads at a pace (`reading/`); finished tasks are kept as pieces, and at the end
all is merged into the parts of one scan (`finishing/`), whose record is written last.
"""
