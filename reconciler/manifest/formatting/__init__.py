"""A manifest file in the one layout that all of them have: its text taken apart, and written anew.

No YAML library keeps comments where keys change places, so none is asked to: places come from the
events of reading, and what was written is read again and held against what was there.
"""
