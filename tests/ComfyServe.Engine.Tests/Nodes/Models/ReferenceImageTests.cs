using System.Globalization;
using System.Text.RegularExpressions;
using ComfyServe.Diffusion.Checkpoints;
using ComfyServe.Engine.Images;
using ComfyServe.Engine.Nodes.Values;
using ComfyServe.Testing;
using static TorchSharp.torch;

namespace ComfyServe.Engine.Tests.Nodes.Models;

/// <summary>ComfyUI's default workflow with the reference checkpoint, from prompt to PNG: every recorded picture.</summary>
[Trait("kind", "comparison")]
public sealed partial class ReferenceImageTests(ReferenceModels models)
{
    private const double Tolerance = 1e-3;
    private const double WithinOneStep = 0.999;

    public static TheoryData<string> Pictures()
    {
        var folder = RecordedData.Golden();
        const string Recorded = "default_*.safetensors";
        var files = Directory.Exists(folder) ? Directory.GetFiles(folder, Recorded) : [];
        return files.Length > 0
            ? [.. files.Select(f => Path.GetFileNameWithoutExtension(f)!).Order(StringComparer.Ordinal)]
            : [new TheoryDataRow<string>(Recorded) { Skip = RecordedData.Missing(Recorded) }];
    }

    [Theory]
    [MemberData(nameof(Pictures))]
    public void Workflow_RecordedPicture_GivesTheSame(string name)
    {
        Assert.SkipUnless(RecordedData.IsFull, ReferenceModels.Skipped);
        var parts = Form().Match(name);
        Assert.SkipWhen(RecordedData.Missing($"{name}.png") is not null, RecordedData.Missing($"{name}.png") ?? "");
        Assert.SkipUnless(parts.Success, $"'{name}' is a kind of run that is not built");
        using var scope = NewDisposeScope();
        using var golden = new RecordedTensors($"{name}.safetensors");
        using var file = SafetensorsFile.Open(RecordedData.Golden($"{name}.safetensors"));

        var empty = models.Run<Latent>("EmptyLatentImage", ("width", Number(parts, "width")), ("height", Number(parts, "height")), ("batch_size", 1L));
        var latent = models.Run<Latent>(
            "KSampler",
            ("seed", ulong.Parse(parts.Groups["seed"].Value, CultureInfo.InvariantCulture)),
            ("steps", Number(parts, "steps")),
            ("cfg", double.Parse(parts.Groups["cfg"].Value, CultureInfo.InvariantCulture)),
            ("sampler_name", parts.Groups["sampler"].Value),
            ("scheduler", parts.Groups["scheduler"].Value),
            ("positive", models.Encode(file.Metadata["positive"])),
            ("negative", models.Encode(file.Metadata["negative"])),
            ("latent_image", empty),
            ("denoise", 1.0));
        var image = models.Run<ImageBatch>("VAEDecode", ("samples", latent));
        var saved = models.Run<Ui>("SaveImage", ("images", image), ("filename_prefix", name), ("prompt", null), ("extra_pnginfo", null));

        Compare(golden["latent"], latent.Samples, "latent");
        Compare(golden["image_nhwc"], image.Tensor, "image");
        var written = saved.Content["images"]!.AsArray()[0]!.AsObject();
        var share = ShareWithinOne(
            Pixels(RecordedData.Golden($"{name}.png")),
            Pixels(Path.Combine(models.Context.Folders.Output, (string)written["filename"]!)));
        TestContext.Current.TestOutputHelper?.WriteLine($"PNG: {share:P3} of channels within 1 of 255");
        Assert.True(share >= WithinOneStep, $"only {share:P3} of the PNG's channels are within 1 of 255");
    }

    private static long Number(Match match, string group) => long.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture);

    private static void Compare(Tensor expected, Tensor actual, string what)
    {
        var error = RecordedTensors.Error(expected, actual);
        TestContext.Current.TestOutputHelper?.WriteLine($"{what}: relative error {error:E2}");
        Assert.True(error <= Tolerance, $"{what}: relative error {error:E2}, allowed {Tolerance:E1}");
    }

    private static byte[] Pixels(string path) => ImageDecoder.Decode(File.ReadAllBytes(path), path, new ImageLimits()).Frames[0].Rgb;

    private static double ShareWithinOne(byte[] expected, byte[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        return expected.Zip(actual).Count(pair => Math.Abs(pair.First - pair.Second) <= 1) / (double)expected.Length;
    }

    [GeneratedRegex(
        @"^default_(?<width>\d+)x(?<height>\d+)_(?<steps>\d+)steps_seed(?<seed>\d+)_(?<sampler>\w+)_(?<scheduler>[a-z]+)_cfg(?<cfg>[\d.]+)$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Form();
}
