using ComfyServe.Diffusion.Checkpoints;
using ComfyServe.Diffusion.Runtime;
using ComfyServe.Training.Models;
using static TorchSharp.torch;

namespace ComfyServe.Training.Stages;

/// <summary>The whole training: autoencoder, then text encoder and UNet, then the decoder once more. Time decides when a stage ends; a stopped run goes on where it was.</summary>
/// <param name="options">Seed, folder, times.</param>
/// <param name="time">Where time comes from.</param>
/// <param name="warn">Gets a sentence for each kernel that computes wrong on this processor.</param>
public sealed class StarterTraining(TrainingOptions options, TimeProvider time, Action<string>? warn = null)
{
    /// <summary>Runs what is left to do and writes the checkpoint.</summary>
    /// <param name="progress">Gets a report about every two seconds.</param>
    /// <param name="cancellationToken">Stops between two steps; what was saved last stays.</param>
    public void Run(IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
    {
        TorchRuntime.Initialize();
        Directory.CreateDirectory(options.Folder);
        WorkerThreads.UseOne(); // verdicts are kept by the number of threads
        var verdicts = KernelVerdicts.ForThisMachine(warn);
        random.manual_seed(unchecked((long)options.Seed));
        var autoencoder = Path.Combine(options.Folder, "autoencoder.safetensors");
        if (!File.Exists(autoencoder))
        {
            SafetensorsWriter.Write(autoencoder, options.Autoencoder is { } given
                ? ReadAutoencoder(given)
                : new AutoencoderTraining(options, verdicts, time).Run(progress, cancellationToken));
        }

        using (var denoiser = new DenoiserTraining(options, Read(autoencoder), verdicts, time))
        {
            denoiser.Run(progress, cancellationToken);
        }

        using var scope = NewDisposeScope();
        StarterCheckpoint.ReplaceAutoencoder(options.Output, new DecoderTraining(options, Read(autoencoder), verdicts, time).Run(progress, cancellationToken));
        PictureGrid.WriteSamples(options);
    }

    private static Dictionary<string, Tensor> ReadAutoencoder(string path)
    {
        using var file = SafetensorsFile.Open(path);
        var names = file.Entries.Select(e => e.Name).Where(n => n.StartsWith(StarterCheckpoint.VaePrefix, StringComparison.Ordinal)).ToList();
        return names.Count == 0
            ? throw new CheckpointException($"there is no autoencoder ('{StarterCheckpoint.VaePrefix}*') in '{path}'")
            : names.ToDictionary(n => n, n => file.Read(n).to(ScalarType.Float32));
    }

    private static Dictionary<string, Tensor> Read(string path)
    {
        using var file = SafetensorsFile.Open(path);
        return file.Entries.ToDictionary(e => e.Name, e => file.Read(e.Name));
    }
}
