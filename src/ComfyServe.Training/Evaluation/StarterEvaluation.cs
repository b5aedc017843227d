using ComfyServe.Diffusion.Checkpoints;
using static TorchSharp.torch;

namespace ComfyServe.Training.Evaluation;

/// <summary>Draws prompts that training never showed and counts what is right.</summary>
/// <param name="checkpoint">The checkpoint to judge.</param>
/// <param name="settings">How to draw.</param>
/// <param name="time">Where time comes from.</param>
public sealed class StarterEvaluation(Checkpoint checkpoint, SamplingSettings settings, TimeProvider time)
{
    private const int Batch = 20;
    private const int GuidancePrompts = 40;
    private const int BrightnessPictures = 20;

    /// <summary>Runs everything; the same seed asks for the same pictures.</summary>
    /// <param name="singles">Number of prompts for one shape.</param>
    /// <param name="pairs">Number of prompts for two shapes.</param>
    /// <param name="seed">Chooses prompts and seeds.</param>
    /// <param name="progress">Gets the share done, 0 to 1.</param>
    /// <param name="cancellationToken">Stops between two batches.</param>
    public EvaluationReport Run(int singles, int pairs, int seed, IProgress<double>? progress, CancellationToken cancellationToken)
    {
        var random = new Random(seed);
        List<EvaluationPrompt> single = [.. Enumerable.Range(0, singles).Select(_ => EvaluationPrompt.OneShape(random))];
        List<EvaluationPrompt> pair = [.. Enumerable.Range(0, pairs).Select(_ => EvaluationPrompt.TwoShapes(random))];
        List<EvaluationPrompt> some = [.. single.Take(GuidancePrompts)];
        var all = (double)singles + pairs + (3 * some.Count) + (2 * BrightnessPictures);
        var done = 0;
        var singleScores = Score(single, settings);
        var pairScores = Score(pair, settings);
        var byGuidance = new Dictionary<string, double>();
        foreach (var guidance in (double[])[1, 2, settings.Guidance * 2])
        {
            byGuidance.Add($"{guidance:0.#}", Share(Score(some, settings with { Guidance = guidance }), s => s.All));
        }

        byGuidance.Add($"{settings.Guidance:0.#}", Share([.. singleScores.Take(GuidancePrompts)], s => s.All));
        return new EvaluationReport
        {
            Singles = singles,
            Background = Share(singleScores, s => s.Background),
            Color = Share(singleScores, s => s.Color),
            Shape = Share(singleScores, s => s.Shape),
            SingleAll = Share(singleScores, s => s.All),
            Pairs = pairs,
            PairBoth = Share(pairScores, s => s.Shapes),
            PairPlaced = Share(pairScores, s => s.Placed),
            PairBackground = Share(pairScores, s => s.Background),
            SingleAllByGuidance = byGuidance,
            BrightnessWithoutWhite = Brightness("white background"),
            BrightnessWithoutBlack = Brightness("black background"),
            SecondsPerPicture = Time(),
            Wrong = [.. singleScores.Where(s => !s.All).Concat(pairScores.Where(s => !s.Placed)).Select(Describe)],
        };

        List<EvaluationScore> Score(List<EvaluationPrompt> prompts, SamplingSettings with)
        {
            var sampler = new PromptSampler(checkpoint, with);
            var scores = new List<EvaluationScore>();
            foreach (var part in prompts.Chunk(Batch))
            {
                cancellationToken.ThrowIfCancellationRequested();
                using var scope = NewDisposeScope();
                var pictures = sampler.Draw([.. part.Select(p => (p.Text, p.Seed))]);
                scores.AddRange(part.Select((p, i) => new EvaluationScore(p, PictureAnalysis.Analyse(pictures[i]))));
                done += part.Length;
                progress?.Report(done / all);
            }

            return scores;
        }

        double Brightness(string negative)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var pictures = new PromptSampler(checkpoint, settings).Draw([.. Enumerable.Range(0, BrightnessPictures).Select(i => ("a circle", (ulong)(seed + i)))], negative);
            done += BrightnessPictures;
            progress?.Report(done / all);
            return ((pictures.mean() + 1) / 2).item<float>();
        }
    }

    private double Time()
    {
        using var scope = NewDisposeScope();
        var start = time.GetTimestamp();
        new PromptSampler(checkpoint, settings).Draw([("a red circle on a blue background", 1)]);
        return time.GetElapsedTime(start).TotalSeconds;
    }

    private static double Share(List<EvaluationScore> scores, Func<EvaluationScore, bool> isRight) =>
        scores.Count == 0 ? 0 : (double)scores.Count(isRight) / scores.Count;

    private static string Describe(EvaluationScore score)
    {
        var found = score.Found.Shapes.Take(3).Select(s => $"{s.Color} {s.Shape.ToString().ToLowerInvariant()} at {s.X:0.00} {s.Y:0.00}");
        return $"{score.Prompt.Text} (seed {score.Prompt.Seed}): {string.Join(" and ", found)} on {score.Found.Background}";
    }
}
