using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Text;

/// <summary>One row of a textual inversion embedding.</summary>
/// <param name="Vectors">All vectors of the embedding, [N, C]; owned by whoever resolved the name.</param>
/// <param name="Index">Which row, 0 ≤ index &lt; N.</param>
public sealed record EmbeddingRow(Tensor Vectors, int Index);
