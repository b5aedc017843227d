namespace ComfyServe.Diffusion.Checkpoints;

/// <summary>One tensor of a safetensors file: what the header says, checked.</summary>
/// <param name="Name">The tensor's key.</param>
/// <param name="Dtype">The element type.</param>
/// <param name="Shape">The dimensions, empty for a scalar.</param>
/// <param name="Offset">Where the data starts, in bytes from the start of the file.</param>
/// <param name="Length">The data's length in bytes: product of <paramref name="Shape"/> × element size.</param>
public sealed record SafetensorsEntry(string Name, SafetensorsDtype Dtype, IReadOnlyList<long> Shape, long Offset, long Length)
{
    /// <summary>Number of elements.</summary>
    public long Count => Length / Dtype.Size;
}
