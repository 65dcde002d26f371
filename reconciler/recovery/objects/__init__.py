"""The objects of a bucket: listed in the order of their keys as bytes, and read; none is changed.

`pages` asks for a listing page by page, `listing` makes one sequence of it whose order is checked,
with the newest version of each key, `reading` hashes, `source` joins it all.
"""
