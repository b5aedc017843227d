using System.Net;
using System.Text.Json;
using ComfyServe.Contracts.Api;

namespace ComfyServe.Worker.Benchmark;

/// <summary>Decides whether an answer of <c>/generate/sync</c> proves work done: completed, with outputs, and not all from the engine's cache.</summary>
internal static class GenerationCheck
{
    private const int MostDetail = 300;

    /// <summary>The verdict on an answer.</summary>
    /// <param name="status">Its HTTP status.</param>
    /// <param name="body">Its body.</param>
    /// <param name="nodes">How many nodes the workflow has.</param>
    public static Generation Of(HttpStatusCode status, ReadOnlyMemory<byte> body, int nodes)
    {
        JsonDocument? document = null;
        try
        {
            document = JsonDocument.Parse(body);
        }
        catch (JsonException)
        {
            // No JSON: the status alone decides.
        }

        using (document)
        {
            var root = document?.RootElement is { ValueKind: JsonValueKind.Object } found ? found : default;
            return status == HttpStatusCode.OK ? Completed(root, nodes) : Failed(status, root, AnswerVerdict.Of((int)status, body.Span));
        }
    }

    private static Generation Completed(JsonElement root, int nodes)
    {
        if (Text(root, "status") != "completed")
        {
            return new(GenerationVerdict.Failed, $"the answer's status is '{Text(root, "status")}' instead of 'completed'");
        }

        if (!HasSome(root, "output") && !HasSome(root, "texts"))
        {
            return new(GenerationVerdict.Failed, "the workflow produced no output");
        }

        return Cached(root) >= nodes
            ? new(GenerationVerdict.Failed, "the engine answered from its cache; put __RANDOM_INT__ in place of a seed")
            : new(GenerationVerdict.Verified, "");
    }

    private static Generation Failed(HttpStatusCode status, JsonElement root, AnswerVerdict verdict)
    {
        var message = Text(root, "message") ?? Text(root, "detail") ?? "";
        var detail = $"HTTP {(int)status} {(message.Length > MostDetail ? message[..MostDetail] + "…" : message)}".TrimEnd();
        if (verdict.Meaning is AnswerMeaning.Busy or AnswerMeaning.Broken)
        {
            return new(GenerationVerdict.Unreachable, detail);
        }

        // The original's API service gives no code: any failure of a workflow may be a missing model there.
        return new(verdict.ErrorCode is null || verdict.Meaning == AnswerMeaning.Refused ? GenerationVerdict.Refused : GenerationVerdict.Failed, detail);
    }

    // Nodes that the engine took from its cache: history entries lie under their prompt's id.
    private static int Cached(JsonElement root)
    {
        var most = 0;
        if (root.TryGetProperty("comfyui_response", out var response) && response.ValueKind == JsonValueKind.Object)
        {
            foreach (var entry in response.EnumerateObject())
            {
                most = Math.Max(most, CachedIn(entry.Value));
            }
        }

        return most;
    }

    private static int CachedIn(JsonElement entry)
    {
        if (entry.ValueKind != JsonValueKind.Object || !entry.TryGetProperty("status", out var status) || status.ValueKind != JsonValueKind.Object
            || !status.TryGetProperty("messages", out var messages) || messages.ValueKind != JsonValueKind.Array)
        {
            return 0;
        }

        var cached = 0;
        foreach (var message in messages.EnumerateArray())
        {
            if (message is { ValueKind: JsonValueKind.Array } && message.GetArrayLength() == 2 && message[0].ValueEquals("execution_cached"u8)
                && message[1].TryGetProperty("nodes", out var nodes) && nodes.ValueKind == JsonValueKind.Array)
            {
                cached += nodes.GetArrayLength();
            }
        }

        return cached;
    }

    private static bool HasSome(JsonElement root, string member) =>
        root.TryGetProperty(member, out var list) && list.ValueKind == JsonValueKind.Array && list.GetArrayLength() > 0;

    private static string? Text(JsonElement root, string member) =>
        root.ValueKind == JsonValueKind.Object && root.TryGetProperty(member, out var text) && text.ValueKind == JsonValueKind.String ? text.GetString() : null;
}
