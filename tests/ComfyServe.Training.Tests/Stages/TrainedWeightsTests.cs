using ComfyServe.Diffusion.Runtime;
using ComfyServe.Training.Stages;
using static TorchSharp.torch;

namespace ComfyServe.Training.Tests.Stages;

public sealed class TrainedWeightsTests
{
    public TrainedWeightsTests() => TorchRuntime.Initialize();

    [Fact]
    public void Step_TwoWorkers_FollowsTheirMeanGradient()
    {
        using var scope = NewDisposeScope();
        using var weights = Make();

        for (var i = 0; i < 400; i++)
        {
            // The mean of both workers' losses is least at 2.
            (weights.Workers[0]["w"] - 1).pow(2).sum().backward();
            (weights.Workers[1]["w"] - 3).pow(2).sum().backward();
            weights.Step(0.02, 0.9);
        }

        Assert.All(weights.Averages()["w"].data<float>().ToArray(), v => Assert.InRange(v, 1.95f, 2.05f));
        Assert.Equal(400, weights.Steps);
    }

    [Fact]
    public void Step_GradientNotFinite_LeavesWeightsAlone()
    {
        using var scope = NewDisposeScope();
        using var weights = Make();
        var before = weights.Averages()["w"].clone();

        (weights.Workers[0]["w"] / 0).sum().backward();
        var norm = weights.Step(0.1, 0.9);

        Assert.False(double.IsFinite(norm));
        Assert.Equal(0, weights.Steps);
        Assert.Equal(before.data<float>().ToArray(), weights.Averages()["w"].data<float>().ToArray());
    }

    [Fact]
    public void Restore_SavedState_GoesOnExactlyAsWithoutAStop()
    {
        using var scope = NewDisposeScope();
        using var unbroken = Make();
        using var resumed = Make();
        Descend(unbroken, 5);
        var saved = unbroken.Save().ToDictionary(t => t.Key, t => t.Value.clone());
        Descend(unbroken, 5);

        resumed.Restore(name => saved[name], steps: 5);
        Descend(resumed, 5);

        Assert.Equal(unbroken.Averages()["w"].data<float>().ToArray(), resumed.Averages()["w"].data<float>().ToArray());
    }

    private static void Descend(TrainedWeights weights, int steps)
    {
        for (var i = 0; i < steps; i++)
        {
            weights.Workers[0]["w"].pow(2).sum().backward();
            weights.Step(0.1, 0.5);
        }
    }

    private static TrainedWeights Make() => new(
        new Dictionary<string, long[]> { ["w"] = [2, 2] }, (_, shape) => arange(0, 4, ScalarType.Float32).view(shape), workers: 2);
}
