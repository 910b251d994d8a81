"""Files of stored messages whose bytes are not held yet: fetched apart, on a schedule of their own."""

MEBIBYTE = 1024 * 1024


def too_large(most: int) -> str:
    """Say that a file is larger than *most* bytes: it is fetched after all when the limit is raised."""
    return f"larger than {most // MEBIBYTE} MiB"
