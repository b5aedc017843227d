using System.Text.Json;
using System.Text.Json.Nodes;

namespace ComfyServe.Workflows;

/// <summary>An output of a node, as an input names it: <c>["4", 0]</c>.</summary>
/// <param name="NodeId">The node's id.</param>
/// <param name="Slot">The output, from 0; negative counts from the end.</param>
public readonly record struct WorkflowLink(string NodeId, int Slot)
{
    /// <summary>Reads a link: a list of exactly a text and a whole number. Everything else is a literal.</summary>
    public static bool TryRead(JsonNode? value, out WorkflowLink link)
    {
        link = default;
        if (value is not JsonArray { Count: 2 } list
            || list[0] is not JsonValue id || !id.TryGetValue(out string? nodeId)
            || list[1] is not JsonValue slot || slot.GetValueKind() != JsonValueKind.Number
            || !TrySlot(slot, out var number))
        {
            return false;
        }

        link = new WorkflowLink(nodeId, number);
        return true;
    }

    /// <summary>The form that workflows have.</summary>
    public JsonArray ToJson() => [NodeId, Slot];

    private static bool TrySlot(JsonValue value, out int slot)
    {
        if (value.TryGetValue(out slot))
        {
            return true;
        }

        var isWhole = value.TryGetValue(out double number) && number == Math.Truncate(number) && Math.Abs(number) <= int.MaxValue;
        slot = isWhole ? (int)number : 0;
        return isWhole;
    }
}
