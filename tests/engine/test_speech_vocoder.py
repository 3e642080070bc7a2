"""The vocoder on sounds whose pitch, spectrum and noise are known."""

import numpy as np
import pytest

from comfy.engine.speech import analysis, level, loudness, pitch, synthesis
from comfy.engine.speech.aperiodicity import BANDS, aperiodicity
from comfy.engine.speech.base_voice import VOICES, Language, analyse_base, base_voice, measure
from comfy.engine.speech.envelope import envelope
from comfy.engine.speech.frames import BINS, HOP, SAMPLE_RATE, Array, count
from comfy.media import join_sound


def never() -> None:
    """A check that never stops the work."""


def voice(f0: Array, noise: float, slope: float = 0.0) -> Array:
    """Harmonics that fall with their number to the power of `slope`, and a share of white noise."""
    phase = 2 * np.pi * np.cumsum(f0) / SAMPLE_RATE
    random = np.random.default_rng(0)
    wave = np.zeros(len(f0))
    for harmonic in range(1, int(10900 / f0.max())):
        wave += np.cos(harmonic * phase) / harmonic**slope
    wave /= wave.std()
    return np.sqrt(1 - noise) * wave + np.sqrt(noise) * random.normal(size=len(f0))


def seconds(duration: float) -> Array:
    return np.arange(int(duration * SAMPLE_RATE)) / SAMPLE_RATE


@pytest.mark.parametrize("f0", [75.0, 120.0, 210.0, 380.0])
def test_the_pitch_of_a_steady_voice_is_exact(f0: float) -> None:
    found, _ = pitch.track(voice(np.full(SAMPLE_RATE, f0), 0.05), never)
    inner = found[10:-10]
    assert np.abs(12 * np.log2(inner / f0)).max() < 0.1


def test_a_frame_that_looks_an_octave_lower_does_not_jump() -> None:
    """Every second period is weaker here: half the frequency is as good a period."""
    f0 = np.full(2 * SAMPLE_RATE, 200.0)
    wave = voice(f0, 0.0, slope=1.0)
    weak = np.floor(np.cumsum(f0) / SAMPLE_RATE) % 2 == 1
    creaky = slice(SAMPLE_RATE, int(1.3 * SAMPLE_RATE))
    wave[creaky] *= np.where(weak[creaky], 0.55, 1.0)
    found, _ = pitch.track(wave, never)
    voiced = found[found > 0]
    assert len(voiced) > 0.9 * len(found)
    assert np.abs(12 * np.log2(voiced / 200)).max() < 1


def test_silence_and_noise_have_no_pitch() -> None:
    assert not pitch.track(np.zeros(SAMPLE_RATE), never)[0].any()
    hiss = np.random.default_rng(0).normal(0, 0.1, SAMPLE_RATE)
    assert pitch.seconds_voiced(pitch.track(hiss, never)[0]) < 0.05


@pytest.mark.parametrize("noise", [0.0, 0.1, 0.3])
@pytest.mark.parametrize("f0", [110.0, 200.0])
def test_the_noise_share_is_not_biased(f0: float, noise: float) -> None:
    """The autocorrelation of a long window found 0.4 and more in voices without noise."""
    wave = voice(np.full(2 * SAMPLE_RATE, f0), noise)
    share = aperiodicity(wave, np.full(count(wave), f0), never)
    np.testing.assert_allclose(share[20:-20].mean(axis=0), noise, atol=0.05)


def test_a_moving_pitch_is_not_taken_for_noise() -> None:
    time = seconds(1.0)
    f0 = 150 * 2 ** (0.25 * np.sin(2 * np.pi * 1.5 * time))
    wave = voice(f0, 0.0)
    known = f0[::HOP][: count(wave)]
    share = aperiodicity(wave, np.pad(known, (0, count(wave) - len(known)), mode="edge"), never)
    assert share[20:-20].mean(axis=0).max() < 0.2


def test_white_noise_has_a_flat_envelope_of_power_one() -> None:
    hiss = np.random.default_rng(0).normal(size=2 * SAMPLE_RATE)
    power = np.exp(envelope(hiss, np.zeros(count(hiss)), never))[20:-20].mean(axis=0)
    np.testing.assert_allclose(power[10:-10], 1.0, atol=0.25)


@pytest.mark.parametrize(("f0", "noise"), [(90.0, 0.0), (300.0, 0.0), (150.0, 0.5), (0.0, 1.0)])
def test_a_synthetic_voice_has_the_power_that_was_asked_for(f0: float, noise: float) -> None:
    """Noise windows that overlap coherently once made noise 5 dB too loud."""
    frames = 400
    wave = synthesis.synthesise(
        np.full(frames, f0),
        np.zeros((frames, BINS)),
        np.full((frames, BANDS), noise),
        never,
        jitter=0.0,
        random=np.random.default_rng(0),
    )
    assert len(wave) == frames * HOP
    assert 10 * np.log10(wave[2000:-2000].var()) == pytest.approx(0, abs=0.3)


@pytest.mark.parametrize(
    "f0",
    [
        np.r_[np.full(30, 120.0), np.zeros(30)],  # the last pulse comes before silence
        np.r_[np.zeros(30), np.full(30, 120.0)],  # or at the very end
        np.r_[np.zeros(20), 100.0, np.zeros(20)],  # a single voiced frame
        np.zeros(40),
        np.full(1, 100.0),
    ],
)
def test_the_last_pulse_divides_by_no_zero(f0: Array) -> None:
    wave = synthesis.synthesise(
        f0,
        np.full((len(f0), BINS), -4.0),
        np.full((len(f0), BANDS), 0.2),
        never,
        jitter=0.02,
        random=np.random.default_rng(0),
    )
    assert len(wave) == len(f0) * HOP and np.isfinite(wave).all()


def test_a_voice_taken_apart_and_put_together_keeps_its_pitch_and_level() -> None:
    time = seconds(1.5)
    wave = 0.1 * voice(130 * 2 ** (0.2 * np.sin(2 * np.pi * time)), 0.0, slope=1.0)
    parts = analysis.analyse(wave, never)
    again = synthesis.synthesise(
        parts.f0,
        parts.envelope,
        parts.noise,
        never,
        jitter=0.0,
        random=np.random.default_rng(0),
    )
    f0, _ = pitch.track(again[: len(wave)], never)
    both = (f0 > 0) & parts.voiced
    assert both.mean() > 0.95
    assert np.abs(12 * np.log2(f0[both] / parts.f0[both]))[5:-5].max() < 0.5
    before, after = (loudness.integrated(loudness.steps(one)) for one in (wave, again))
    assert after == pytest.approx(before, abs=1)


@pytest.mark.parametrize("language", VOICES)
def test_the_shipped_profile_is_what_espeak_sounds_like(language: Language) -> None:
    stored, fresh = base_voice(language), measure(language)
    assert stored.f0_median == pytest.approx(fresh.f0_median, rel=0.02)
    assert stored.syllable_rate == pytest.approx(fresh.syllable_rate, rel=0.1)
    np.testing.assert_allclose(stored.voiced_spectrum, fresh.voiced_spectrum, atol=0.5)
    np.testing.assert_allclose(stored.noise, fresh.noise, atol=0.05)


def test_the_pitch_range_of_espeak_is_known() -> None:
    from comfy.engine.speech import espeak  # noqa: PLC0415

    f0 = analyse_base(espeak.read("你好吗？非常好！", "cmn", rate=120).wave, never).f0
    voiced = f0[f0 > 0]
    assert 60 < voiced.min() and voiced.max() < 200


def test_the_limiter_turns_peaks_down_without_clipping_them() -> None:
    time = seconds(0.5)
    wave = 0.3 * np.sin(2 * np.pi * 200 * time) * (1 + 4 * np.exp(-(((time - 0.25) / 0.01) ** 2)))
    limited = level.limit(wave)
    assert np.abs(limited).max() <= level.CEILING + 1e-9
    between = 4 * np.fft.irfft(np.fft.rfft(limited), 4 * len(limited))
    assert np.abs(between).max() <= level.CEILING + 1e-3
    np.testing.assert_allclose(limited[:3000], wave[:3000], rtol=1e-9)
    assert np.abs(np.diff(limited, 2)).max() < 1.1 * np.abs(np.diff(wave, 2)).max()


def test_loudness_is_that_of_the_standard() -> None:
    """A sine of 997 Hz, one of 60 Hz that is heard less, and speech with pauses."""
    time = seconds(3)
    sine = np.sin(2 * np.pi * 997 * time)
    assert loudness.integrated(loudness.steps(sine)) == pytest.approx(-3.01, abs=0.02)
    for wave in (0.3 * np.sin(2 * np.pi * 60 * time), np.pad(0.1 * sine, 3 * len(sine))):
        twice = np.fft.irfft(np.fft.rfft(wave), 2 * len(wave)) * 2
        wanted = join_sound.loudness(twice.astype(np.float32))  # FFmpeg's, at 44,100 Hz
        assert loudness.integrated(loudness.steps(wave)) == pytest.approx(wanted, abs=0.2)
    assert loudness.integrated(loudness.steps(np.zeros(len(time)))) == loudness.SILENCE
    assert loudness.integrated(loudness.steps(np.zeros(0))) == loudness.SILENCE
