using TorchSharp;

namespace ComfyServe.Engine.Execution;

/// <summary>What a result holds in the ledger.</summary>
/// <param name="Tensors">Its tensors.</param>
/// <param name="TextBytes">The bytes of its texts.</param>
internal sealed record HeldMemory(IReadOnlyList<torch.Tensor> Tensors, long TextBytes)
{
    /// <summary>Nothing.</summary>
    public static HeldMemory None { get; } = new([], 0);
}
