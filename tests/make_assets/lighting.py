"""Light on a height field: normals, occlusion, cast shadows, skin and cloth shading."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from tests.make_assets.canvas import Array, Canvas, Colour, smoothstep


@dataclass(frozen=True)
class Lamp:
    """A distant lamp: direction towards it (x right, y down, z to the viewer) and its light."""

    direction: Colour
    light: Colour

    @property
    def unit(self) -> Array:
        """The direction with length 1."""
        vector = np.asarray(self.direction, np.float32)
        return np.asarray(vector / np.linalg.norm(vector), np.float32)


@dataclass(frozen=True)
class Lights:
    """A portrait set-up: key, fill, rim and the light of the room."""

    key: Lamp = Lamp((-0.50, -0.55, 0.72), (1.24, 1.17, 1.10))
    fill: Lamp = Lamp((0.75, -0.10, 0.70), (0.30, 0.28, 0.28))
    rim: Lamp = Lamp((0.90, -0.35, -0.20), (0.55, 0.60, 0.70))
    room: Colour = (0.22, 0.21, 0.22)


def normals(canvas: Canvas, height: Array) -> Array:
    """Unit surface normals, shape [rows, columns, 3]."""
    down, right = np.gradient(height, 1 / canvas.scale)
    normal = np.dstack([-right, -down, np.ones_like(height)])
    return np.asarray(normal / np.linalg.norm(normal, axis=2, keepdims=True), np.float32)


def facing(normal: Array, lamp: Lamp, wrap: float = 0.0) -> Array:
    """Lambert's cosine, softened so that it dies out `wrap` behind the terminator."""
    return np.asarray(np.maximum((normal @ lamp.unit + wrap) / (1 + wrap), 0), np.float32)


def gloss(normal: Array, lamp: Lamp, power: float) -> Array:
    """Blinn-Phong highlight for a viewer straight ahead."""
    half = lamp.unit + np.array([0, 0, 1], np.float32)
    return np.asarray(np.maximum(normal @ (half / np.linalg.norm(half)), 0) ** power, np.float32)


def occlusion(canvas: Canvas, height: Array, sizes: tuple[float, ...], strength: float) -> Array:
    """1 on open surfaces, less in hollows: how far a pixel lies below its neighbourhood."""
    hollow = sum(np.maximum(canvas.blur(height, size) - height, 0) / size for size in sizes)
    return np.asarray(np.exp(-strength * hollow), np.float32)


def cast_shadow(canvas: Canvas, height: Array, lamp: Lamp, reach: float, soft: float) -> Array:
    """0 where the height field hides the lamp, 1 where it sees it; `reach` and `soft` in units."""
    aside, down, up = (float(part) for part in lamp.unit)
    flat = float(np.hypot(aside, down))
    blocked = np.full_like(height, -1e3)
    for distance in np.linspace(2, reach, 28):
        shift = distance * canvas.scale
        move = np.array([[1, 0, -aside / flat * shift], [0, 1, -down / flat * shift]], np.float32)
        size = (height.shape[1], height.shape[0])
        ahead = cv2.warpAffine(height, move, size, borderMode=cv2.BORDER_REPLICATE)
        blocked = np.maximum(blocked, ahead - height - distance * up / flat)
    return canvas.blur(1 - smoothstep(-soft * 0.3, soft, blocked), 1.5)


def lit_skin(
    canvas: Canvas, albedo: Array, height: Array, lights: Lights, shadow: Array, shine: Array
) -> Array:
    """Skin in linear light: diffuse light scatters under it, red farthest; oil gives the shine."""
    normal = normals(canvas, height)
    hollow = occlusion(canvas, height, (5, 14, 32), 0.62)[..., None]
    key = facing(normal, lights.key, 0.25) * shadow
    # Texture-space diffusion with one Gaussian per channel stands in for subsurface scattering.
    scattered = np.dstack([canvas.blur(key, sigma) for sigma in (4.5, 2.0, 1.0)])
    fill = facing(normal, lights.fill, 0.4)[..., None]
    above = (0.75 - 0.25 * normal[..., 1:2]) * np.asarray(lights.room)
    diffuse = scattered * lights.key.light + fill * lights.fill.light + above
    # Occluded light on skin turns red before it turns dark.
    diffuse = diffuse * hollow ** np.array([0.55, 1.0, 1.15], np.float32)
    edge = facing(normal, lights.rim)[..., None] ** 2 * np.asarray(lights.rim.light)
    oil = 0.16 * gloss(normal, lights.key, 22) + 0.26 * gloss(normal, lights.key, 70)
    glow = (oil * shadow * shine * hollow[..., 0])[..., None] * lights.key.light
    return np.asarray(albedo * (diffuse + edge) + glow * 0.55, np.float32)


def lit_cloth(
    canvas: Canvas, albedo: Array, height: Array, lights: Lights, sheen: float = 0.02
) -> Array:
    """Cloth in linear light: matt, with a faint sheen at grazing angles."""
    normal = normals(canvas, height)
    hollow = occlusion(canvas, height, (4, 12, 30), 0.9)[..., None]
    key = facing(normal, lights.key, 0.15)[..., None] * lights.key.light
    fill = facing(normal, lights.fill, 0.3)[..., None] * lights.fill.light
    grazing = (1 - normal[..., 2:3]) ** 3 * sheen
    return np.asarray((albedo * (key + fill + lights.room) + grazing) * hollow, np.float32)
