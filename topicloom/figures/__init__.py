"""Static figures of an analysis, for papers and slides: PNG at 300 dpi and SVG."""
