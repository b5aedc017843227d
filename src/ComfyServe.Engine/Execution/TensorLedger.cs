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

    /// <summary>Bytes of the tensors and texts held.</summary>
    public long Bytes { get; private set; }

    /// <summary>Lifts the tensors of values out of their dispose scopes and holds them.</summary>
    /// <returns>What to <see cref="Release"/> later.</returns>
    public HeldMemory Hold(IEnumerable<object?> values)
    {
        var held = new List<torch.Tensor>();
        var texts = 0L;
        foreach (var value in values)
        {
            texts += Collect(value, held);
        }

        Bytes += texts;

        foreach (var tensor in held)
        {
            tensor.DetachFromDisposeScope();
            var before = _holds.GetValueOrDefault(tensor);
            _holds[tensor] = before + 1;
            Bytes += before == 0 ? MemoryGate.BytesOf(tensor) : 0;
        }

        return new HeldMemory(held, texts);
    }

    /// <summary>Lets go of what <see cref="Hold"/> returned.</summary>
    public void Release(HeldMemory held)
    {
        Bytes -= held.TextBytes;
        foreach (var tensor in held.Tensors)
        {
            var rest = _holds[tensor] - 1;
            if (rest > 0)
            {
                _holds[tensor] = rest;
            }
            else
            {
                _holds.Remove(tensor);
                Bytes -= MemoryGate.BytesOf(tensor);
                tensor.Dispose();
            }
        }
    }

    /// <summary>Adds a value's tensors.</summary>
    /// <returns>The bytes of its texts.</returns>
    private static long Collect(object? value, List<torch.Tensor> held)
    {
        var texts = 0L;
        switch (value)
        {
            case torch.Tensor tensor:
                held.Add(tensor);
                break;
            case ITensorOwner owner:
                held.AddRange(owner.Tensors);
                break;
            case string text:
                texts += (long)text.Length * sizeof(char);
                break;
            case System.Text.Json.Nodes.JsonNode:
                break;
            case IEnumerable values:
                foreach (var item in values)
                {
                    texts += Collect(item, held);
                }

                break;
        }

        return texts;
    }
}
