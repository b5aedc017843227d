using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Text;

/// <summary>A vector that takes the place of a token's own embedding.</summary>
/// <param name="Chunk">Row of the token batch.</param>
/// <param name="Position">Position in the chunk, 0 to 76.</param>
/// <param name="Vector">The vector, [C].</param>
public sealed record TokenVector(int Chunk, int Position, Tensor Vector);
