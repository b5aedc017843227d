using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using ComfyServe.Contracts.Api;

namespace ComfyServe.Api.Jobs;

/// <summary>The JSON of a stream's events: the original's fields, and more where there is more to tell.</summary>
internal static class JobEventText
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The first event of a stream.</summary>
    public static byte[] Queued(string id, DateTimeOffset now) => Build(writer =>
    {
        writer.WriteString("request_id"u8, id);
        writer.WriteString("status"u8, JobStatus.Queued);
        writer.WriteString("message"u8, "Request queued");
        WriteTime(writer, now);
    });

    /// <summary>A change of status, message or place in the queue.</summary>
    public static byte[] Status(string id, JobSnapshot snapshot, JobPlace place, string? nodeId, DateTimeOffset now, TimeSpan elapsed) => Build(writer =>
    {
        writer.WriteString("request_id"u8, id);
        writer.WriteString("status"u8, snapshot.Status);
        writer.WriteString("message"u8, snapshot.Message);
        WriteTime(writer, now);
        WriteElapsed(writer, elapsed);
        if (nodeId is not null)
        {
            writer.WriteString("node_id"u8, nodeId);
        }

        writer.WriteNumber("overall_percentage"u8, Math.Round(100 * snapshot.Fraction, 1));
        writer.WriteStartObject("queue_info"u8);
        writer.WriteNumber("preprocess_queue_size"u8, place.Preprocess);
        writer.WriteNumber("generation_queue_size"u8, place.Generation);
        writer.WriteNumber("postprocess_queue_size"u8, place.Postprocess);
        writer.WriteEndObject();
        writer.WriteStartObject("queue_position"u8);
        writer.WriteString("current_queue"u8, place.Queue);
        writer.WriteNumber("position"u8, place.Position);
        writer.WriteNumber("queue_size"u8, place.Size);
        writer.WriteNumber("estimated_wait_time"u8, place.WaitSeconds);
        writer.WriteEndObject();
        if (snapshot.Output.Count > 0)
        {
            writer.WriteNumber("output_count"u8, snapshot.Output.Count);
        }
    });

    /// <summary>A step of a node.</summary>
    public static byte[] Progress(string id, string message, RunStep step, DateTimeOffset now, TimeSpan elapsed) => Build(writer =>
    {
        writer.WriteString("request_id"u8, id);
        writer.WriteString("status"u8, "progress");
        writer.WriteString("message"u8, message);
        WriteTime(writer, now);
        WriteElapsed(writer, elapsed);
        writer.WriteString("node_id"u8, step.NodeId);
        writer.WriteNumber("value"u8, step.Value);
        writer.WriteNumber("max"u8, step.Max);
        writer.WriteNumber("percentage"u8, step.Max > 0 ? Math.Round(100 * step.Value / step.Max, 1) : 0);
        writer.WriteNumber("overall_percentage"u8, Math.Round(100 * step.Fraction, 1));
    });

    /// <summary>A preview image.</summary>
    public static byte[] Preview(string id, string nodeId, string mediaType, ReadOnlySpan<byte> image)
    {
        var data = Convert.ToBase64String(image);
        return Build(writer =>
        {
            writer.WriteString("request_id"u8, id);
            writer.WriteString("status"u8, "preview");
            writer.WriteString("node_id"u8, nodeId);
            writer.WriteString("mimetype"u8, mediaType);
            writer.WriteString("data"u8, data);
        });
    }

    /// <summary>The last event of a stream.</summary>
    /// <param name="id">The request's id.</param>
    /// <param name="result">JSON of the whole result.</param>
    /// <param name="elapsed">From acceptance to the end.</param>
    public static byte[] Final(string id, byte[] result, TimeSpan elapsed) => Build(writer =>
    {
        writer.WriteString("request_id"u8, id);
        writer.WriteString("status"u8, "final_result");
        writer.WritePropertyName("result"u8);
        writer.WriteRawValue(result, skipInputValidation: true);
        WriteElapsed(writer, elapsed);
    });

    private static byte[] Build(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer, Options))
        {
            writer.WriteStartObject();
            write(writer);
            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>UTC with microseconds and without a zone, as the original writes it.</summary>
    private static void WriteTime(Utf8JsonWriter writer, DateTimeOffset now) =>
        writer.WriteString("timestamp"u8, now.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff", CultureInfo.InvariantCulture));

    private static void WriteElapsed(Utf8JsonWriter writer, TimeSpan elapsed) => writer.WriteNumber("elapsed_time"u8, Math.Round(elapsed.TotalSeconds, 1));
}
