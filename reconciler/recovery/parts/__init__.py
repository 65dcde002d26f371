"""Rows in Parquet files, each a part: written, read, merged and compared in constant memory."""
