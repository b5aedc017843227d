using System.Globalization;
using System.Text.Json;

namespace ComfyServe.Gateway.Jobs;

/// <summary>Tells from a worker's answer whether a request completed, failed for good, or is worth another try.</summary>
internal static class VerdictReader
{
    /// <summary>Reads an answer: status and body.</summary>
    public static WorkerVerdict Read(int status, ReadOnlyMemory<byte> body)
    {
        var (outcome, message, retryable) = Parse(body);
        var json = outcome is null ? default : body;
        return status switch
        {
            >= 200 and < 300 when outcome is null => new(VerdictKind.Retry, "bad_answer", "the worker answered with something else than a JSON object", default),
            >= 200 and < 300 when outcome is "failed" or "cancelled" => new(VerdictKind.Failed, "workflow_failed", message ?? "the workflow failed", json),
            >= 200 and < 300 => new(VerdictKind.Completed, null, message ?? "completed", json),

            // The original's API service says 500 for a workflow that failed; an empty 500 is the worker's own.
            500 when outcome == "failed" && !retryable => new(VerdictKind.Failed, "workflow_failed", message ?? "the workflow failed", json),
            >= 400 and < 499 => new(VerdictKind.Failed, "refused", message ?? string.Create(CultureInfo.InvariantCulture, $"the worker answered {status}"), json),
            _ => new(VerdictKind.Retry, "worker_failed", message ?? string.Create(CultureInfo.InvariantCulture, $"the worker answered {status}"), json),
        };
    }

    // The answer's status ("" when it has none), its message, and whether its error says that another try may succeed (a GPU that is
    // lost is no fault of the workflow); null when it is no JSON object.
    private static (string? Outcome, string? Message, bool Retryable) Parse(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            return json.RootElement.ValueKind == JsonValueKind.Object
                ? (Text(json.RootElement, "status") ?? "", Text(json.RootElement, "message"), IsRetryable(json.RootElement))
                : (null, null, false);
        }
        catch (JsonException)
        {
            return (null, null, false);
        }
    }

    private static bool IsRetryable(JsonElement json) => json.TryGetProperty("error", out var error) && error.ValueKind == JsonValueKind.Object
        && error.TryGetProperty("retryable", out var value) && value.ValueKind == JsonValueKind.True;

    private static string? Text(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
