using ComfyServe.Diffusion.Guidance;
using ComfyServe.Diffusion.Sampling;
using ComfyServe.Diffusion.Sampling.Samplers;
using ComfyServe.Diffusion.Sampling.Schedules;
using ComfyServe.Engine.Nodes.Models;
using ComfyServe.Engine.Nodes.Schema;
using ComfyServe.Engine.Nodes.Values;

namespace ComfyServe.Engine.Nodes.Sampling;

/// <summary>The samplers that take everything in one node.</summary>
internal static class SamplerNodes
{
    private const string Category = "sampling";

    [Node("KSampler", Category = Category, Description = "Denoises latents with a model, led by a positive and a negative conditioning.", Memory = nameof(NodeMemory.OfSampling), MemorySource = typeof(NodeMemory))]
    [Outputs("LATENT", Tooltips = ["The denoised latents."])]
    public static Latent Sample(
        [Input(Tooltip = "The network that denoises.")] DiffusionModel model,
        [Input(Default = 0, Min = 0, Max = ulong.MaxValue, ControlAfterGenerate = true, Tooltip = "Chooses the noise.")] ulong seed,
        [Input(Default = 20, Min = 1, Max = 10000, Tooltip = "How many steps to take.")] long steps,
        [Input(Default = 8.0, Min = 0.0, Max = 100.0, Step = 0.1, Round = 0.01, Tooltip = "How strongly the prompt leads; 1 ignores the negative one.")] double cfg,
        [ChoicesFrom(nameof(Samplers)), Input(Tooltip = "How a step is taken.")] string sampler_name,
        [ChoicesFrom(nameof(Schedules)), Input(Tooltip = "How noise falls over the steps.")] string scheduler,
        [Input(Tooltip = "What the image should show.")] Conditioning positive,
        [Input(Tooltip = "What it should not show.")] Conditioning negative,
        [Input(Tooltip = "Where to start.")] Latent latent_image,
        [Input(Default = 1.0, Min = 0.0, Max = 1.0, Step = 0.01, Tooltip = "How much of the start is replaced.")] double denoise,
        NodeContext context)
    {
        var request = Request(latent_image, seed, steps, cfg, sampler_name, scheduler, positive, negative) with { Denoise = denoise };
        return Run(model, request, latent_image, context);
    }

    [Node("KSamplerAdvanced", Display = "KSampler (Advanced)", Category = Category, Memory = nameof(NodeMemory.OfSampling), MemorySource = typeof(NodeMemory))]
    public static Latent SampleSteps(
        DiffusionModel model,
        [Choices("enable", "disable")] string add_noise,
        [Input(Default = 0, Min = 0, Max = ulong.MaxValue, ControlAfterGenerate = true)] ulong noise_seed,
        [Input(Default = 20, Min = 1, Max = 10000)] long steps,
        [Input(Default = 8.0, Min = 0.0, Max = 100.0, Step = 0.1, Round = 0.01)] double cfg,
        [ChoicesFrom(nameof(Samplers))] string sampler_name,
        [ChoicesFrom(nameof(Schedules))] string scheduler,
        Conditioning positive,
        Conditioning negative,
        Latent latent_image,
        [Input(Default = 0, Min = 0, Max = 10000)] long start_at_step,
        [Input(Default = 10000, Min = 0, Max = 10000)] long end_at_step,
        [Choices("disable", "enable")] string return_with_leftover_noise,
        NodeContext context)
    {
        var request = Request(latent_image, noise_seed, steps, cfg, sampler_name, scheduler, positive, negative) with
        {
            AddsNoise = add_noise != "disable",
            StartStep = (int)start_at_step,
            EndStep = (int)end_at_step,
            EndsClean = return_with_leftover_noise != "enable",
        };
        return Run(model, request, latent_image, context);
    }

    private static IReadOnlyList<string> Samplers() => SamplerCatalog.Names;

    private static IReadOnlyList<string> Schedules() => Schedulers.Names;

    private static SamplingRequest Request(
        Latent latent, ulong seed, long steps, double guidance, string sampler, string scheduler, Conditioning positive, Conditioning negative) => new()
        {
            Latent = latent.Samples,
            Mask = latent.NoiseMask,
            BatchIndex = latent.NoisePlaces,
            Positive = positive.Entries,
            Negative = negative.Entries,
            Sampler = sampler,
            Scheduler = scheduler,
            Seed = seed,
            Steps = (int)steps,
            Guidance = guidance,
        };

    /// <summary>Samples and reports each step, which is also where an interrupt takes effect.</summary>
    private static Latent Run(DiffusionModel model, SamplingRequest request, Latent latent, NodeContext context)
    {
        var samples = LatentSampling.Run(model, request, (step, steps) => context.Progress(step.Index + 1, steps, step.Denoised));
        return latent with { Samples = samples };
    }
}
