"""A stand-in for dask-kubernetes, which wants 100 MB of clients and a real Kubernetes."""
