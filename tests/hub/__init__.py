"""Many users at once: JupyterHub and Jupyter Kernel Gateway, as a class uses them. Run by `make test-hub`."""
