"""The platform behind `https://host` and `http://host`: a state server, reached over HTTP."""
