using ComfyServe.Diffusion.Checkpoints;
using ComfyServe.Diffusion.Runtime;
using ComfyServe.Training.Evaluation;
using ComfyServe.Training.Stages;
using Microsoft.Extensions.Time.Testing;
using static TorchSharp.torch;

namespace ComfyServe.Training.Tests.Stages;

public sealed class StarterTrainingTests
{
    [Fact]
    public void Run_FewSteps_WritesACheckpointThatDraws()
    {
        var folder = Directory.CreateTempSubdirectory("starter-training").FullName;
        var options = new TrainingOptions
        {
            Folder = folder,
            Output = Path.Combine(folder, "starter.safetensors"),
            AutoencoderTime = TimeSpan.FromSeconds(15),
            DenoiserTime = TimeSpan.FromSeconds(10),
            DecoderTime = TimeSpan.FromSeconds(5),
            SaveInterval = TimeSpan.FromSeconds(8),
        };
        // Each look at this clock takes time, so that the steps are counted and not what a machine does in a minute.
        var clock = new FakeTimeProvider { AutoAdvanceAmount = TimeSpan.FromSeconds(0.25) };
        var progress = new Losses();
        try
        {
            new StarterTraining(options, clock).Run(progress, TestContext.Current.CancellationToken);

            Assert.True(progress.First["autoencoder"] > progress.Lowest["autoencoder"], "the autoencoder's loss did not fall");
            Assert.True(File.Exists(Path.Combine(folder, "samples.png")));
            using var scope = NewDisposeScope();
            using var checkpoint = Checkpoint.Load(options.Output, ComputeFormat.Fp32);
            var picture = new PromptSampler(checkpoint, new SamplingSettings { Steps = 2 }).Draw([("a red circle", 1)]);
            Assert.Equal([1L, 3, 96, 96], picture.shape);
            Assert.True(picture.isfinite().all().item<bool>());
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private sealed class Losses : IProgress<TrainingProgress>
    {
        public Dictionary<string, double> First { get; } = [];

        /// <summary>Of few steps, the last may have drawn a hard batch.</summary>
        public Dictionary<string, double> Lowest { get; } = [];

        public void Report(TrainingProgress value)
        {
            First.TryAdd(value.Stage, value.Loss);
            Lowest[value.Stage] = Math.Min(Lowest.GetValueOrDefault(value.Stage, value.Loss), value.Loss);
        }
    }
}
