using System.Runtime.Intrinsics.X86;
using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Runtime;

/// <summary>Chooses the number format for a machine.</summary>
public static class ComputeFormats
{
    /// <summary>fp16 on the GPU where this program was built for one and there is one; else bf16 where the processor multiplies it in hardware (AVX512_BF16 or AMX) and no shape of it was found to come
    /// out wrong, else fp32.</summary>
    /// <param name="verdicts">What the kernel self-test found on this machine; null: what it remembers of it.</param>
    public static ComputeFormat ForThisMachine(KernelVerdicts? verdicts = null)
    {
        if (Accelerator.IsThere())
        {
            return ComputeFormat.Fp16Cuda;
        }

        return MultipliesBf16() && !(verdicts ?? KernelVerdicts.ForThisMachine()).HasWrong(ScalarType.BFloat16) ? ComputeFormat.Bf16 : ComputeFormat.Fp32;
    }

    /// <summary>Whether the processor has AMX_BF16 (Intel SDM volume 2A, CPUID leaf 7, EDX bit 22).</summary>
    internal static bool HasAmx { get; } = HasAvx512() && (X86Base.CpuId(7, 0).Edx & (1 << 22)) != 0;

    /// <summary>Whether the processor has AVX512_BF16 (CPUID leaf 7, subleaf 1, EAX bit 5) or AMX_BF16.</summary>
    internal static bool MultipliesBf16() => HasAmx || (HasAvx512() && (X86Base.CpuId(7, 1).Eax & (1 << 5)) != 0);

    // Avx512F.IsSupported also says that the operating system keeps the registers.
    private static bool HasAvx512() => X86Base.IsSupported && Avx512F.IsSupported;
}
