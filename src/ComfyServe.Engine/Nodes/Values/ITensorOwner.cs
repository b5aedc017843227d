using TorchSharp;

namespace ComfyServe.Engine.Nodes.Values;

/// <summary>
/// A value whose tensors live as long as the engine caches it. The executor runs each node inside a dispose scope,
/// lifts the tensors of the results out of it, and disposes of them when no cached value names them any more.
/// </summary>
public interface ITensorOwner
{
    /// <summary>Every tensor that the value needs.</summary>
    IEnumerable<torch.Tensor> Tensors { get; }
}
