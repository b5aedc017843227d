using System.Globalization;
using System.Text.RegularExpressions;
using ComfyServe.Diffusion.Sampling;
using ComfyServe.Diffusion.Sampling.Samplers;
using ComfyServe.Diffusion.Sampling.Schedules;
using ComfyServe.Diffusion.Tests.Models;
using ComfyServe.Testing;
using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Tests.Sampling;

/// <summary>Every recorded run of a sampler on the analytic denoiser must give the same latents, step by step, and call the
/// model at the same sigmas.</summary>
[Trait("kind", "comparison")]
public sealed partial class SamplerComparisonTests
{
    private const string Formula = "denoised(x,s)=x/(1+s^2)+0.3*tanh(x/(1+s)); uncond=0.9*denoised-0.05";
    private const double Tolerance = 5e-5;
    private const double SigmaTolerance = 1e-6;

    // dpm_adaptive derives its first step sizes from differences that are rounding errors, and a hundredth of them shows in the sigmas.
    private const double AdaptiveTolerance = 2e-3;
    private const ulong Seed = 42;

    public static TheoryData<string> Cases() => GoldenTensors.NamesIn(
        "samplers_analytic.safetensors", static n => !n.StartsWith("in.", StringComparison.Ordinal) && !n.Contains("/step", StringComparison.Ordinal));

    [Theory]
    [MemberData(nameof(Cases))]
    public void Sample_RecordedRun_GivesTheSame(string name)
    {
        using var scope = NewDisposeScope();
        using var golden = new GoldenTensors("samplers_analytic.safetensors");
        Assert.SkipUnless(golden.Metadata["note"].StartsWith(Formula, StringComparison.Ordinal), "the record uses another formula");
        var run = Case().Match(name);
        Assert.SkipUnless(run.Success, $"'{name}' is a kind of run that is not built");
        var (sampler, scheduler) = (run.Groups["sampler"].Value, run.Groups["scheduler"].Value);
        Assert.SkipUnless(SamplerCatalog.Names.Contains(sampler), $"the sampler '{sampler}' is not built");
        Assert.SkipUnless(Schedulers.Names.Contains(scheduler), $"the scheduler '{scheduler}' is not built");
        var denoise = run.Groups["denoise"].Success ? double.Parse(run.Groups["denoise"].Value, CultureInfo.InvariantCulture) : 1;
        var entry = SamplerCatalog.Get(sampler);
        var startsFromLatent = run.Groups["kind"].Success;
        var sigmas = SamplingSigmas.Compute(
            Schedulers.Get(scheduler),
            DiscreteSchedule.StableDiffusion,
            int.Parse(run.Groups["steps"].Value),
            denoise,
            entry.SkipsPenultimate && !startsFromLatent);
        if (run.Groups["kind"].Value == "inpaint")
        {
            sigmas[^1] = LastInpaintSigma(golden, name.Replace(sampler, "euler", StringComparison.Ordinal));
        }

        var start = new SamplingStart(
            golden["in.noise"],
            startsFromLatent ? golden["in.latent"] : zeros_like(golden["in.noise"]),
            run.Groups["kind"].Value == "inpaint" ? golden["in.mask"] : null,
            Seed);
        var denoiser = AnalyticDenoiser.Recorded();
        var steps = new List<string>();

        var result = SamplingStage.Run(denoiser, DiscreteSchedule.StableDiffusion, entry, sigmas, start, step =>
        {
            CompareStep(golden, $"{name}/step{step.Index}.x", step.X, steps);
            CompareStep(golden, $"{name}/step{step.Index}.x0", step.Denoised, steps);
        });

        Assert.True(steps.Count == 0, string.Join("; ", steps));
        var isAdaptive = sampler == "dpm_adaptive";
        CompareCalls(name, denoiser.Calls, isAdaptive ? AdaptiveTolerance : SigmaTolerance);
        TensorAssert.Close(golden[name], result, isAdaptive ? AdaptiveTolerance : Tolerance, name);
    }

    /// <summary>
    /// The runs that start from a latent were recorded on one list of sigmas for all samplers, and ComfyUI's uni_pc replaces
    /// the list's last 0 by 0.001 in place: the inpainting runs, recorded after it, end there. Where the mask protects, Euler
    /// leaves the original plus noise of the last sigma, which tells it.
    /// </summary>
    private static float LastInpaintSigma(GoldenTensors golden, string euler)
    {
        Assert.SkipUnless(golden.Names.Contains(euler), $"without '{euler}' the last sigma is not known");
        var kept = golden["in.mask"] == 0;
        var difference = (golden[euler] - golden["in.latent"]).masked_select(kept);
        var noise = golden["in.noise"].masked_select(kept);
        return MathF.Round(((difference * noise).sum() / (noise * noise).sum()).item<float>(), 5);
    }

    private static void CompareStep(GoldenTensors golden, string name, Tensor actual, List<string> wrong)
    {
        if (golden.Names.Contains(name) && TensorAssert.Error(golden[name], actual) is var error && !(error <= Tolerance))
        {
            wrong.Add($"{name}: relative error {error:E2}");
        }
    }

    private static void CompareCalls(string name, List<double> calls, double tolerance)
    {
        const string Calls = "samplers_analytic.json"; // without it the latents alone are compared
        if (RecordedData.Missing(Calls) is not null || !RecordedJson.Read(RecordedData.Golden(Calls)).GetProperty("info").TryGetProperty(name, out var run))
        {
            return;
        }

        var expected = run.GetProperty("model_calls_sigma").EnumerateArray().Select(RecordedJson.Number).ToList();
        Assert.Equal(expected.Count, calls.Count);
        Assert.All(expected.Zip(calls), pair => Assert.True(
            Math.Abs(pair.First - pair.Second) <= tolerance * pair.First, $"called at {pair.Second:R} instead of {pair.First:R}"));
    }

    [GeneratedRegex(@"^(?:(?<kind>img2img|inpaint)_denoise(?<denoise>[\d.]+)/)?(?<sampler>\w+)/(?<scheduler>\w+)/(?<steps>\d+)$", RegexOptions.None, 1000)]
    private static partial Regex Case();
}
