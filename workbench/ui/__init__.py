"""The only room that knows Streamlit: page frame, parts, routes and small components.

The app never computes: what takes longer than a read is submitted as a job. Pages compose what
is offered here, and hold no logic of their own.
"""

from workbench.ui.frame import page_frame, show_error, shown_errors
from workbench.ui.routes import middleware, routes
from workbench.ui.session import close_workspace, lifespan, workspace

__all__ = [
    "close_workspace",
    "lifespan",
    "middleware",
    "page_frame",
    "routes",
    "show_error",
    "shown_errors",
    "workspace",
]
