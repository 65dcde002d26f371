"""What a command came to, for programs of others: values first, then one format each."""
