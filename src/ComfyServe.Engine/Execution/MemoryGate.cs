using System.Globalization;
using ComfyServe.Diffusion.Runtime;
using ComfyServe.Engine.Nodes;
using ComfyServe.Engine.Nodes.Schema;
using ComfyServe.Engine.Nodes.Values;
using TorchSharp;

namespace ComfyServe.Engine.Execution;

/// <summary>
/// Asked before a node is called: a call that would take more memory than there is ends its run with an error that says so,
/// before anything is allocated. The process must not come to its limit, where the system ends it.
/// </summary>
/// <param name="free">Bytes that can be taken, as far as tensors are concerned.</param>
/// <param name="freeManaged">Bytes that the managed heap can take, for texts.</param>
/// <param name="relieve">Gives back what nobody uses; asked for before something is refused.</param>
/// <remarks>Used from the inference thread only.</remarks>
internal sealed class MemoryGate(Func<long> free, Func<long> freeManaged, Action relieve)
{
    /// <summary>Bytes that are granted without a look: a look reads several files of the system.</summary>
    public const long Unseen = 32 << 20;

    private long _granted;

    /// <summary>A call was refused since this was last set to false.</summary>
    public bool HasRefused { get; set; }

    /// <summary>A gate on the memory of this process.</summary>
    public static MemoryGate OfProcess(MemoryRoom room) => new(
        () => room.Free,
        () => Math.Min(room.Free, MemoryRoom.FreeManaged),
        static () =>
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            MemoryRoom.Trim();
        });

    /// <summary>Asks for a node's call.</summary>
    /// <param name="node">The node's class.</param>
    /// <param name="values">Its inputs by name.</param>
    /// <param name="context">For the node's own account.</param>
    /// <exception cref="NodeException">There is not as much as it would take.</exception>
    public void Ask(NodeDescriptor node, IEnumerable<KeyValuePair<string, object?>> values, NodeContext context) =>
        Ask(Estimate(node, values, context), node.Name, free);

    /// <summary>About how many bytes a call takes.</summary>
    public static long Estimate(NodeDescriptor node, IEnumerable<KeyValuePair<string, object?>> values, NodeContext context)
    {
        if (node.Memory is { } method)
        {
            return Own(node, method, values, context);
        }

        return node.Node.MemoryFactor == 0 ? 0 : node.Node.MemoryFactor * values.Sum(static v => TensorBytes(v.Value));
    }

    /// <summary>Asks for tensors that a node is about to make.</summary>
    /// <exception cref="NodeException">There is not as much.</exception>
    public void Ask(long bytes, string node) => Ask(bytes, $"node '{node}'", free);

    /// <summary>Asks for texts that a node made.</summary>
    /// <exception cref="NodeException">There is not as much.</exception>
    public void AskForTexts(string node, IEnumerable<object?> values)
    {
        var units = values.Sum(static v => v is string text ? text.Length : 0L);
        if (units > 0)
        {
            Ask(units * sizeof(char), node, freeManaged);
        }
    }

    /// <summary>The bytes of a value's tensors.</summary>
    public static long TensorBytes(object? value) => value switch
    {
        torch.Tensor tensor => BytesOf(tensor),
        ITensorOwner owner => owner.Tensors.Sum(BytesOf),
        IEnumerable<object?> list => list.Sum(TensorBytes),
        _ => 0,
    };

    /// <summary>The bytes of a tensor.</summary>
    public static long BytesOf(torch.Tensor tensor) => tensor.numel() * tensor.element_size();

    private static long Own(NodeDescriptor node, MethodCall method, IEnumerable<KeyValuePair<string, object?>> values, NodeContext context)
    {
        var inputs = values.ToDictionary(StringComparer.Ordinal);
        foreach (var input in node.Inputs.Where(i => i.IsOptional && !inputs.ContainsKey(i.Name)))
        {
            inputs[input.Name] = input.Absent;
        }

        return NamedCall.Invoke(method, inputs, context) is long bytes ? bytes : 0;
    }

    private void Ask(long bytes, string node, Func<long> room)
    {
        if (bytes < Unseen - _granted)
        {
            _granted += bytes;
            return;
        }

        _granted = 0;
        var left = room();
        if (bytes > left)
        {
            relieve();
            left = room();
        }

        if (bytes > left)
        {
            HasRefused = true;
            throw RunLimits.Exceeded("memory", string.Create(
                CultureInfo.InvariantCulture, $"{node} would take about {Mebibytes(bytes)} of memory, and {Mebibytes(Math.Max(left, 0))} are free"));
        }
    }

    private static string Mebibytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes >> 20:N0} MiB");
}
