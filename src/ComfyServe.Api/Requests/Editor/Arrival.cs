using System.Text.Json;

namespace ComfyServe.Api.Requests.Editor;

/// <summary>What arrives at the end of a connection.</summary>
/// <param name="Node">The node whose output it is; null for a value, or for nothing.</param>
/// <param name="Slot">Which of its outputs.</param>
/// <param name="Value">The value, where no node gives one; undefined for nothing.</param>
/// <param name="End">Where no output arrives: the node at which the connection ends, or null.</param>
internal readonly record struct Arrival(string? Node, int Slot, JsonElement Value, string? End = null)
{
    /// <summary>Whether anything arrives.</summary>
    public bool IsThere => Node is not null || Value.ValueKind != JsonValueKind.Undefined;
}
