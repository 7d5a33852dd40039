"""report.html: an analysis as one page that opens offline."""
