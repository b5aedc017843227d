using System.Buffers.Binary;
using System.Text.Json;

namespace ComfyServe.Api.Engines;

/// <summary>Reads the frames of an engine's socket and hands them to the run that they belong to.</summary>
internal static class EngineMessages
{
    private const int PreviewWithMetadata = 4;

    /// <summary>Reads a text frame. Frames that are not JSON, or belong to no run of ours, are ignored, as other clients' are.</summary>
    public static void ReadText(ReadOnlyMemory<byte> frame, Func<string, EngineRun?> find)
    {
        JsonDocument message;
        try
        {
            message = JsonDocument.Parse(frame);
        }
        catch (JsonException)
        {
            return; // Python writes NaN and Infinity bare; no message that matters has one.
        }

        using (message)
        {
            if (message.RootElement.ValueKind == JsonValueKind.Object
                && message.RootElement.TryGetProperty("type", out var type)
                && type.ValueKind == JsonValueKind.String
                && message.RootElement.TryGetProperty("data", out var data)
                && data.ValueKind == JsonValueKind.Object
                && Text(data, "prompt_id") is { } promptId
                && find(promptId) is { } run)
            {
                Dispatch(type, data, run);
            }
        }
    }

    /// <summary>Reads a binary frame; only previews that say which run they belong to are of interest.</summary>
    public static void ReadBinary(ReadOnlyMemory<byte> frame, Func<string, EngineRun?> find)
    {
        var bytes = frame.Span;
        if (bytes.Length < 8 || BinaryPrimitives.ReadUInt32BigEndian(bytes) != PreviewWithMetadata)
        {
            return;
        }

        var length = BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]);
        if (length > (uint)(bytes.Length - 8))
        {
            return;
        }

        try
        {
            using var metadata = JsonDocument.Parse(frame.Slice(8, (int)length));
            if (Text(metadata.RootElement, "prompt_id") is { } promptId && find(promptId) is { } run)
            {
                run.OnPreview(Text(metadata.RootElement, "display_node_id") ?? "", Text(metadata.RootElement, "image_type") ?? "image/jpeg", bytes[(8 + (int)length)..]);
            }
        }
        catch (JsonException)
        {
            // Not a preview that we know how to read.
        }
    }

    private static void Dispatch(JsonElement type, JsonElement data, EngineRun run)
    {
        if (type.ValueEquals("progress"u8))
        {
            run.OnProgress(Text(data, "node") ?? "", Number(data, "value"), Number(data, "max"));
        }
        else if (type.ValueEquals("executing"u8))
        {
            if (Text(data, "display_node") is { } node)
            {
                run.OnExecuting(node);
            }
            else if (Text(data, "node") is { } inner)
            {
                run.OnExecuting(inner);
            }
            else
            {
                run.OnEnded(); // Node null comes after the history was written.
            }
        }
        else if (type.ValueEquals("executed"u8) && Text(data, "node") is { } executed)
        {
            run.OnExecuted(Text(data, "display_node") ?? executed, data.TryGetProperty("output", out var output) ? output : default);
        }
        else if (type.ValueEquals("execution_cached"u8))
        {
            run.OnCached(Texts(data, "nodes"));
        }
        else if (type.ValueEquals("execution_start"u8))
        {
            run.OnStarted();
        }
    }

    private static string? Text(JsonElement data, string name) =>
        data.ValueKind == JsonValueKind.Object && data.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static double Number(JsonElement data, string name) =>
        data.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) ? number : 0;

    private static List<string> Texts(JsonElement data, string name)
    {
        var texts = new List<string>();
        if (data.TryGetProperty(name, out var values) && values.ValueKind == JsonValueKind.Array)
        {
            foreach (var value in values.EnumerateArray())
            {
                if (value.ValueKind == JsonValueKind.String)
                {
                    texts.Add(value.GetString()!);
                }
            }
        }

        return texts;
    }
}
