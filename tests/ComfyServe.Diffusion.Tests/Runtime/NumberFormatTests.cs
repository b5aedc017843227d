using ComfyServe.Diffusion.Checkpoints;
using ComfyServe.Diffusion.Runtime;
using ComfyServe.Diffusion.Tests.Checkpoints;
using ComfyServe.Diffusion.Tests.Models;
using ComfyServe.Testing;
using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Tests.Runtime;

/// <summary>How far bf16 with NHWC strides is from fp32 on the reference checkpoint, and what loading takes.</summary>
[Collection(nameof(NumberFormatTests))]
[CollectionDefinition(nameof(NumberFormatTests), DisableParallelization = true)]
public sealed class NumberFormatTests
{
    private const double Allowed = 0.03;
    private const double AllowedPeak = 1.3;
    private const string Skipped = "loads the 2 GB reference checkpoint; set COMFYSERVE_TEST_FULL=1";

    [Fact]
    public void Bf16_ReferenceCheckpoint_IsNearFp32()
    {
        Assert.SkipUnless(RecordedData.IsFull, Skipped);
        Assert.SkipUnless(ComputeFormats.MultipliesBf16(), "this processor has no instructions for bf16");
        using var scope = NewDisposeScope();
        using var mode = inference_mode();
        var warnings = new List<string>();
        var exact = Results(ComputeFormat.Fp32, warnings);
        var quick = Results(ComputeFormat.Bf16, warnings);

        foreach (var (name, expected) in exact)
        {
            var error = TensorAssert.Error(expected, quick[name]);
            TestContext.Current.TestOutputHelper?.WriteLine($"bf16 against fp32, {name}: relative error {error:P2}");
            Assert.True(error <= Allowed, $"{name}: relative error {error:P2}, allowed {Allowed:P0}");
        }

        Assert.Empty(warnings);
    }

    [Fact]
    public void Load_ReferenceCheckpoint_PeaksLittleAboveWhatStays()
    {
        Assert.SkipUnless(RecordedData.IsFull, Skipped);
        Assert.SkipUnless(OperatingSystem.IsLinux(), "reads /proc");
        var path = ReferenceFile.GetPath();
        MemoryRoom.Trim();
        File.WriteAllText("/proc/self/clear_refs", "5"); // resets the peak
        var before = Kilobytes("VmRSS");

        using var checkpoint = Checkpoint.Load(path, ComputeFormat.Bf16);

        var (resident, peak) = (Kilobytes("VmRSS") - before, Kilobytes("VmHWM") - before);
        TestContext.Current.TestOutputHelper?.WriteLine($"loading in bf16: {resident >> 10} MB stay, peak {peak >> 10} MB, weights {checkpoint.ByteSize >> 20} MB");
        Assert.True(peak <= AllowedPeak * resident, $"the peak of {peak >> 10} MB is more than {AllowedPeak} × the {resident >> 10} MB that stay");
        Assert.True(peak <= AllowedPeak * (checkpoint.ByteSize >> 10), $"the peak of {peak >> 10} MB is more than {AllowedPeak} × the weights");
    }

    private static Dictionary<string, Tensor> Results(ComputeFormat format, List<string> warnings)
    {
        using var checkpoint = Checkpoint.Load(ReferenceFile.GetPath(), format, verdicts: new KernelVerdicts(null, warnings.Add));
        using var generator = new Generator(11);
        var ids = arange(0, 77, ScalarType.Int64).unsqueeze(0) * 401;
        var latent = randn(1, 4, 16, 16, generator: generator);
        var context = checkpoint.TextEncoder.Forward(ids).Hidden;
        return new Dictionary<string, Tensor>
        {
            ["CLIP"] = context,
            ["UNet"] = checkpoint.Unet.Forward(randn(2, 4, 16, 16, generator: generator), full([2], 500f), randn(2, 77, 768, generator: generator)),
            ["VAE decode"] = checkpoint.Vae.DecodeImage(latent),
            ["VAE encode"] = checkpoint.Vae.Encode(rand(1, 64, 64, 3, generator: generator)),
        };
    }

    private static long Kilobytes(string field) => long.Parse(
        File.ReadLines("/proc/self/status").Single(line => line.StartsWith($"{field}:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]);
}
