"""What every format says of files: the commands that ask whether they are the same."""
