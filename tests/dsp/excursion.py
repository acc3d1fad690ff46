"""What counts as heel lift and as inversion: the definition that fixtures and accuracy report share."""


def excursion(x, first, last):
    """Above 3 until below 2 for 0.1 s at least: (first millisecond or None, milliseconds in all)."""
    onset, total, since = None, 0, None
    for k in range(first, last + 2):
        if since is not None and (k > last or x[k] < 2):
            if k - since >= 100:
                onset = since if onset is None else onset
                total += k - since
            since = None
        if k <= last and since is None and x[k] > 3:
            since = k
    return onset, total
