using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Text;

/// <summary>An encoded prompt.</summary>
/// <param name="Hidden">Float32, [1, 77·n, C]: the chunks one after another.</param>
/// <param name="Pooled">Float32, [1, C]: of the first chunk.</param>
public sealed record TextEncoding(Tensor Hidden, Tensor Pooled);
