"""Who runs us, with which secrets, on which machine, in which folder."""
