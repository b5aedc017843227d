using ComfyServe.Diffusion.Checkpoints;
using ComfyServe.Diffusion.Sampling;
using ComfyServe.Diffusion.Sampling.Noise;
using ComfyServe.Diffusion.Sampling.Samplers;
using ComfyServe.Diffusion.Sampling.Schedules;
using ComfyServe.Diffusion.Text;
using static TorchSharp.torch;

namespace ComfyServe.Training.Evaluation;

/// <summary>Draws many prompts at once, each with its seed, as a KSampler node would one by one.</summary>
/// <param name="checkpoint">All three networks.</param>
/// <param name="settings">Steps, guidance and so on.</param>
public sealed class PromptSampler(Checkpoint checkpoint, SamplingSettings settings)
{
    private const double LatentScale = 0.18215;
    private readonly PromptTokenizer _tokenizer = new(ClipTokenizer.Default);

    /// <summary>Pictures [N, 3, H, W], −1 to 1, in the caller's dispose scope.</summary>
    public Tensor Draw(IReadOnlyList<(string Prompt, ulong Seed)> wishes, string negative = "")
    {
        ArgumentNullException.ThrowIfNull(wishes);
        using var scope = NewDisposeScope();
        using var mode = inference_mode();
        long[] shape = [1, 4, settings.Side / 8, settings.Side / 8];
        var noise = cat([.. wishes.Select(w => NoiseSource.Initial(w.Seed, shape))]); // [N, 4, h, w]
        var denoiser = new GuidedBatch(checkpoint, cat([.. wishes.Select(w => Encode(w.Prompt))]), Encode(negative), settings.Guidance);
        var schedule = DiscreteSchedule.StableDiffusion;
        var sampler = SamplerCatalog.Get(settings.Sampler);
        var sigmas = SamplingSigmas.Compute(Schedulers.Get(settings.Scheduler), schedule, settings.Steps, 1, sampler.SkipsPenultimate);
        var latents = SamplingStage.Run(denoiser, schedule, sampler, sigmas, new SamplingStart(noise, zeros_like(noise), Mask: null, Seed: 0));
        return checkpoint.Vae.DecodeImage(latents / LatentScale).clamp(-1, 1).MoveToOuterDisposeScope(); // [N, 3, H, W]
    }

    private Tensor Encode(string prompt) => PromptEncoder.Encode(checkpoint.TextEncoder, _tokenizer.Tokenize(prompt)).Hidden; // [1, 77, C]

    /// <summary>Classifier-free guidance (https://arxiv.org/abs/2207.12598) over a network that predicts noise.</summary>
    private sealed class GuidedBatch(Checkpoint checkpoint, Tensor positive, Tensor negative, double guidance) : IDenoiser
    {
        public Denoised Denoise(Tensor x, double sigma, bool unconditional = false)
        {
            using var scope = NewDisposeScope();
            var count = x.shape[0];
            var timestep = full([count], (float)DiscreteSchedule.StableDiffusion.TimestepOf(sigma));
            var scaled = x / Math.Sqrt((sigma * sigma) + 1); // [N, 4, h, w]
            var with = checkpoint.Unet.Forward(scaled, timestep, positive); // [N, 4, h, w]
            var without = checkpoint.Unet.Forward(scaled, timestep, negative.expand(count, -1, -1)); // [N, 4, h, w]
            var guided = x - ((without + ((with - without) * guidance)) * sigma);
            return new Denoised(guided.MoveToOuterDisposeScope(), unconditional ? (x - (without * sigma)).MoveToOuterDisposeScope() : null);
        }
    }
}
