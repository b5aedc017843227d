using System.Globalization;
using System.Text.RegularExpressions;
using ComfyServe.Engine.Nodes;
using ComfyServe.Engine.Nodes.Models;
using ComfyServe.Engine.Nodes.Schema;
using ComfyServe.Engine.Nodes.Values;
using ComfyServe.Testing;
using static TorchSharp.torch;

namespace ComfyServe.Engine.Tests.Nodes.Models;

/// <summary>Every run of ComfyUI's KSampler nodes that was recorded with the reference checkpoint, through our nodes.</summary>
[Trait("kind", "comparison")]
public sealed partial class ReferenceSamplingTests(ReferenceModels models)
{
    private const double Tolerance = 1e-3;
    private const string Positive = "beautiful scenery nature glass bottle landscape, , purple galaxy bottle,";
    private const string Negative = "text, watermark";
    private static readonly HashSet<string> Inputs = ["init_latent", "mask"];

    public static TheoryData<string> Runs()
    {
        string[] files = ["sampling_variants.safetensors", "samplers_8x8_seed42_cfg8_steps4.safetensors"];
        return
        [
            .. from file in files
               from name in RecordedTensors.Names(file)
               where !Inputs.Contains(name) && !name.Contains("/step", StringComparison.Ordinal)
               select new TheoryDataRow<string>($"{file}: {name}"),
            .. from file in files
               where RecordedData.Missing(file) is not null
               select new TheoryDataRow<string>(file) { Skip = RecordedData.Missing(file) },
        ];
    }

    [Theory]
    [MemberData(nameof(Runs))]
    public void KSampler_RecordedRun_GivesTheSame(string run)
    {
        Assert.SkipUnless(RecordedData.IsFull, ReferenceModels.Skipped);
        var (file, name) = (run[..run.IndexOf(':', StringComparison.Ordinal)], run[(run.IndexOf(' ', StringComparison.Ordinal) + 1)..]);
        using var scope = NewDisposeScope();
        using var golden = new RecordedTensors(file);
        var parts = Form().Match(name);
        Assert.SkipUnless(parts.Success, $"'{name}' is a kind of run that is not built");
        var inputs = Settings(parts, golden);
        var steps = new RecordedSteps(golden, name[..(name.LastIndexOf('/') + 1)], Tolerance);
        var context = new NodeContext { Folders = models.Context.Folders, Models = models.Context.Models, Listener = steps };

        var result = models.Run<Latent>(context, parts.Groups["start"].Success ? "KSamplerAdvanced" : "KSampler", inputs);

        var error = RecordedTensors.Error(golden[name], result.Samples);
        TestContext.Current.TestOutputHelper?.WriteLine($"{name}: relative error {error:E2}");
        Assert.True(error <= Tolerance, $"{name}: relative error {error:E2}, allowed {Tolerance:E1}");
        Assert.Empty(steps.Wrong);
    }

    private (string Name, object? Value)[] Settings(Match parts, RecordedTensors golden)
    {
        var (sampler, scheduler) = (parts.Groups["sampler"].Value, parts.Groups["scheduler"].Value);
        RequireChoice("sampler_name", sampler);
        RequireChoice("scheduler", scheduler);
        var steps = parts.Groups["steps"].Success ? long.Parse(parts.Groups["steps"].Value, CultureInfo.InvariantCulture) : 4;
        var kind = parts.Groups["kind"].Value;
        var latent = new Latent { Samples = StartsFromLatent(parts) ? golden["init_latent"] : zeros(BatchOf(parts), 4, 8, 8) };
        if (kind == "inpaint_noise_mask")
        {
            latent = models.Run<Latent>("SetLatentNoiseMask", ("samples", latent), ("mask", new Mask(golden["mask"])));
        }

        List<(string, object?)> inputs =
        [
            ("steps", steps),
            ("cfg", parts.Groups["cfg"].Success ? double.Parse(parts.Groups["cfg"].Value, CultureInfo.InvariantCulture) : 8.0),
            ("sampler_name", sampler),
            ("scheduler", scheduler),
            ("positive", kind.StartsWith("cond", StringComparison.Ordinal) ? Conditioned(parts.Groups["cond"].Value, golden) : models.Encode(Positive)),
            ("negative", models.Encode(Negative)),
            ("latent_image", latent),
        ];
        if (parts.Groups["start"].Success)
        {
            inputs.AddRange(
            [
                ("noise_seed", 42UL),
                ("add_noise", parts.Groups["noise"].Success ? "enable" : "disable"),
                ("start_at_step", long.Parse(parts.Groups["start"].Value, CultureInfo.InvariantCulture)),
                ("end_at_step", long.Parse(parts.Groups["end"].Value, CultureInfo.InvariantCulture)),
                ("return_with_leftover_noise", "enable"),
            ]);
        }
        else
        {
            inputs.Add(("seed", 42UL));
            inputs.Add(("denoise", parts.Groups["denoise"].Success ? double.Parse(parts.Groups["denoise"].Value, CultureInfo.InvariantCulture) : 1.0));
        }

        return [.. inputs];
    }

    private static bool StartsFromLatent(Match parts) =>
        parts.Groups["denoise"].Success || parts.Groups["start"].Success || parts.Groups["kind"].Value == "inpaint_noise_mask";

    private static long BatchOf(Match parts) =>
        parts.Groups["batch"].Success ? long.Parse(parts.Groups["batch"].Value, CultureInfo.InvariantCulture) : 1;

    private static void RequireChoice(string input, string value)
    {
        Assert.True(NodeCatalogue.BuiltIn.TryGet("KSampler", out var node));
        Assert.SkipUnless(node.InputsByName[input].Choices!(null!).Contains(value), $"the {input} '{value}' is not built");
    }

    /// <summary>The conditionings that the names stand for: see tests/data/golden/README.md.</summary>
    private Conditioning Conditioned(string kind, RecordedTensors golden)
    {
        var (cat, dog) = (models.Encode("a photo of a cat"), models.Encode("a dog"));
        if (kind.StartsWith("average", StringComparison.Ordinal))
        {
            var strength = double.Parse(kind["average".Length..], CultureInfo.InvariantCulture);
            return models.Run<Conditioning>(
                "ConditioningAverage", ("conditioning_to", cat), ("conditioning_from", dog), ("conditioning_to_strength", strength));
        }

        switch (kind)
        {
            case "concat":
                return models.Run<Conditioning>("ConditioningConcat", ("conditioning_to", cat), ("conditioning_from", dog));
            case "area+full":
                var placed = models.Run<Conditioning>(
                    "ConditioningSetArea", ("conditioning", cat), ("width", 32L), ("height", 64L), ("x", 0L), ("y", 32L), ("strength", 0.7));
                return models.Run<Conditioning>("ConditioningCombine", ("conditioning_1", placed), ("conditioning_2", dog));
            case "mask+full":
                var masked = models.Run<Conditioning>(
                    "ConditioningSetMask", ("conditioning", cat), ("mask", new Mask(golden["mask"])), ("strength", 0.8), ("set_cond_area", "default"));
                return models.Run<Conditioning>("ConditioningCombine", ("conditioning_1", masked), ("conditioning_2", dog));
            case "timestep_range":
                var early = models.Run<Conditioning>("ConditioningSetTimestepRange", ("conditioning", cat), ("start", 0.0), ("end", 0.5));
                var late = models.Run<Conditioning>("ConditioningSetTimestepRange", ("conditioning", dog), ("start", 0.5), ("end", 1.0));
                return models.Run<Conditioning>("ConditioningCombine", ("conditioning_1", early), ("conditioning_2", late));
        }

        Assert.Skip($"the conditioning '{kind}' is not known");
        throw new InvalidOperationException();
    }

    [GeneratedRegex(
        @"^(?:(?<kind>advanced_start(?<start>\d+)_end(?<end>\d+)(?<noise>_addnoise)?|batch(?<batch>\d+)|cfg(?<cfg>[\d.]+)|cond/(?<cond>[^/]+)|img2img_denoise(?<denoise>[\d.]+)|inpaint_noise_mask|scheduler|trace)/)?(?<sampler>\w+)/(?<scheduler>\w+)/(?:(?<steps>\d+)|out)$",
        RegexOptions.None,
        1000)]
    private static partial Regex Form();
}
