using System.Text.Json.Nodes;

namespace ComfyServe.Engine.Execution;

/// <summary>What is kept of a node that ran.</summary>
internal sealed class CachedResult
{
    /// <summary>For each output, its values, one for each call; null until the node is done.</summary>
    public IReadOnlyList<IReadOnlyList<object?>>? Outputs { get; set; }

    /// <summary>What the node showed; null for nothing.</summary>
    public JsonObject? Ui { get; set; }

    /// <summary>Where the node was when it showed that.</summary>
    public NodePlace? Place { get; set; }

    /// <summary>The memory that lives as long as this result; none until the node is done.</summary>
    public HeldMemory Held { get; set; } = HeldMemory.None;
}
