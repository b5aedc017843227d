using ComfyServe.Diffusion.Guidance;
using ComfyServe.Diffusion.Sampling.Noise;
using ComfyServe.Diffusion.Sampling.Samplers;
using ComfyServe.Diffusion.Sampling.Schedules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace ComfyServe.Diffusion.Sampling;

/// <summary>Samples latents with a model and guidance: from a request to the result.</summary>
public static class LatentSampling
{
    /// <summary>Runs the request.</summary>
    /// <param name="model">The model.</param>
    /// <param name="request">What to do.</param>
    /// <param name="onStep">Called once a step with the number of steps; may throw to stop.</param>
    /// <returns>New latents in the autoencoder's scale, fp32 [B, C, H, W], in the caller's dispose scope.</returns>
    /// <exception cref="ArgumentException">A name is not known, or the conditioning does not fit.</exception>
    public static Tensor Run(DiffusionModel model, SamplingRequest request, Action<SamplerStep, int>? onStep = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(request);
        using var scope = NewDisposeScope();
        var entry = SamplerCatalog.Get(request.Sampler);
        var sigmas = SigmasOf(model, request, entry);
        if (sigmas.Length < 2)
        {
            return FitChannels(request.Latent.to(ScalarType.Float32), model.LatentChannels).clone().MoveToOuterDisposeScope();
        }

        return Run(
            model,
            new SigmaSamplingRequest
            {
                Latent = request.Latent,
                Sigmas = sigmas,
                Sampler = entry,
                Positive = request.Positive,
                Negative = request.Negative,
                Guidance = request.Guidance,
                Seed = request.Seed,
                AddsNoise = request.AddsNoise,
                Mask = request.Mask,
                BatchIndex = request.BatchIndex,
            },
            onStep).Samples.MoveToOuterDisposeScope();
    }

    /// <summary>Runs a sampler over the sigmas of the request.</summary>
    /// <param name="model">The model.</param>
    /// <param name="request">What to do.</param>
    /// <param name="onStep">Called once a step with the number of steps; may throw to stop.</param>
    /// <returns>New tensors in the caller's dispose scope.</returns>
    /// <exception cref="ArgumentException">The latents or the conditioning do not fit.</exception>
    public static SampledLatents Run(DiffusionModel model, SigmaSamplingRequest request, Action<SamplerStep, int>? onStep = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(request);
        using var scope = NewDisposeScope();
        var latent = FitChannels(request.Latent.to(ScalarType.Float32), model.LatentChannels); // [B, C, H, W]
        if (request.Sigmas.Count == 0)
        {
            return new SampledLatents(latent.clone().MoveToOuterDisposeScope(), null);
        }

        if (model.Unet.Config.InputChannels != model.LatentChannels)
        {
            throw new NotSupportedException(
                $"the model takes {model.Unet.Config.InputChannels} input channels for latents of {model.LatentChannels}: inpainting and instruction checkpoints are not supported; use an ordinary checkpoint with a noise mask");
        }

        // 1. Noise from the seed alone, the same on every machine.
        var noise = request.AddsNoise ? NoiseSource.Initial(request.Seed, latent.shape, request.BatchIndex) : zeros_like(latent);

        // 2. Into the network's scale, and back at the end.
        var start = new SamplingStart(noise, latent * model.LatentScale, MaskFor(request.Mask, latent), request.Seed, model.DifferentialMask);
        var denoiser = new GuidedDenoiser(
            model, request.Positive, request.Negative, request.Guidance, latent.shape[2], latent.shape[3]);
        var steps = request.Sigmas.Count - 1;
        using var memory = new StepMemory();
        Tensor? estimate = null;
        var result = SamplingStage.Run(denoiser, model.Schedule, request.Sampler, request.Sigmas, start, step =>
        {
            onStep?.Invoke(step, steps);
            estimate = memory.Keep(estimate, step.Denoised);
        });
        return new SampledLatents(
            (result / model.LatentScale).MoveToOuterDisposeScope(),
            estimate is null ? null : (estimate / model.LatentScale).MoveToOuterDisposeScope());
    }

    /// <summary>The sigmas that the request runs over; fewer than two: nothing is to be done.</summary>
    private static float[] SigmasOf(DiffusionModel model, SamplingRequest request, SamplerEntry entry)
    {
        var sigmas = SamplingSigmas.Compute(
            Schedulers.Get(request.Scheduler), model.Schedule, request.Steps, request.Denoise, entry.SkipsPenultimate);
        if (request.EndStep is { } end && end < sigmas.Length - 1)
        {
            sigmas = sigmas[..(end + 1)];
            if (request.EndsClean)
            {
                sigmas[^1] = 0;
            }
        }

        return request.StartStep < sigmas.Length - 1 ? sigmas[request.StartStep..] : [];
    }

    /// <summary>An empty canvas fits every model.</summary>
    private static Tensor FitChannels(Tensor latent, long channels)
    {
        if (latent.shape[1] == channels)
        {
            return latent;
        }

        return latent.count_nonzero().item<long>() == 0
            ? zeros(latent.shape[0], channels, latent.shape[2], latent.shape[3])
            : throw new ArgumentException(
                $"the latents have {latent.shape[1]} channels but the model works on {channels}; encode the image with the model's own autoencoder",
                nameof(latent));
    }

    private static Tensor? MaskFor(Tensor? mask, Tensor latent)
    {
        if (mask is null)
        {
            return null;
        }

        var single = mask.to(ScalarType.Float32).reshape(-1, 1, mask.shape[^2], mask.shape[^1]); // [N, 1, h, w]
        var fitted = interpolate(single, [latent.shape[2], latent.shape[3]], mode: InterpolationMode.Bilinear, align_corners: false);
        return Batches.Repeat(fitted, latent.shape[0]).expand(latent.shape); // [B, C, H, W]
    }
}
