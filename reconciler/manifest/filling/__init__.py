"""What stands for something else: variables, references and defaults, filled in."""
