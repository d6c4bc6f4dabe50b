//! Checks: thresholds, attempts, plugin output, status.
