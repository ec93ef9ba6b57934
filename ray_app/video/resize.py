"""The one rule by which pictures are made smaller."""


def analysed_size(source_size_px: tuple[int, int], width_px: int | None) -> tuple[int, int]:
    """Returns width and height of the analysed picture.

    Keeps the shape to within one pixel, never enlarges. Both sides are even, as most encoders
    and chroma planes want.

    Args:
        source_size_px: Width and height of the source picture, rotation applied.
        width_px: Wanted width; None or a width above the source keeps the source size.

    Raises:
        ValueError: A side of the source is below 2 pixels, or the wanted width is.
    """
    width, height = source_size_px
    wanted = width if width_px is None else min(width_px, width)
    if min(width, height, wanted) < 2:
        raise ValueError(f"cannot resize {width}x{height} to a width of {wanted} pixels")
    even_width = wanted - wanted % 2
    even_height = min(2 * round(even_width * height / width / 2), height - height % 2)
    return even_width, max(2, even_height)
