using System.Text.Json;
using System.Text.Json.Nodes;
using ComfyServe.Contracts.Serverless;
using ComfyServe.Worker.Tickets;

namespace ComfyServe.Worker.Forwarding;

/// <summary>
/// A client's body: <c>{"auth_data": ticket, "payload": {…}, "session_id": …}</c>. The payload is cut out as it stands, so that
/// no number or escape in it changes on the way.
/// </summary>
internal sealed class WorkerCall
{
    private const int MaxDepth = 128;
    private static readonly string[] Indispensable = ["cost", "endpoint", "reqnum", "request_idx", "signature", "url"];
    private static readonly JsonReaderOptions Reading = new() { MaxDepth = MaxDepth };

    private WorkerCall(Ticket ticket, string? sessionId, ReadOnlyMemory<byte> payload) => (Ticket, SessionId, Payload) = (ticket, sessionId, payload);

    /// <summary>The ticket.</summary>
    public Ticket Ticket { get; }

    /// <summary>The session that the request belongs to.</summary>
    public string? SessionId { get; }

    /// <summary>The payload's JSON, a part of the body.</summary>
    public ReadOnlyMemory<byte> Payload { get; }

    /// <summary>Reads a body.</summary>
    /// <param name="body">The body.</param>
    /// <param name="mistakes">Every mistake, in the original's form, where the result is null.</param>
    public static WorkerCall? Read(ReadOnlyMemory<byte> body, out JsonObject mistakes)
    {
        mistakes = [];
        Members members;
        try
        {
            members = Find(body.Span);
        }
        catch (JsonException)
        {
            mistakes["error"] = "invalid JSON";
            return null;
        }

        var data = Parse(members.Ticket, mistakes);
        if (members.Payload is null || !members.PayloadIsObject)
        {
            mistakes["payload"] = members.Payload is null ? "field missing" : new JsonObject { ["data"] = "payload must be a dictionary" };
        }

        if (!TryText(members.Session, out var session))
        {
            mistakes["session_id"] = "must be a string or null";
        }

        return mistakes.Count > 0 ? null : new WorkerCall(new Ticket(data!, members.Ticket!.Value), session, body[members.Payload!.Value]);
    }

    private static Members Find(ReadOnlySpan<byte> body)
    {
        var members = default(Members);
        var reader = new Utf8JsonReader(body, Reading);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException("not an object");
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("auth_data"u8))
            {
                members.Ticket = Value(ref reader);
            }
            else if (reader.ValueTextEquals("session_id"u8))
            {
                members.Session = Value(ref reader);
            }
            else if (reader.ValueTextEquals("payload"u8))
            {
                reader.Read();
                members.PayloadIsObject = reader.TokenType == JsonTokenType.StartObject;
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                members.Payload = start..(int)reader.BytesConsumed;
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }

        // Throws when more than spaces follows.
        reader.Read();
        return members;
    }

    private static bool TryText(JsonElement? value, out string? text)
    {
        text = null;
        try
        {
            text = value?.GetString();
            return true;
        }
        catch (InvalidOperationException)
        {
            return false; // another type, or no Unicode
        }
    }

    private static JsonElement Value(ref Utf8JsonReader reader)
    {
        reader.Read();
        return JsonElement.ParseValue(ref reader);
    }

    private static AuthData? Parse(JsonElement? ticket, JsonObject mistakes)
    {
        if (ticket is not { } given)
        {
            mistakes["auth_data"] = "field missing";
            return null;
        }

        if (given.ValueKind != JsonValueKind.Object)
        {
            mistakes["auth_data"] = new JsonObject { ["data"] = "auth_data must be a dictionary" };
            return null;
        }

        var missing = Indispensable.Where(name => !given.TryGetProperty(name, out _)).ToArray();
        if (missing.Length > 0)
        {
            mistakes["auth_data"] = new JsonObject(missing.Select(static name => KeyValuePair.Create(name, (JsonNode?)"missing parameter")));
            return null;
        }

        try
        {
            return given.Deserialize(ServerlessJson.Default.AuthData);
        }
        catch (JsonException error)
        {
            mistakes["auth_data"] = new JsonObject { [error.Path?.TrimStart('$', '.') is { Length: > 0 } path ? path : "data"] = "wrong type" };
            return null;
        }
    }

    private struct Members
    {
        public JsonElement? Ticket;
        public JsonElement? Session;
        public Range? Payload;
        public bool PayloadIsObject;
    }
}
