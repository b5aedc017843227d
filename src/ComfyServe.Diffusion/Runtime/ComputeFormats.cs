using System.Runtime.Intrinsics.X86;

namespace ComfyServe.Diffusion.Runtime;

/// <summary>Chooses the number format for a machine.</summary>
public static class ComputeFormats
{
    /// <summary>As <see cref="Choose(KernelVerdicts?)"/>, without the reason.</summary>
    /// <param name="verdicts">What the kernel self-test found on this machine; null: what it remembers of it.</param>
    public static ComputeFormat ForThisMachine(KernelVerdicts? verdicts = null) => Choose(verdicts).Format;

    /// <summary>The fastest of the formats that this machine computes right: fp16 on a GPU, bf16 or fp32.</summary>
    /// <remarks>
    /// Measured once per processor, library and number of threads, in about a second, and remembered with the verdicts.
    /// A format of which a shape was found to come out wrong is not chosen, also where that is found later.
    /// </remarks>
    /// <param name="verdicts">What the kernel self-test found on this machine; null: what it remembers of it.</param>
    public static FormatChoice Choose(KernelVerdicts? verdicts = null)
    {
        TorchRuntime.Initialize();
        var known = verdicts ?? KernelVerdicts.ForThisMachine();
        return Choose(known, Accelerator.IsThere(), new FormatTrial(_ => new CheckedKernels(Kernels.Torch, known), TimeProvider.System));
    }

    /// <summary>As the public form, with what is tried and how.</summary>
    internal static FormatChoice Choose(KernelVerdicts verdicts, bool hasGpu, FormatTrial trial)
    {
        if (verdicts.Choice is { } known && !verdicts.HasWrong(known.Format.Dtype))
        {
            return known;
        }

        ComputeFormat[] all = hasGpu ? [ComputeFormat.Fp32, ComputeFormat.Bf16, ComputeFormat.Fp16Cuda] : [ComputeFormat.Fp32, ComputeFormat.Bf16];
        ComputeFormat[] candidates = [.. all.Where(f => f == ComputeFormat.Fp32 || !verdicts.HasWrong(f.Dtype))];
        var timings = candidates.Length == 1 ? [new FormatTiming(ComputeFormat.Fp32, null, IsRight: true)] : trial.Run(candidates);
        var wrong = all.Where(f => verdicts.HasWrong(f.Dtype) && f != ComputeFormat.Fp32).ToList();
        var choice = FormatChoice.Of([.. timings.Where(t => !wrong.Contains(t.Format)), .. wrong.Select(static f => new FormatTiming(f, null, IsRight: false))]);
        verdicts.Remember(choice);
        return choice;
    }

    /// <summary>Whether the processor has AMX_BF16 (Intel SDM volume 2A, CPUID leaf 7, EDX bit 22).</summary>
    internal static bool HasAmx { get; } = HasAvx512() && (X86Base.CpuId(7, 0).Edx & (1 << 22)) != 0;

    /// <summary>Whether the processor has AVX512_BF16 (CPUID leaf 7, subleaf 1, EAX bit 5) or AMX_BF16.</summary>
    internal static bool MultipliesBf16() => HasAmx || (HasAvx512() && (X86Base.CpuId(7, 1).Eax & (1 << 5)) != 0);

    // Avx512F.IsSupported also says that the operating system keeps the registers.
    private static bool HasAvx512() => X86Base.IsSupported && Avx512F.IsSupported;
}
