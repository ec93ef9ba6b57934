"""One person as a mesh, standing at the origin, looking along +x, 1.76 m tall."""

import enum

from ray_app.video.synthetic.mesh import Mesh, Ring, ball, join, loft

HIP_M, KNEE_M, ANKLE_M = 0.90, 0.47, 0.08
SHOULDER_M, ELBOW_M = 1.40, 1.12
HEAD_CENTRE_M = 1.64
HIP_HALF_WIDTH_M = 0.088
TOE_M, HEEL_M = 0.16, -0.07
"""Where the foot rolls off and where it lands, before and behind the ankle, metres along x."""


class Part(enum.IntEnum):
    """What a vertex belongs to; the shaders know these numbers."""

    TORSO = 0
    LEG = 1
    ARM = 2
    HEAD = 3
    LONG_HAIR = 4
    BACKPACK = 5
    COAT = 6
    SHOE = 7
    HAND = 8
    CASE = 9
    NECK = 10
    DARK = 11
    SOFT_BAG = 12
    HAT = 13


class Limb(enum.IntEnum):
    """Which joints move a vertex; the shaders know these numbers."""

    NONE = 0
    LEFT_LEG = 1
    RIGHT_LEG = 2
    LEFT_ARM = 3
    RIGHT_ARM = 4


_TORSO: list[Ring] = [
    (0, 0, 0.80, 0.05, 0.06),
    (0, 0, 0.82, 0.11, 0.14),
    (-0.01, 0, 0.90, 0.122, 0.168),
    (0, 0, 1.0, 0.108, 0.152),
    (0.005, 0, 1.1, 0.102, 0.145),
    (0.01, 0, 1.2, 0.115, 0.16),
    (0.01, 0, 1.3, 0.122, 0.178),
    (0, 0, 1.38, 0.11, 0.188),
    (-0.01, 0, 1.43, 0.088, 0.165),
    (-0.015, 0, 1.465, 0.07, 0.11),
    (-0.01, 0, 1.49, 0.055, 0.06),
]
_NECK: list[Ring] = [(-0.01, 0, 1.45, 0.056, 0.058), (0, 0, 1.56, 0.05, 0.05)]
_LONG_HAIR: list[Ring] = [
    (-0.02, 0, 1.76, 0.03, 0.03),
    (-0.03, 0, 1.72, 0.088, 0.09),
    (-0.045, 0, 1.62, 0.082, 0.095),
    (-0.06, 0, 1.5, 0.06, 0.095),
    (-0.07, 0, 1.38, 0.04, 0.07),
    (-0.07, 0, 1.34, 0.01, 0.03),
]
_BACKPACK: list[Ring] = [
    (-0.2, 0, 1.0, 0.02, 0.05),
    (-0.2, 0, 1.01, 0.09, 0.15),
    (-0.2, 0, 1.15, 0.1, 0.16),
    (-0.18, 0, 1.36, 0.08, 0.14),
    (-0.17, 0, 1.43, 0.03, 0.09),
]
_COAT: list[Ring] = [
    (0, 0, 1.02, 0.115, 0.16),
    (0, 0, 0.85, 0.14, 0.19),
    (0, 0, 0.62, 0.17, 0.205),
    (0, 0, 0.52, 0.175, 0.21),
    (0, 0, 0.52, 0.02, 0.02),
]
_HAT: list[Ring] = [
    (0.03, 0, 1.685, 0.15, 0.1),
    (0.01, 0, 1.69, 0.112, 0.092),
    (0.005, 0, 1.735, 0.1, 0.084),
    (0, 0, 1.775, 0.06, 0.055),
    (0, 0, 1.785, 0.01, 0.01),
]


def person_mesh(detail: float = 1.0) -> Mesh:
    """Returns the person; detail 1 has about 1,900 triangles, .6 about 1,000."""

    def sides(count: int) -> int:
        return max(4, round(count * detail))

    meshes = [
        loft(_TORSO, sides(14), Part.TORSO),
        loft(_NECK, sides(10), Part.NECK),
        ball((0.012, 0, HEAD_CENTRE_M), (0.098, 0.077, 0.122), sides(14), Part.HEAD),
        loft(_LONG_HAIR, sides(12), Part.LONG_HAIR),
        loft(_BACKPACK, sides(12), Part.BACKPACK),
        loft(_COAT, sides(14), Part.COAT),
        loft(_HAT, sides(12), Part.HAT),
    ]
    for side, leg, arm in ((1, Limb.LEFT_LEG, Limb.LEFT_ARM), (-1, Limb.RIGHT_LEG, Limb.RIGHT_ARM)):
        y = HIP_HALF_WIDTH_M * side
        meshes += [
            loft(_leg_rings(y), sides(10), Part.LEG, leg),
            loft(_shoe_rings(y), sides(10), Part.SHOE, leg),
            loft(_arm_rings(0.205 * side), sides(10), Part.ARM, arm),
            ball((0.005, 0.2255 * side, 0.81), (0.042, 0.024, 0.08), sides(8), Part.HAND, arm),
        ]
    return join(meshes)


def _leg_rings(y: float) -> list[Ring]:
    return [
        (0, y, 0.93, 0.05, 0.05),
        (-0.005, y, 0.88, 0.1, 0.085),
        (0, y, 0.75, 0.088, 0.078),
        (0.005, y, 0.6, 0.072, 0.066),
        (0.01, y, 0.5, 0.06, 0.057),
        (0, y, 0.42, 0.056, 0.054),
        (-0.012, y, 0.32, 0.06, 0.055),
        (-0.01, y, 0.2, 0.05, 0.046),
        (0, y, 0.09, 0.044, 0.042),
    ]


def _shoe_rings(y: float) -> list[Ring]:
    return [
        (0.05, y, 0.0, 0.06, 0.02),
        (0.05, y, 0.003, 0.128, 0.044),
        (0.045, y, 0.045, 0.125, 0.046),
        (0.015, y, 0.08, 0.075, 0.042),
        (-0.005, y, 0.115, 0.05, 0.044),
    ]


def _arm_rings(y: float) -> list[Ring]:
    return [
        (-0.01, y * 0.86, 1.44, 0.02, 0.02),
        (-0.01, y * 0.93, 1.42, 0.06, 0.05),
        (-0.01, y, 1.36, 0.06, 0.052),
        (-0.01, y * 1.04, 1.25, 0.052, 0.048),
        (-0.01, y * 1.07, 1.12, 0.045, 0.043),
        (-0.005, y * 1.09, 1.0, 0.042, 0.04),
        (0, y * 1.1, 0.9, 0.034, 0.033),
        (0, y * 1.1, 0.87, 0.03, 0.03),
    ]
