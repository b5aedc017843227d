using System.Text.Json.Nodes;

namespace ComfyServe.Engine.Nodes.Values;

/// <summary>A result that is more graph; see <see cref="Expansion{T}"/>.</summary>
public interface IExpansion
{
    /// <summary>The nodes to add, in API format.</summary>
    JsonObject Graph { get; }

    /// <summary>One entry for each output: a link (<see cref="NodeLink"/>) into the graph, or a value.</summary>
    IReadOnlyList<object?> Results { get; }
}
