using System.Globalization;
using ComfyServe.Diffusion.Checkpoints;
using ComfyServe.Diffusion.Models;
using ComfyServe.Diffusion.Runtime;
using ComfyServe.Diffusion.Sampling.Schedules;
using ComfyServe.Training.Data;
using ComfyServe.Training.Models;
using static TorchSharp.torch;

namespace ComfyServe.Training.Stages;

/// <summary>Second stage: text encoder and UNet together learn to find the noise in latents (https://arxiv.org/abs/2006.11239).</summary>
/// <remarks>
/// Loss: mean squared error of the noise, weighted by min(SNR, 5) ÷ SNR (https://arxiv.org/abs/2303.09556) and by
/// 1 + min(σ², 8): where there is much noise, a small error of the noise is a large one of the picture, and it is there
/// that shapes and places are decided. For the same reason six timesteps in ten are from 250 to 900. One caption
/// in ten is dropped for classifier-free guidance (https://arxiv.org/abs/2207.12598): half of those are empty, half are
/// words that mean nothing.
/// </remarks>
internal sealed class DenoiserTraining : IDisposable
{
    private const double PeakRate = 1.2e-3;
    private const double AverageDecay = 0.998;
    private const double MaxSnr = 5;
    private const double MaxVariance = 8;
    private const double MiddleShare = 0.6;
    private const int MiddleFirst = 250;
    private const int MiddleLast = 900;
    private const double DropShare = 0.1;
    private const double OtherWordsShare = 0.15;
    private const int PoolSize = 40_000;
    private const int FirstFill = 2_048;
    private const double LatentScale = 0.18215;
    private static readonly long Latent = StarterSizes.Picture / 8;
    private readonly TrainingOptions _options;
    private readonly KernelVerdicts _verdicts;
    private readonly TimeProvider _time;
    private readonly StarterScenes _scenes;
    private readonly CaptionVocabulary _vocabulary;
    private readonly Dictionary<string, Tensor> _autoencoderWeights;
    private readonly AutoencoderKl _autoencoder;
    private readonly LatentPool _pool = new(PoolSize, (int)(4 * Latent * Latent));

    /// <summary>Prepares a run.</summary>
    /// <param name="options">Seed, folder, times.</param>
    /// <param name="autoencoder">The finished first stage, fp32, under checkpoint names; disposed of with this.</param>
    /// <param name="verdicts">What is known of this machine's kernels.</param>
    /// <param name="time">Where time comes from.</param>
    public DenoiserTraining(TrainingOptions options, Dictionary<string, Tensor> autoencoder, KernelVerdicts verdicts, TimeProvider time)
    {
        (_options, _verdicts, _time, _autoencoderWeights) = (options, verdicts, time, autoencoder);
        _scenes = new StarterScenes(options.Seed);
        _vocabulary = CaptionVocabulary.Of(_scenes);
        _autoencoder = new AutoencoderKl(StarterSizes.Autoencoder, new WeightMap(new TensorWeights(autoencoder), verdicts).Model(StarterCheckpoint.VaePrefix), ComputeFormat.Fp32);
    }

    private string StatePath => Path.Combine(_options.Folder, "denoiser-state.safetensors");

    /// <summary>Trains until the time is over, going on where an earlier run was stopped, and writes the checkpoint.</summary>
    public void Run(IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
    {
        using var generator = new Generator(_options.Seed + 1, CPU);
        var shapes = TrainedWeights.ShapesOf(s => _ = new Networks(s, _vocabulary, _verdicts));
        using var weights = new TrainedWeights(shapes, (n, s) => StarterSizes.Initialise(n, s, generator), _options.Workers);
        Networks[] networks = [.. weights.Workers.Select(w => new Networks(new TensorWeights(w), _vocabulary, _verdicts))];
        var (used, drawn) = TrainingState.Restore(StatePath, weights);
        var clock = new StageClock(_time, _options.DenoiserTime, used);
        var gauge = new SpeedGauge("denoiser", _time, progress);
        drawn = Fill(drawn, FirstFill);
        var saved = clock.Used;
        while (!clock.IsOver)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var (loss, added) = Step(networks, weights, clock, drawn);
            drawn += added;
            gauge.Add(loss, _options.Batch, clock.Share, weights.Steps);
            if (clock.Used - saved > _options.SaveInterval)
            {
                saved = clock.Used;
                TrainingState.Save(StatePath, weights, clock.Used, drawn);
                Show(weights, clock, gauge.Loss, drawn);
            }
        }

        TrainingState.Save(StatePath, weights, clock.Used, drawn);
        Show(weights, clock, gauge.Loss, drawn);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _autoencoder.Dispose();
        foreach (var tensor in _autoencoderWeights.Values)
        {
            tensor.Dispose();
        }
    }

    private (double Loss, int Added) Step(Networks[] networks, TrainedWeights weights, StageClock clock, long drawn)
    {
        // 1. An eighth of each worker's share are fresh pictures, the rest comes from the pool.
        var share = _options.Batch / networks.Length;
        var fresh = Math.Max(1, share / 8);
        var batches = new Batch[networks.Length];
        var losses = new double[networks.Length];
        WorkerThreads.Run(networks.Length, worker =>
        {
            var random = new Random(unchecked((int)(((weights.Steps * 64) + worker) * 2654435761)));
            batches[worker] = Encode(drawn + (worker * fresh), fresh);
            losses[worker] = Backward(networks[worker], Assemble(random, batches[worker], share));
        });

        // 2. The pool changes only between steps, in the workers' order, so that a run can be repeated.
        foreach (var batch in batches)
        {
            Keep(batch);
        }

        weights.Step(clock.LearningRate(PeakRate, weights.Steps, warmup: 100), AverageDecay);
        return (losses.Average(), fresh * networks.Length);
    }

    private static double Backward(Networks networks, (float[] Latents, long[] Words, float[] Times, float[] Signal) batch)
    {
        using var scope = NewDisposeScope();
        var count = batch.Times.Length;
        var latents = tensor(batch.Latents, [count, 4, Latent, Latent]); // [B, 4, h, w]
        var signal = tensor(batch.Signal, [count, 1, 1, 1]); // ᾱ, [B, 1, 1, 1]
        var noise = randn_like(latents); // [B, 4, h, w]
        var noisy = (latents * signal.sqrt()) + (noise * (1 - signal).sqrt()); // [B, 4, h, w]
        var context = networks.Text.Forward(tensor(batch.Words, [count, CaptionVocabulary.Length])).Hidden; // [B, 77, C]
        var found = networks.Unet.Forward(noisy, tensor(batch.Times), context); // [B, 4, h, w]
        var snr = signal / (1 - signal); // [B, 1, 1, 1]
        var weight = snr.clamp_max(MaxSnr) / snr * (1 + (1 / snr).clamp_max(MaxVariance)); // [B, 1, 1, 1]
        var loss = ((found - noise).pow(2) * weight).mean();
        loss.backward();
        return loss.item<float>();
    }

    private (float[] Latents, long[] Words, float[] Times, float[] Signal) Assemble(Random random, Batch fresh, int count)
    {
        var size = (int)(4 * Latent * Latent);
        var (latents, words) = (new float[count * size], new long[count * CaptionVocabulary.Length]);
        var (times, signal) = (new float[count], new float[count]);
        for (var i = 0; i < count; i++)
        {
            var latent = latents.AsSpan(i * size, size);
            var caption = i < fresh.Words.Length ? fresh.Read(i, latent) : _pool.Read(random.Next(_pool.Count), latent);
            _vocabulary.Lay(Vary(random, caption), words.AsSpan(i * CaptionVocabulary.Length, CaptionVocabulary.Length));
            var time = random.NextDouble() < MiddleShare
                ? random.Next(MiddleFirst, MiddleLast)
                : random.Next(DiscreteSchedule.StableDiffusion.Sigmas.Count);
            var sigma = DiscreteSchedule.StableDiffusion.Sigmas[time];
            (times[i], signal[i]) = (time, 1 / (1 + (sigma * sigma)));
        }

        return (latents, words, times, signal);
    }

    /// <summary>Drops a caption, or mixes words into it that mean nothing.</summary>
    private static short[] Vary(Random random, short[] words)
    {
        if (random.NextDouble() < DropShare)
        {
            return random.Next(2) == 0 ? [] : new short[random.Next(1, 7)];
        }

        if (random.NextDouble() >= OtherWordsShare)
        {
            return words;
        }

        var varied = words.ToList();
        for (var i = random.Next(1, 4); i > 0; i--)
        {
            varied.Insert(random.Next(varied.Count + 1), CaptionVocabulary.Other);
        }

        return [.. varied];
    }

    private long Fill(long drawn, int count)
    {
        const int Part = 16;
        var batches = new Batch[count / Part];
        Parallel.For(0, batches.Length, new ParallelOptions { MaxDegreeOfParallelism = _options.Workers }, i => batches[i] = Encode(drawn + (i * Part), Part));
        foreach (var batch in batches)
        {
            Keep(batch);
        }

        return drawn + count;
    }

    private void Keep(Batch batch)
    {
        var latent = new float[4 * Latent * Latent];
        for (var i = 0; i < batch.Words.Length; i++)
        {
            _pool.Add(latent, batch.Read(i, latent));
        }
    }

    private Batch Encode(long first, int count)
    {
        using var scope = NewDisposeScope();
        using var mode = no_grad();
        var side = StarterSizes.Picture;
        var (planes, words) = (new float[count * 3 * side * side], new short[count][]);
        for (var i = 0; i < count; i++)
        {
            var scene = _scenes[first + i];
            SceneRenderer.Draw(scene, planes.AsSpan(i * 3 * side * side), side);
            words[i] = _vocabulary.Encode(scene.Caption);
        }

        var latents = _autoencoder.EncodeMoments(tensor(planes, [count, 3, side, side])).narrow(1, 0, 4) * LatentScale; // [N, 4, h, w]
        return new Batch(latents.contiguous().data<float>().ToArray(), words);
    }

    /// <summary>Writes the checkpoint as it is now, loads it like any other and draws a few prompts with it.</summary>
    private void Show(TrainedWeights weights, StageClock clock, double loss, long drawn)
    {
        using var scope = NewDisposeScope();
        StarterCheckpoint.Write(_options.Output, weights.Averages(), _autoencoderWeights, _vocabulary);
        PictureGrid.WriteSamples(_options);
        if (!double.IsFinite(loss))
        {
            return; // nothing was left to train
        }

        var minutes = clock.Used.TotalMinutes;
        File.AppendAllText(Path.Combine(_options.Folder, "loss.csv"),
            string.Create(CultureInfo.InvariantCulture, $"{minutes:0.0},{weights.Steps},{weights.Steps * _options.Batch},{drawn},{loss:0.0000}\n"));
    }

    /// <summary>What one worker computes with.</summary>
    private sealed class Networks(IWeightSource source, CaptionVocabulary vocabulary, KernelVerdicts verdicts)
    {
        public ClipTextModel Text { get; } = new(
            StarterSizes.TextEncoder(vocabulary.Count, vocabulary.End), new WeightMap(source, verdicts).Model(StarterCheckpoint.TextPrefix), ComputeFormat.Fp32);

        public Unet Unet { get; } = new(StarterSizes.Unet, new WeightMap(source, verdicts).Model(StarterCheckpoint.UnetPrefix), ComputeFormat.Fp32);
    }

    /// <summary>Freshly encoded pictures and their words.</summary>
    private sealed record Batch(float[] Latents, short[][] Words)
    {
        public short[] Read(int index, Span<float> latent)
        {
            Latents.AsSpan(index * latent.Length, latent.Length).CopyTo(latent);
            return Words[index];
        }
    }
}
