using ComfyServe.Diffusion.Sampling;
using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Tests.Sampling;

/// <summary>A denoiser that is a formula; remembers at which sigmas it was called.</summary>
internal sealed class AnalyticDenoiser(Func<Tensor, double, Tensor> guided, Func<Tensor, double, Tensor> unconditional) : IDenoiser
{
    public List<double> Calls { get; } = [];

    /// <summary>x/(1+σ²) + 0.3·tanh(x/(1+σ)); unconditional 0.9·D − 0.05: the formula of the recorded runs.</summary>
    public static AnalyticDenoiser Recorded() => new(Formula, (x, sigma) => (Formula(x, sigma) * 0.9) - 0.05);

    /// <summary>x/(1+σ²) + 0.1; unconditional x/(1+σ²).</summary>
    public static AnalyticDenoiser Toy() => new(
        (x, sigma) => (x / (1 + (sigma * sigma))) + 0.1, (x, sigma) => x / (1 + (sigma * sigma)));

    public Denoised Denoise(Tensor x, double sigma, bool wantsUnconditional = false)
    {
        Calls.Add(sigma);
        return new Denoised(guided(x, sigma), wantsUnconditional ? unconditional(x, sigma) : null);
    }

    private static Tensor Formula(Tensor x, double sigma) => (x / (1 + (sigma * sigma))) + ((x / (1 + sigma)).tanh() * 0.3);
}
