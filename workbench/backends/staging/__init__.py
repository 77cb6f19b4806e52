"""A folder in S3: for what is too large for a request, and for what is handed out."""
