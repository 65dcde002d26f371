"""Whether the objective is reached: which bytes were proved within their cycle, by what is kept."""
