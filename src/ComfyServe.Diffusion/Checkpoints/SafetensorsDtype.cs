using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Checkpoints;

/// <summary>An element type as safetensors names it.</summary>
/// <param name="Name">The name in the header, such as <c>F16</c>.</param>
/// <param name="Size">Bytes per element.</param>
/// <param name="ScalarType">The same type in TorchSharp, or null where it has none.</param>
public sealed record SafetensorsDtype(string Name, int Size, ScalarType? ScalarType)
{
    private static readonly SafetensorsDtype[] Known =
    [
        new("F64", 8, TorchSharp.torch.ScalarType.Float64),
        new("F32", 4, TorchSharp.torch.ScalarType.Float32),
        new("F16", 2, TorchSharp.torch.ScalarType.Float16),
        new("BF16", 2, TorchSharp.torch.ScalarType.BFloat16),
        new("I64", 8, TorchSharp.torch.ScalarType.Int64),
        new("I32", 4, TorchSharp.torch.ScalarType.Int32),
        new("I16", 2, TorchSharp.torch.ScalarType.Int16),
        new("I8", 1, TorchSharp.torch.ScalarType.Int8),
        new("U8", 1, TorchSharp.torch.ScalarType.Byte),
        new("BOOL", 1, TorchSharp.torch.ScalarType.Bool),

        // Known by size, so that a file that holds some still opens; reading such a tensor is refused.
        new("U16", 2, null),
        new("U32", 4, null),
        new("U64", 8, null),
        new("F8_E4M3", 1, null),
        new("F8_E5M2", 1, null),
        new("C64", 8, null),
    ];

    /// <summary>Finds a type by its name in the header; null when there is none.</summary>
    public static SafetensorsDtype? Find(string name) => Array.Find(Known, d => d.Name == name);

    /// <summary>Finds the name for a TorchSharp type.</summary>
    /// <exception cref="CheckpointException">safetensors has no name for it.</exception>
    public static SafetensorsDtype Of(ScalarType type) =>
        Array.Find(Known, d => d.ScalarType == type)
        ?? throw new CheckpointException($"element type '{type}' cannot be stored in a safetensors file");

    /// <inheritdoc/>
    public override string ToString() => Name;
}
