using ComfyServe.Diffusion.Checkpoints;
using ComfyServe.Diffusion.Models;
using ComfyServe.Diffusion.Runtime;
using ComfyServe.Training.Models;
using static TorchSharp.torch;

namespace ComfyServe.Training.Stages;

/// <summary>First stage: the autoencoder, on windows of pictures (https://arxiv.org/abs/2112.10752, section 3.1, without a discriminator).</summary>
/// <remarks>
/// Loss: <see cref="PictureLoss"/> + 0.0005·z², with noise of a fixed deviation of 0.05 on the latents z. A learned
/// deviation with a KL term of the same weight was tried first: it left one of the four latent channels unused, and edges
/// blurred. Afterwards the encoder, and so what latents mean, is fixed.
/// </remarks>
internal sealed class AutoencoderTraining(TrainingOptions options, KernelVerdicts verdicts, TimeProvider time)
{
    private const string Prefix = StarterCheckpoint.VaePrefix;
    private const double PeakRate = 2e-3;
    private const double Noise = 0.05;
    private const double SizeWeight = 5e-4;
    private const double AverageDecay = 0.99;
    private const int WindowBatch = 4;
    private const int PictureBatch = 2;
    private const int Window = 64;
    private const double LatentScale = 0.18215;
    private readonly PictureSource _pictures = new(options.Seed ^ 0xA0A0);

    private string StatePath => Path.Combine(options.Folder, "autoencoder-state.safetensors");

    /// <summary>Trains until the time is over; goes on where an earlier run was stopped. Returns fp32 weights under their checkpoint names.</summary>
    public Dictionary<string, Tensor> Run(IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
    {
        using var generator = new Generator(options.Seed, CPU);
        var shapes = TrainedWeights.ShapesOf(s => Build(s));
        using var weights = new TrainedWeights(shapes, (n, s) => StarterSizes.Initialise(n, s, generator), options.Workers);
        AutoencoderKl[] models = [.. weights.Workers.Select(w => Build(new TensorWeights(w)))];
        var (used, drawn) = TrainingState.Restore(StatePath, weights);
        var clock = new StageClock(time, options.AutoencoderTime, used);
        var gauge = new SpeedGauge("autoencoder", time, progress);
        var saved = clock.Used;
        while (!clock.IsOver)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var (loss, samples) = Step(models, weights, clock, drawn);
            drawn += samples;
            gauge.Add(loss, samples, clock.Share, weights.Steps);
            if (clock.Used - saved > options.SaveInterval)
            {
                saved = clock.Used;
                TrainingState.Save(StatePath, weights, clock.Used, drawn);
                WriteGrid(weights.Averages());
            }
        }

        TrainingState.Save(StatePath, weights, clock.Used, drawn);
        return Calibrate(weights.Averages());
    }

    private AutoencoderKl Build(IWeightSource source) =>
        new(StarterSizes.Autoencoder, new WeightMap(source, verdicts).Model(Prefix), ComputeFormat.Fp32);

    private (double Loss, int Samples) Step(AutoencoderKl[] models, TrainedWeights weights, StageClock clock, long drawn)
    {
        // Norms and attention see whole pictures later, so every fourth batch shows whole ones.
        var whole = weights.Steps % 4 == 3;
        var (batch, side) = whole ? (PictureBatch, StarterSizes.Picture) : (WindowBatch, Window);
        var losses = new double[models.Length];
        WorkerThreads.Run(models.Length, worker => losses[worker] = Backward(models[worker], _pictures.Draw(drawn + (worker * batch), batch, side)));
        weights.Step(clock.LearningRate(PeakRate, weights.Steps, warmup: 50), AverageDecay);
        return (losses.Average(), batch * models.Length);
    }

    private static double Backward(AutoencoderKl model, Tensor images)
    {
        using var scope = NewDisposeScope();
        var mean = model.EncodeMoments(images).narrow(1, 0, 4); // [B, 4, H/8, W/8]
        var decoded = model.DecodeImage(mean + (Noise * randn_like(mean))); // [B, 3, H, W]
        var loss = PictureLoss.Of(decoded, images) + (SizeWeight * mean.pow(2).mean());
        loss.backward();
        return loss.item<float>();
    }

    /// <summary>Moves and scales each latent channel to mean 0 and deviation 1 ÷ 0.18215 (what samplers expect) inside the two 1×1 convolutions at the latents.</summary>
    private Dictionary<string, Tensor> Calibrate(Dictionary<string, Tensor> averages)
    {
        using var mode = no_grad();
        var tensors = averages.ToDictionary(t => t.Key, t => t.Value.clone());
        using var model = Build(new TensorWeights(tensors));
        using var scope = NewDisposeScope();
        var latents = cat([.. Enumerable.Range(0, 32).Select(i =>
            model.EncodeMoments(_pictures.Draw(1_000_000_000L + (i * 8), 8, StarterSizes.Picture)).narrow(1, 0, 4))]); // [256, 4, h, w]
        var flat = latents.permute(1, 0, 2, 3).reshape(4, -1); // [4, N]
        var mean = flat.mean([1]); // [4]
        var factor = 1 / (flat.std(1) * LatentScale); // [4]
        var (toWeight, toBias) = (tensors[$"{Prefix}quant_conv.weight"], tensors[$"{Prefix}quant_conv.bias"]);
        var (fromWeight, fromBias) = (tensors[$"{Prefix}post_quant_conv.weight"], tensors[$"{Prefix}post_quant_conv.bias"]);
        toWeight.narrow(0, 0, 4).mul_(factor.view(4, 1, 1, 1));
        toBias.narrow(0, 0, 4).sub_(mean).mul_(factor);
        toWeight.narrow(0, 4, 4).zero_(); // the deviation is the same everywhere
        toBias.narrow(0, 4, 4).copy_((factor * Noise).log() * 2);
        fromBias.add_(fromWeight.view(4, 4).matmul(mean));
        fromWeight.div_(factor.view(1, 4, 1, 1));
        return tensors;
    }

    private void WriteGrid(Dictionary<string, Tensor> averages)
    {
        using var scope = NewDisposeScope();
        using var mode = no_grad();
        using var model = Build(new TensorWeights(averages));
        var images = _pictures.Draw(2_000_000_000L, 8, StarterSizes.Picture);
        var decoded = model.DecodeImage(model.EncodeMoments(images).narrow(1, 0, 4));
        PictureGrid.Write(Path.Combine(options.Folder, "autoencoder.png"), cat([images, decoded]), columns: 8);
    }
}
