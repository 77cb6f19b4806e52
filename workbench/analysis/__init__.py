"""Questions about media: what is asked, planned, priced, run, merged and found."""
