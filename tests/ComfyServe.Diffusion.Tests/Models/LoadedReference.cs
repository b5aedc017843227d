using ComfyServe.Diffusion.Checkpoints;
using ComfyServe.Diffusion.Runtime;
using ComfyServe.Diffusion.Tests.Checkpoints;

namespace ComfyServe.Diffusion.Tests.Models;

/// <summary>The reference checkpoint in fp32, loaded when the first test asks for it.</summary>
public sealed class LoadedReference : IDisposable
{
    public const string Skipped = "loads the 2 GB reference checkpoint; set COMFYSERVE_TEST_FULL=1";

    private readonly Lazy<Checkpoint> _checkpoint = new(() => Checkpoint.Load(ReferenceFile.GetPath(), ComputeFormat.Fp32));

    internal Checkpoint Checkpoint => _checkpoint.Value;

    public void Dispose()
    {
        if (_checkpoint.IsValueCreated)
        {
            _checkpoint.Value.Dispose();
        }
    }
}
