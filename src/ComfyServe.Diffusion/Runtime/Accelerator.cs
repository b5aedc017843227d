using System.Reflection;
using TorchSharp;

namespace ComfyServe.Diffusion.Runtime;

/// <summary>What else than the processor this program was built to compute on: the build property <c>Accelerator</c>.</summary>
public static class Accelerator
{
    private const string Cuda = "cuda";

    /// <summary>The build property's value, <c>cpu</c> or <c>cuda</c>.</summary>
    public static string BuiltFor { get; } =
        typeof(Accelerator).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(static a => a.Key == nameof(Accelerator)).Value!;

    /// <summary>Whether libtorch's CUDA libraries came with this program.</summary>
    public static bool UsesGpu => BuiltFor == Cuda;

    /// <summary>Whether they came with it and found a GPU. The libtorch of the processor's build is not asked.</summary>
    public static bool IsThere()
    {
        if (!UsesGpu)
        {
            return false;
        }

        TorchRuntime.Initialize();
        return torch.cuda.is_available();
    }
}
