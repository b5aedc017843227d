using System.Diagnostics;
using ComfyServe.Diffusion.Runtime;
using ComfyServe.Diffusion.Tests.Checkpoints;
using Microsoft.Extensions.Time.Testing;
using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Tests.Runtime;

/// <summary>Issue 11: bf16 was chosen because the processor has instructions for it, also where it is slower or wrong.</summary>
public sealed class FormatTrialTests
{
    private static readonly TimeSpan MostTime = TimeSpan.FromMinutes(3);

    static FormatTrialTests() => TorchRuntime.Initialize();

    [Theory]
    [InlineData(1, 3, "fp32")]
    [InlineData(3, 1, "bf16")]
    [InlineData(1, 50, "fp32")]
    [InlineData(50, 1, "bf16")]
    [InlineData(1, 1, "fp32")] // a tie: the exact one
    public void Choose_FormatsOfDifferentSpeed_TakesTheFaster(double fp32, double bf16, string chosen)
    {
        var verdicts = new KernelVerdicts();

        var choice = ComputeFormats.Choose(verdicts, hasGpu: false, Trial(fp32, bf16, verdicts));

        Assert.Equal(chosen, choice.Format.Name);
        Assert.Equal(choice, verdicts.Choice);
    }

    [Fact]
    public void Choose_FasterFormatThatComputesWrong_IsNotTaken()
    {
        var verdicts = new KernelVerdicts();

        var choice = ComputeFormats.Choose(verdicts, hasGpu: false, Trial(9, 1, verdicts, wrong: ScalarType.BFloat16));

        Assert.Equal(ComputeFormat.Fp32, choice.Format);
        Assert.Contains("bf16 computes wrong", choice.Reason, StringComparison.Ordinal);
    }

    /// <summary>Outside of what kernels are checked for (attention, norms), the network's own result shows it.</summary>
    [Fact]
    public void Choose_ResultFarFromFp32WithKernelsThatPass_IsNotTaken()
    {
        var clock = new FakeTimeProvider();
        var trial = new FormatTrial(f => new TimedKernels(clock, 9, 1, f == ComputeFormat.Bf16 ? f.Dtype : null), clock);

        var choice = ComputeFormats.Choose(new KernelVerdicts(), hasGpu: false, trial);

        Assert.Equal(ComputeFormat.Fp32, choice.Format);
    }

    [Fact]
    public void Choose_SecondTime_IsRememberedInTheFileAndNotMeasured()
    {
        using var folder = new TemporaryFolder();
        var first = new KernelVerdicts(folder["kernels.txt"]);
        var choice = ComputeFormats.Choose(first, hasGpu: false, Trial(3, 1, first));

        var again = ComputeFormats.Choose(new KernelVerdicts(folder["kernels.txt"]), hasGpu: false, new FormatTrial(_ => throw new InvalidOperationException(), TimeProvider.System));

        Assert.Equal(choice, again);
    }

    [Fact]
    public void Choose_FormatFoundWrongAfterItWasChosen_IsFp32FromThenOn()
    {
        var verdicts = new KernelVerdicts();
        ComputeFormats.Choose(verdicts, hasGpu: false, Trial(3, 1, verdicts));

        verdicts.Add(new KernelShape(true, ScalarType.BFloat16, 4, 4, 3, 1, 1, 1, 8, 8), isRight: false, error: 0.3);

        Assert.Equal(ComputeFormat.Fp32, ComputeFormats.Choose(verdicts, hasGpu: false, Trial(3, 1, verdicts)).Format);
        Assert.Equal(ComputeFormat.Fp32, verdicts.Choice!.Format);
    }

    /// <summary>Really measured, with the kernels of this machine.</summary>
    [Fact]
    public void Choose_ThisMachine_IsAFormatOfWhichNothingIsWrong()
    {
        var verdicts = new KernelVerdicts();

        var choice = ComputeFormats.Choose(verdicts);

        TestContext.Current.TestOutputHelper?.WriteLine($"{KernelVerdicts.Machine()}: {choice.Format.Name}, {choice.Reason}");
        Assert.True(choice.Format == ComputeFormat.Fp32 || !verdicts.HasWrong(choice.Format.Dtype));
        Assert.Equal(choice, verdicts.Choice);
    }

    /// <summary>The same on a processor without AVX-512: the libraries are held to AVX2, which they read when they load.</summary>
    [Fact]
    public async Task Choose_ProcessorHeldToAvx2_IsMeasuredAnewAndRight()
    {
        Assert.SkipWhen(Environment.GetEnvironmentVariable("ONEDNN_MAX_CPU_ISA") is not null, "this is the child of that test");
        var start = new ProcessStartInfo(Environment.ProcessPath!, ["--filter-method", $"*.{nameof(Choose_ThisMachine_IsAFormatOfWhichNothingIsWrong)}", "--output", "Detailed"])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            Environment = { ["ONEDNN_MAX_CPU_ISA"] = "AVX2", ["ATEN_CPU_CAPABILITY"] = "avx2" },
        };
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(MostTime);

        using var child = Process.Start(start)!;
        var output = await child.StandardOutput.ReadToEndAsync(deadline.Token);
        await child.WaitForExitAsync(deadline.Token);

        TestContext.Current.TestOutputHelper?.WriteLine(output);
        Assert.True(child.ExitCode == 0, output);
        Assert.Contains("ONEDNN_MAX_CPU_ISA=AVX2", output, StringComparison.Ordinal);
    }

    private static FormatTrial Trial(double fp32, double bf16, KernelVerdicts verdicts, ScalarType? wrong = null)
    {
        var clock = new FakeTimeProvider();
        return new FormatTrial(_ => new CheckedKernels(new TimedKernels(clock, fp32, bf16, wrong), verdicts), clock);
    }

    /// <summary>Kernels of which each call takes so many milliseconds of a clock, and which are wrong in one format.</summary>
    private sealed class TimedKernels(FakeTimeProvider clock, double fp32, double bf16, ScalarType? wrong) : Kernels
    {
        public override Tensor Conv2d(Tensor x, Tensor weight, Tensor bias, long[] strides, long[] padding) =>
            Take(base.Conv2d(x.to(float32).contiguous(), weight.to(float32).contiguous(), bias.to(float32), strides, padding).to(x.dtype));

        public override Tensor Linear(Tensor x, Tensor weight, Tensor? bias) =>
            Take(base.Linear(x.to(float32), weight.to(float32), bias?.to(float32)).to(x.dtype));

        private Tensor Take(Tensor result)
        {
            clock.Advance(TimeSpan.FromMilliseconds(result.dtype == ScalarType.BFloat16 ? bf16 : fp32));
            return result.dtype == wrong ? result.mul_(1.5) : result;
        }
    }
}
