using System.Globalization;
using ComfyServe.Diffusion.Checkpoints;

namespace ComfyServe.Training.Stages;

/// <summary>Files from which a stage goes on after a stop: all optimiser values, the step and the time used.</summary>
internal static class TrainingState
{
    /// <summary>Replaces the file when the new one is complete.</summary>
    public static void Save(string path, TrainedWeights weights, TimeSpan used, long drawn) => SafetensorsWriter.Write(path, weights.Save(), new Dictionary<string, string>
    {
        ["steps"] = weights.Steps.ToString(CultureInfo.InvariantCulture),
        ["used_seconds"] = used.TotalSeconds.ToString(CultureInfo.InvariantCulture),
        ["drawn"] = drawn.ToString(CultureInfo.InvariantCulture),
    });

    /// <summary>Takes up a file where there is one. Returns the time used and the scenes drawn so far, zeros for a fresh start.</summary>
    public static (TimeSpan Used, long Drawn) Restore(string path, TrainedWeights weights)
    {
        if (!File.Exists(path))
        {
            return (TimeSpan.Zero, 0);
        }

        using var file = SafetensorsFile.Open(path);
        weights.Restore(name => file.Read(name), long.Parse(file.Metadata["steps"], CultureInfo.InvariantCulture));
        return (TimeSpan.FromSeconds(double.Parse(file.Metadata["used_seconds"], CultureInfo.InvariantCulture)),
            long.Parse(file.Metadata["drawn"], CultureInfo.InvariantCulture));
    }
}
