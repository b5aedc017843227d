using System.Text.Json;

namespace ComfyServe.Api.Requests.Editor;

/// <summary>A connection as the editor saves it: a list <c>[id, from, slot, to, slot, type]</c>, or an object with the same in names.</summary>
/// <param name="Id">Its id.</param>
/// <param name="From">The node that it comes from.</param>
/// <param name="FromSlot">Which of that node's outputs.</param>
/// <param name="To">The node that it leads to.</param>
/// <param name="ToSlot">Which of that node's inputs.</param>
internal readonly record struct EditorLink(string Id, string From, int FromSlot, string? To, int? ToSlot)
{
    /// <summary>Reads one; null when it has no id or no origin.</summary>
    public static EditorLink? Read(JsonElement link)
    {
        var (id, from, slot, to, toSlot) = link.ValueKind switch
        {
            JsonValueKind.Array when link.GetArrayLength() >= 5 => (EditorNode.IdOf(link[0]), EditorNode.IdOf(link[1]), link[2], EditorNode.IdOf(link[3]), link[4]),
            JsonValueKind.Array when link.GetArrayLength() >= 3 => (EditorNode.IdOf(link[0]), EditorNode.IdOf(link[1]), link[2], null, default),
            JsonValueKind.Object => (EditorNode.IdOf(link, "id"), EditorNode.IdOf(link, "origin_id"), Property(link, "origin_slot"), EditorNode.IdOf(link, "target_id"), Property(link, "target_slot")),
            _ => (null, null, default, null, default),
        };
        return id is null || from is null || Number(slot) is not { } number ? null : new EditorLink(id, from, number, to, Number(toSlot));
    }

    /// <summary>A place, which old files also write as a text; null for anything else, and for places that nothing can have.</summary>
    internal static int? Number(JsonElement value)
    {
        var number = -1;
        var isNumber = value.ValueKind switch
        {
            JsonValueKind.Number => value.TryGetInt32(out number),
            JsonValueKind.String => int.TryParse(value.GetString(), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out number),
            _ => false,
        };
        return isNumber && number >= 0 ? number : null;
    }

    private static JsonElement Property(JsonElement parent, string name) => parent.TryGetProperty(name, out var value) ? value : default;
}
