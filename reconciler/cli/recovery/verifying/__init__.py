"""The ways of `verify`: reading anew, explaining, accepting; and which options go together."""
