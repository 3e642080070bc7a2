"""What a voice borrows from a recording: its slow colour, not its quick changes."""

import numpy as np

from comfy.engine.speech import matching
from comfy.engine.speech.analysis import Analysis
from comfy.engine.speech.aperiodicity import BANDS
from comfy.engine.speech.frames import BINS


def test_quick_changes_stay_the_own_ones() -> None:
    total = 400
    colour = np.linspace(2, -2, BINS)  # of the recording; the own one is flat
    flicker = np.where(np.arange(total) % 2, 1.0, -1.0)[:, None] * np.hanning(BINS)
    own = Analysis(
        np.full(total, 120.0), np.ones(total), flicker.astype(np.float32), np.zeros((total, BANDS))
    )
    voiced = np.ones(total, dtype=bool)
    recorded = np.tile(colour, (total, 1)).astype(np.float32)
    features = matching._features(recorded, voiced, 7000.0)
    library = matching.Library(np.arange(total), recorded, voiced, features, 7000.0)
    mixed = matching.borrow(own, library, np.ones(BINS), lambda: None)[20:-20]
    np.testing.assert_allclose(
        np.diff(mixed, axis=0)[:, 256], np.diff(flicker[20:-20, 256]), atol=0.3
    )
    np.testing.assert_allclose(mixed.mean(axis=0), matching.SHARE * colour, atol=0.1)
