"""Who belongs together: clusters, memberships, outliers."""
