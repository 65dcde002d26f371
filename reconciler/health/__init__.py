"""Whether everything is as it has to be, before anything is written."""
