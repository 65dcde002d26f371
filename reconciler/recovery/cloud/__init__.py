"""What a cloud tells of its objects in files: sums that it computed at rest, and lists of a bucket.

`files` finds the files that a manifest names, and believes none whose MD5 is another; `jobs` and
`lines` read reports of S3 Batch Operations, `sums` sorts what they tell, and `attesting` puts it
beside what is listed.
"""
