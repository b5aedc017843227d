namespace ComfyServe.Diffusion.Guidance;

/// <summary>What a diffusion network was trained to predict.</summary>
public enum Prediction
{
    /// <summary>The noise ε: D = x − σ·ε (Ho et al. 2020, "Denoising diffusion probabilistic models").</summary>
    Noise,

    /// <summary>The velocity v: D = x/(σ² + 1) − v·σ/√(σ² + 1) (Salimans and Ho 2022, "Progressive distillation").</summary>
    Velocity,

    /// <summary>The clean latents: D = x₀.</summary>
    Clean,

    /// <summary>The noise ε, of a network that was distilled to take few large steps: D = c_out·(x − σ·ε) + c_skip·x, where both
    /// depend on the timestep so that D = x at the end (Luo et al. 2023, "Latent consistency models", equation 5).</summary>
    Consistency,
}
