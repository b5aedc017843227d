using ComfyServe.Diffusion.Checkpoints;
using ComfyServe.Diffusion.Models;
using ComfyServe.Diffusion.Runtime;
using ComfyServe.Training.Models;
using static TorchSharp.torch;

namespace ComfyServe.Training.Stages;

/// <summary>Last stage: the decoder alone goes on learning, on whole pictures, while latents stay what they are.</summary>
/// <remarks>A little noise is added to the latents, so that the decoder repairs what the sampler leaves.</remarks>
internal sealed class DecoderTraining(TrainingOptions options, IReadOnlyDictionary<string, Tensor> autoencoder, KernelVerdicts verdicts, TimeProvider time)
{
    private const double PeakRate = 1e-3;
    private const double AverageDecay = 0.99;
    private const double MostNoise = 0.15;
    private const double LatentScale = 0.18215;
    private const int Batch = 3;
    private static readonly string[] Learning = [StarterCheckpoint.VaePrefix + "decoder.", StarterCheckpoint.VaePrefix + "post_quant_conv."];
    private readonly PictureSource _pictures = new(options.Seed ^ 0xDEC0);

    private string StatePath => Path.Combine(options.Folder, "decoder-state.safetensors");

    /// <summary>Trains until the time is over. Returns all weights of the autoencoder under their checkpoint names, fp32.</summary>
    public Dictionary<string, Tensor> Run(IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
    {
        var shapes = autoencoder.Where(t => IsLearning(t.Key)).ToDictionary(t => t.Key, t => t.Value.shape);
        using var weights = new TrainedWeights(shapes, (n, _) => autoencoder[n], options.Workers);
        AutoencoderKl[] models = [.. weights.Workers.Select(w => Build(w))];
        var (used, drawn) = TrainingState.Restore(StatePath, weights);
        var clock = new StageClock(time, options.DecoderTime, used);
        var gauge = new SpeedGauge("decoder", time, progress);
        var saved = clock.Used;
        while (!clock.IsOver)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var losses = new double[models.Length];
            var first = drawn;
            WorkerThreads.Run(models.Length, worker => losses[worker] = Backward(models[worker], _pictures.Draw(first + (worker * Batch), Batch, StarterSizes.Picture)));
            weights.Step(clock.LearningRate(PeakRate, weights.Steps, warmup: 50), AverageDecay);
            drawn += Batch * models.Length;
            gauge.Add(losses.Average(), Batch * models.Length, clock.Share, weights.Steps);
            if (clock.Used - saved > options.SaveInterval)
            {
                saved = clock.Used;
                TrainingState.Save(StatePath, weights, clock.Used, drawn);
                WriteGrid(weights.Averages());
            }
        }

        TrainingState.Save(StatePath, weights, clock.Used, drawn);
        WriteGrid(weights.Averages());
        var averages = weights.Averages();
        return autoencoder.ToDictionary(t => t.Key, t => averages.TryGetValue(t.Key, out var learned) ? learned.clone() : t.Value);
    }

    private static double Backward(AutoencoderKl model, Tensor pictures)
    {
        using var scope = NewDisposeScope();
        var latents = Encode(model, pictures); // [B, 4, H/8, W/8]
        var level = rand(latents.shape[0], 1, 1, 1) * (MostNoise / LatentScale); // [B, 1, 1, 1]
        var loss = PictureLoss.Of(model.DecodeImage(latents + (level * randn_like(latents))), pictures);
        loss.backward();
        return loss.item<float>();
    }

    private static Tensor Encode(AutoencoderKl model, Tensor pictures)
    {
        using var mode = no_grad();
        return model.EncodeMoments(pictures).narrow(1, 0, 4);
    }

    private AutoencoderKl Build(Dictionary<string, Tensor> learned)
    {
        var tensors = autoencoder.ToDictionary(t => t.Key, t => learned.TryGetValue(t.Key, out var own) ? own : t.Value);
        return new AutoencoderKl(StarterSizes.Autoencoder, new WeightMap(new TensorWeights(tensors), verdicts).Model(StarterCheckpoint.VaePrefix), ComputeFormat.Fp32);
    }

    private void WriteGrid(Dictionary<string, Tensor> averages)
    {
        using var scope = NewDisposeScope();
        using var mode = no_grad();
        var model = Build(averages);
        var pictures = _pictures.Draw(2_000_000_000L, 8, StarterSizes.Picture);
        PictureGrid.Write(Path.Combine(options.Folder, "decoder.png"), cat([pictures, model.DecodeImage(Encode(model, pictures))]), columns: 8);
    }

    private static bool IsLearning(string name) => Array.Exists(Learning, p => name.StartsWith(p, StringComparison.Ordinal));
}
