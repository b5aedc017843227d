using ComfyServe.Diffusion.Checkpoints;
using ComfyServe.Diffusion.Runtime;
using ComfyServe.Testing;
using ComfyServe.Training.Evaluation;
using static TorchSharp.torch;

namespace ComfyServe.Training.Tests.Evaluation;

/// <summary>The checkpoint that comes with ComfyServe, on prompts that training never showed.</summary>
public sealed class StarterCheckpointTests
{
    private const int Prompts = 16;
    private static readonly string File = Path.Combine(RepositoryRoot.Path, "models", "checkpoints", "comfyserve-starter.safetensors");

    public StarterCheckpointTests() => TorchRuntime.Initialize();

    [Fact]
    public void File_Size_StaysSmall() => Assert.InRange(new FileInfo(File).Length, 1, 25 << 20);

    [Fact]
    public void Draw_UnseenCombinations_AreRight()
    {
        var scores = Score(EvaluationPrompt.OneShape, new SamplingSettings());

        Assert.InRange(scores.Count(s => s.Background), Prompts - 1, Prompts);
        Assert.InRange(scores.Count(s => s.Color), Prompts - 1, Prompts);
        Assert.InRange(scores.Count(s => s.Shape), Prompts - 2, Prompts);
    }

    [Fact]
    public void Draw_UnseenPairs_AreMostlyRight() =>
        Assert.InRange(Score(EvaluationPrompt.TwoShapes, new SamplingSettings()).Count(s => s.Shapes), Prompts / 2, Prompts);

    [Fact]
    public void Draw_WithoutGuidance_ForgetsThePrompt()
    {
        var scores = Score(EvaluationPrompt.OneShape, new SamplingSettings { Guidance = 0 });

        Assert.InRange(scores.Count(s => s.All), 0, Prompts / 4);
    }

    [Fact]
    public void Draw_NegativePrompt_MovesAwayFromIt()
    {
        using var scope = NewDisposeScope();
        using var checkpoint = Checkpoint.Load(File, ComputeFormat.Fp32);
        var sampler = new PromptSampler(checkpoint, new SamplingSettings());
        List<(string Prompt, ulong Seed)> wishes = [.. Enumerable.Range(0, 8).Select(i => ("a circle", (ulong)i))];

        var withoutBlack = sampler.Draw(wishes, "black background").mean().item<float>();
        var withoutWhite = sampler.Draw(wishes, "white background").mean().item<float>();

        Assert.True(withoutBlack > withoutWhite + 0.1, $"brightness {withoutBlack} without black, {withoutWhite} without white");
    }

    private static List<EvaluationScore> Score(Func<Random, EvaluationPrompt> choose, SamplingSettings settings)
    {
        using var scope = NewDisposeScope();
        using var checkpoint = Checkpoint.Load(File, ComputeFormat.Fp32);
        var random = new Random(1);
        List<EvaluationPrompt> prompts = [.. Enumerable.Range(0, Prompts).Select(_ => choose(random))];
        var pictures = new PromptSampler(checkpoint, settings).Draw([.. prompts.Select(p => (p.Text, p.Seed))]);
        return [.. prompts.Select((p, i) => new EvaluationScore(p, PictureAnalysis.Analyse(pictures[i])))];
    }
}
