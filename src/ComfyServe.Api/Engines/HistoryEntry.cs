using System.Text.Json;

namespace ComfyServe.Api.Engines;

/// <summary>An engine's record of a finished run: the authority on how it ended.</summary>
internal sealed class HistoryEntry(JsonElement entry)
{
    /// <summary>The whole entry: prompt, outputs, status, meta.</summary>
    public JsonElement Entry { get; } = entry;

    /// <summary>Node id → what the node showed; undefined when the engine left it out.</summary>
    public JsonElement Outputs { get; } = entry.TryGetProperty("outputs", out var outputs) ? outputs : default;

    /// <summary>Whether the run ended well. Engines without a status only record runs that did.</summary>
    public bool Succeeded { get; } = !entry.TryGetProperty("status", out var status) || status.ValueKind != JsonValueKind.Object
        || !status.TryGetProperty("status_str", out var word) || word.ValueEquals("success"u8);

    /// <summary>Data of the last message of a kind, or undefined.</summary>
    public JsonElement Message(string type)
    {
        var found = default(JsonElement);
        foreach (var (name, data) in Messages())
        {
            if (name == type)
            {
                found = data;
            }
        }

        return found;
    }

    /// <summary>Milliseconds from the first to the last timestamp of the run's messages, or null.</summary>
    public long? ExecutionMilliseconds()
    {
        long? first = null;
        long? last = null;
        foreach (var (_, data) in Messages())
        {
            if (data.ValueKind == JsonValueKind.Object && data.TryGetProperty("timestamp", out var timestamp) && timestamp.TryGetInt64(out var at))
            {
                first ??= at;
                last = at;
            }
        }

        return last - first;
    }

    private IEnumerable<(string Type, JsonElement Data)> Messages()
    {
        if (!Entry.TryGetProperty("status", out var status) || status.ValueKind != JsonValueKind.Object
            || !status.TryGetProperty("messages", out var messages) || messages.ValueKind != JsonValueKind.Array)
        {
            yield break;
        }

        foreach (var message in messages.EnumerateArray())
        {
            if (message.ValueKind == JsonValueKind.Array && message.GetArrayLength() == 2 && message[0].ValueKind == JsonValueKind.String)
            {
                yield return (message[0].GetString()!, message[1]);
            }
        }
    }
}
