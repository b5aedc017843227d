using System.Collections;
using ComfyServe.Engine.Nodes.Values;
using TorchSharp;

namespace ComfyServe.Engine.Execution;

/// <summary>
/// Counts the results that name a tensor, and disposes of it with the last one: nodes may pass a tensor on as it is.
/// </summary>
/// <remarks>Used from the inference thread only.</remarks>
internal sealed class TensorLedger
{
    private readonly Dictionary<torch.Tensor, int> _holds = new(ReferenceEqualityComparer.Instance);

    /// <summary>Number of tensors held.</summary>
    public int Count => _holds.Count;

    /// <summary>Lifts the tensors of values out of their dispose scopes and holds them.</summary>
    /// <returns>What to <see cref="Release"/> later.</returns>
    public IReadOnlyList<torch.Tensor> Hold(IEnumerable<object?> values)
    {
        var held = new List<torch.Tensor>();
        foreach (var value in values)
        {
            Collect(value, held);
        }

        foreach (var tensor in held)
        {
            tensor.DetachFromDisposeScope();
            _holds[tensor] = _holds.GetValueOrDefault(tensor) + 1;
        }

        return held;
    }

    /// <summary>Lets go of what <see cref="Hold"/> returned.</summary>
    public void Release(IReadOnlyList<torch.Tensor> held)
    {
        foreach (var tensor in held)
        {
            var rest = _holds[tensor] - 1;
            if (rest > 0)
            {
                _holds[tensor] = rest;
            }
            else
            {
                _holds.Remove(tensor);
                tensor.Dispose();
            }
        }
    }

    private static void Collect(object? value, List<torch.Tensor> held)
    {
        switch (value)
        {
            case torch.Tensor tensor:
                held.Add(tensor);
                break;
            case ITensorOwner owner:
                held.AddRange(owner.Tensors);
                break;
            case string or System.Text.Json.Nodes.JsonNode:
                break;
            case IEnumerable values:
                foreach (var item in values)
                {
                    Collect(item, held);
                }

                break;
        }
    }
}
