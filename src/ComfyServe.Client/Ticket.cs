using System.Text.Json.Nodes;

namespace ComfyServe.Client;

/// <summary>The gateway's answer to <c>/route/</c>, kept whole: a worker gets it back to the letter.</summary>
internal sealed class Ticket(JsonObject answer)
{
    /// <summary>All that the gateway said, unknown fields included.</summary>
    public JsonObject Answer { get; } = answer;

    /// <summary>The worker to call, or null while all are busy.</summary>
    public Uri? Worker { get; } =
        answer["url"] is JsonValue url && url.TryGetValue<string>(out var text) && Uri.TryCreate(text, UriKind.Absolute, out var uri) ? uri : null;

    /// <summary>The request's number; 0 when the gateway gave none.</summary>
    public long RequestIdx { get; } = (long)WireText.Number(answer["request_idx"]);

    /// <summary>For people: what the gateway says of its workers.</summary>
    public string Status { get; } = answer["status"]?.ToString() ?? "";
}
