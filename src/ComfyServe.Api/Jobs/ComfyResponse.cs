using System.Buffers;
using System.Text.Json;
using ComfyServe.Api.Engines;
using ComfyServe.Api.Owners;

namespace ComfyServe.Api.Jobs;

/// <summary>Builds <c>comfyui_response</c>: the engine's history entry under its prompt id, and <c>execution_details</c>.</summary>
internal static class ComfyResponse
{
    /// <summary>The response of a run that has a history entry.</summary>
    /// <param name="history">The entry.</param>
    /// <param name="run">What the socket told.</param>
    /// <param name="nodeErrors">Nodes that the engine left out.</param>
    /// <param name="error">Why the run failed.</param>
    /// <param name="files">The files of the owner, where callers show keys: he sees names as he gave them.</param>
    public static JsonElement Build(HistoryEntry history, EngineRun run, JsonElement nodeErrors, string? error, OwnerFiles? files)
    {
        nodeErrors = files is null ? nodeErrors : ChoiceLists.Cut(nodeErrors);
        var buffer = new ArrayBufferWriter<byte>(4096);
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { SkipValidation = true }))
        {
            writer.WriteStartObject();
            writer.WritePropertyName(run.PromptId);
            history.Entry.WriteTo(writer);
            writer.WriteStartObject("execution_details"u8);
            WriteDetails(writer, run, nodeErrors, error);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        var response = JsonElement.Parse(buffer.WrittenSpan);
        return files?.Told(response) ?? response;
    }

    private static void WriteDetails(Utf8JsonWriter writer, EngineRun run, JsonElement nodeErrors, string? error)
    {
        writer.WriteString("prompt_id"u8, run.PromptId);
        writer.WriteStartArray("nodes_executed"u8);
        foreach (var node in run.Nodes)
        {
            writer.WriteStringValue(node);
        }

        writer.WriteEndArray();
        writer.WriteStartArray("progress_updates"u8);
        foreach (var step in run.Progress)
        {
            writer.WriteStartObject();
            writer.WriteNumber("time"u8, Math.Round(step.Time, 4));
            writer.WriteNumber("value"u8, step.Value);
            writer.WriteNumber("max"u8, step.Max);
            writer.WriteNumber("percentage"u8, step.Max > 0 ? Math.Round(100 * step.Value / step.Max, 2) : 0);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteBoolean("completed"u8, error is null);
        if (run.AllCached)
        {
            writer.WriteBoolean("cached"u8, true);
        }

        if (nodeErrors.ValueKind == JsonValueKind.Object && nodeErrors.GetPropertyCount() > 0)
        {
            writer.WritePropertyName("node_errors"u8);
            nodeErrors.WriteTo(writer);
        }

        writer.WriteString("error"u8, error);
    }
}
