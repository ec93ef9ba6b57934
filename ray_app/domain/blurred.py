"""Pictures in which nobody can be recognised: types that only the blurring makes."""

from typing import NewType

import numpy as np
from numpy.typing import NDArray

# Made by `ray_app.video.blur` alone, so the type checker keeps any other picture off the disk.
BlurredPixels = NewType("BlurredPixels", NDArray[np.uint8])
BlurredJpeg = NewType("BlurredJpeg", bytes)
