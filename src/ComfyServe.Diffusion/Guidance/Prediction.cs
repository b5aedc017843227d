namespace ComfyServe.Diffusion.Guidance;

/// <summary>What a diffusion network was trained to predict.</summary>
public enum Prediction
{
    /// <summary>The noise ε: D = x − σ·ε (Ho et al. 2020, "Denoising diffusion probabilistic models").</summary>
    Noise,

    /// <summary>The velocity v: D = x/(σ² + 1) − v·σ/√(σ² + 1) (Salimans and Ho 2022, "Progressive distillation").</summary>
    Velocity,
}
