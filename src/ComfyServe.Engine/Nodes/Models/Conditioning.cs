using ComfyServe.Diffusion.Guidance;
using ComfyServe.Engine.Nodes.Schema;
using ComfyServe.Engine.Nodes.Values;
using TorchSharp;

namespace ComfyServe.Engine.Nodes.Models;

/// <summary>Encoded prompts, with where, when and how strongly each applies.</summary>
/// <param name="Entries">At least one.</param>
[NodeType("CONDITIONING")]
public sealed record Conditioning(IReadOnlyList<ConditioningEntry> Entries) : ITensorOwner
{
    /// <inheritdoc />
    public IEnumerable<torch.Tensor> Tensors => Entries.SelectMany(static entry => entry.Tensors);

    /// <summary>Changes every entry.</summary>
    internal Conditioning Map(Func<ConditioningEntry, ConditioningEntry> change) => new([.. Entries.Select(change)]);
}
