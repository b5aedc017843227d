using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Sampling.Samplers;

/// <summary>Holds the tensors that outlive a step's dispose scope, and frees them when the run ends or fails.</summary>
internal sealed class StepMemory : IDisposable
{
    private readonly HashSet<Tensor> _owned = new(ReferenceEqualityComparer.Instance);

    /// <summary>Keeps <paramref name="next"/> beyond the current scope and frees what stood in its place.</summary>
    public Tensor Keep(Tensor? previous, Tensor next)
    {
        // A handle of its own on the same values: next may belong to the caller, or be kept under another name too.
        var kept = next.alias().DetachFromDisposeScope();
        _owned.Add(kept);
        Free(previous);
        return kept;
    }

    /// <summary>Frees a kept tensor; others and null are left alone.</summary>
    public void Free(Tensor? tensor)
    {
        if (tensor is not null && _owned.Remove(tensor))
        {
            tensor.Dispose();
        }
    }

    /// <summary>Hands a tensor over to the caller's scope.</summary>
    public static Tensor Release(Tensor tensor) => tensor.alias();

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in _owned)
        {
            tensor.Dispose();
        }

        _owned.Clear();
    }
}
