using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Text;

/// <summary>What a text encoder gives for a batch of chunks.</summary>
/// <param name="Hidden">[B, 77, C].</param>
/// <param name="Pooled">[B, C]: each chunk's state at its first end token.</param>
public sealed record TextStates(Tensor Hidden, Tensor Pooled);
