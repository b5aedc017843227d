using ComfyServe.Diffusion.Guidance;
using ComfyServe.Diffusion.Sampling;
using ComfyServe.Diffusion.Sampling.Noise;
using ComfyServe.Diffusion.Sampling.Samplers;
using ComfyServe.Engine.Nodes.Models;
using ComfyServe.Engine.Nodes.Schema;
using ComfyServe.Engine.Nodes.Values;

namespace ComfyServe.Engine.Nodes.Sampling;

/// <summary>Samplers whose noise, guidance, steps and sigmas come from nodes of their own.</summary>
[NodeFamily("comfy_extras.nodes_custom_sampler")]
internal static class CustomSamplerNodes
{
    private const string Category = "sampling/custom_sampling";
    private const string Guiders = $"{Category}/guiders";
    private const string Noises = $"{Category}/noise";

    [Node("SamplerCustom", Category = Category, Memory = nameof(NodeMemory.OfSampling), MemorySource = typeof(NodeMemory))]
    [Outputs("output", "denoised_output")]
    public static (Latent, Latent) Sample(
        DiffusionModel model,
        [Input(Default = true)] bool add_noise,
        [Input(Default = 0, Min = 0, Max = ulong.MaxValue, ControlAfterGenerate = true)] ulong noise_seed,
        [Input(Default = 8.0, Min = 0.0, Max = 100.0, Step = 0.1, Round = 0.01)] double cfg,
        Conditioning positive,
        Conditioning negative,
        SamplerEntry sampler,
        Sigmas sigmas,
        Latent latent_image,
        NodeContext context) =>
        Run(new Guider(model, positive, negative, cfg), new Noise(noise_seed, IsEmpty: !add_noise), sampler, sigmas, latent_image, context);

    [Node("SamplerCustomAdvanced", Category = Category, Memory = nameof(NodeMemory.OfSampling), MemorySource = typeof(NodeMemory))]
    [Outputs("output", "denoised_output")]
    public static (Latent, Latent) SampleGuided(
        Noise noise, Guider guider, SamplerEntry sampler, Sigmas sigmas, Latent latent_image, NodeContext context) =>
        Run(guider, noise, sampler, sigmas, latent_image, context);

    [Node("BasicGuider", Category = Guiders)]
    public static Guider Unguided(DiffusionModel model, Conditioning conditioning) => new(model, conditioning, null, 1);

    [Node("CFGGuider", Category = Guiders)]
    public static Guider ClassifierFree(
        DiffusionModel model,
        Conditioning positive,
        Conditioning negative,
        [Input(Default = 8.0, Min = 0.0, Max = 100.0, Step = 0.1, Round = 0.01)] double cfg) => new(model, positive, negative, cfg);

    [Node("RandomNoise", Category = Noises)]
    public static Noise Seeded([Input(Default = 0, Min = 0, Max = ulong.MaxValue, ControlAfterGenerate = true)] ulong noise_seed) => new(noise_seed);

    [Node("DisableNoise", Category = Noises)]
    public static Noise None() => new(0, IsEmpty: true);

    [Node("AddNoise", Category = "_for_testing/custom_sampling/noise")]
    public static Latent AddNoise(DiffusionModel model, Noise noise, Sigmas sigmas, Latent latent_image)
    {
        if (noise.IsEmpty || sigmas.Values is not [var first, ..])
        {
            return latent_image;
        }

        var amount = sigmas.Values.Count > 1 ? Math.Abs(first - sigmas.Values[^1]) : first;
        var drawn = NoiseSource.Initial(noise.Seed, latent_image.Samples.shape, latent_image.NoisePlaces);
        var noisy = (latent_image.Samples * model.LatentScale) + (drawn * amount);
        return latent_image with { Samples = (noisy / model.LatentScale).nan_to_num(0, 0, 0) };
    }

    private static (Latent, Latent) Run(Guider guider, Noise noise, SamplerEntry sampler, Sigmas sigmas, Latent latent, NodeContext context)
    {
        var request = new SigmaSamplingRequest
        {
            Latent = latent.Samples,
            Sigmas = sigmas.Values,
            Sampler = sampler,
            Positive = guider.Positive.Entries,
            Negative = guider.Negative?.Entries ?? [],
            Guidance = guider.Scale,
            Seed = noise.Seed,
            AddsNoise = !noise.IsEmpty,
            Mask = latent.NoiseMask,
            BatchIndex = latent.NoisePlaces,
        };
        var result = LatentSampling.Run(guider.Model, request, (step, steps) => context.Progress(step.Index + 1, steps, step.Denoised));
        var output = latent with { Samples = result.Samples };
        return (output, result.Estimate is null ? output : latent with { Samples = result.Estimate });
    }
}
