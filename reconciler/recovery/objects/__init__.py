"""The objects of a bucket: listed in the order of their keys as bytes, and read; none is changed.

`pages` asks for a listing page by page, `versions` finds the newest of each key, `listing` makes
one sequence of both whose order is checked, `reading` hashes, `source` joins it all.
"""
