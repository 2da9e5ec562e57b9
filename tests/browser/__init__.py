"""The notebook as a user sees it: JupyterLab in Chromium, both real, with no internet."""
