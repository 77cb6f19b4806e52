"""Parts of a report, and the HTML they are made of."""
