"""The steps of `rebuild`: choosing a snapshot, planning, and what comes after the apply."""
