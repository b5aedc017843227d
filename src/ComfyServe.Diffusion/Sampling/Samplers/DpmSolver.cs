using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Sampling.Samplers;

/// <summary>DPM-Solver's steps of order one to three in t = −ln σ. Lu et al. 2022, "DPM-Solver", algorithms 1 and 2.</summary>
internal static class DpmSolver
{
    /// <summary>ε = (x − D) ÷ σ at time t.</summary>
    public static Tensor Noise(SamplerRun run, Tensor x, double t)
    {
        var sigma = Sigma(t);
        return (x - run.Denoise(x, sigma)) / sigma;
    }

    public static double Sigma(double t) => Math.Exp(-t);

    public static double Time(double sigma) => -Math.Log(sigma);

    /// <summary>One evaluation (given).</summary>
    public static Tensor First(Tensor x, Tensor noise, double t, double next) =>
        x - (noise * (Sigma(next) * ExponentialIntegral.ExpMinusOne(next - t)));

    /// <summary>The second evaluation lies at a share of the step.</summary>
    public static (Tensor Next, Tensor Second) Second(SamplerRun run, Tensor x, Tensor noise, double t, double next, double share = 0.5)
    {
        var h = next - t;
        var middle = t + (share * h);
        var second = Noise(run, First(x, noise, t, middle), middle);
        return (SecondFrom(x, noise, second, t, next, share), second);
    }

    /// <summary>As <see cref="Second"/>, with the second evaluation known.</summary>
    public static Tensor SecondFrom(Tensor x, Tensor noise, Tensor second, double t, double next, double share)
    {
        var gain = Sigma(next) * ExponentialIntegral.ExpMinusOne(next - t);
        return x - (noise * gain) - ((second - noise) * (gain / (2 * share)));
    }

    /// <summary>Evaluations at a third and two thirds of the step; the first of them may be known.</summary>
    public static Tensor Third(SamplerRun run, Tensor x, Tensor noise, double t, double next, Tensor? atOneThird = null)
    {
        const double R1 = 1.0 / 3;
        const double R2 = 2.0 / 3;
        var h = next - t;
        var (s1, s2) = (t + (R1 * h), t + (R2 * h));
        var noise1 = atOneThird ?? Noise(run, First(x, noise, t, s1), s1);
        var phi = ExponentialIntegral.Phi1(R2 * h) - 1;
        var u2 = First(x, noise, t, s2) - ((noise1 - noise) * (Sigma(s2) * (R2 / R1) * phi));
        var noise2 = Noise(run, u2, s2);
        return First(x, noise, t, next) - ((noise2 - noise) * (Sigma(next) / R2 * (ExponentialIntegral.Phi1(h) - 1)));
    }
}
