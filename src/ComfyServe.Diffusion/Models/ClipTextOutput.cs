using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Models;

/// <summary>What the text encoder makes of a batch of sequences; all fp32 on the CPU.</summary>
/// <param name="Hidden">State of each token after the chosen layer and the final layer norm, [B, N, width].</param>
/// <param name="Pooled">State of the first end token after the last layer and the final layer norm, [B, width].</param>
/// <param name="Projected"><paramref name="Pooled"/> times the text projection, [B, projection]; null where there is none.</param>
public sealed record ClipTextOutput(Tensor Hidden, Tensor Pooled, Tensor? Projected) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose()
    {
        Hidden.Dispose();
        Pooled.Dispose();
        Projected?.Dispose();
    }
}
