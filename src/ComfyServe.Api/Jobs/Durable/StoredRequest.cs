using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Json;
using ComfyServe.Contracts.Api;
using ComfyServe.Jobs;

namespace ComfyServe.Api.Jobs.Durable;

/// <summary>
/// A request as the ledger keeps it (sealed: it holds the caller's keys). The workflow's bytes stay as they were received. Owner and fingerprint are the
/// ledger's own columns, and come back from there.
/// </summary>
internal static class StoredRequest
{
    /// <summary>The request's JSON.</summary>
    public static byte[] Write(JobRequest request)
    {
        var buffer = new ArrayBufferWriter<byte>(request.Workflow.Length + 512);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("id"u8, request.Id);
            writer.WriteString("run_key"u8, request.RunKey);
            writer.WriteString("public_url"u8, request.PublicUrl);
            writer.WriteBoolean("base64"u8, request.ReturnBase64);
            if (request.S3 is { } s3)
            {
                writer.WritePropertyName("s3"u8);
                JsonSerializer.Serialize(writer, s3, ApiJsonContext.Default.S3Target);
            }

            if (request.Webhook is { } webhook)
            {
                writer.WritePropertyName("webhook"u8);
                JsonSerializer.Serialize(writer, webhook, ApiJsonContext.Default.WebhookTarget);
            }

            if (request.Budgets is { } budgets)
            {
                writer.WritePropertyName("budgets"u8);
                JsonSerializer.Serialize(writer, budgets, ApiJsonContext.Default.JobBudgets);
            }

            if (request.UrlLifetime is { } lifetime)
            {
                writer.WriteNumber("url_lifetime"u8, (long)lifetime.TotalSeconds);
            }

            if (request.Choices.Count > 0)
            {
                writer.WritePropertyName("choices"u8);
                JsonSerializer.Serialize(writer, request.Choices, ApiJsonContext.Default.IReadOnlyListDrawnNumber);
            }

            if (request.Warnings.Count > 0)
            {
                writer.WriteStartArray("warnings"u8);
                foreach (var warning in request.Warnings)
                {
                    writer.WriteStringValue(warning);
                }

                writer.WriteEndArray();
            }

            writer.WritePropertyName("workflow"u8);
            writer.WriteRawValue(request.Workflow.Span, skipInputValidation: true);
            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>The request of a job that was leased.</summary>
    public static JobRequest Read(JobLease lease) => Read(lease.Payload, lease.Key, lease.Fingerprint);

    /// <summary>The request of a job that the ledger has.</summary>
    public static JobRequest Read(JobRecord record) => Read(record.Payload, record.Key, record.Fingerprint);

    private static JobRequest Read(ReadOnlyMemory<byte> stored, JobKey key, string? fingerprint)
    {
        using var document = JsonDocument.Parse(stored, new JsonDocumentOptions { MaxDepth = Requests.JsonLimits.MaxDepth + 8 });
        var root = document.RootElement;
        return new()
        {
            Id = key.Id,
            Owner = key.Owner,
            Fingerprint = fingerprint,
            RunKey = root.GetProperty("run_key").GetGuid(),
            PublicUrl = root.GetProperty("public_url").GetString()!,
            ReturnBase64 = root.GetProperty("base64").GetBoolean(),
            S3 = root.TryGetProperty("s3", out var s3) ? s3.Deserialize(ApiJsonContext.Default.S3Target) : null,
            Webhook = root.TryGetProperty("webhook", out var webhook) ? webhook.Deserialize(ApiJsonContext.Default.WebhookTarget) : null,
            Budgets = root.TryGetProperty("budgets", out var budgets) ? budgets.Deserialize(ApiJsonContext.Default.JobBudgets) : null,
            UrlLifetime = root.TryGetProperty("url_lifetime", out var lifetime) ? TimeSpan.FromSeconds(lifetime.GetInt64()) : null,
            Choices = root.TryGetProperty("choices", out var choices) ? choices.Deserialize(ApiJsonContext.Default.IReadOnlyListDrawnNumber)! : [],
            Warnings = root.TryGetProperty("warnings", out var warnings) ? [.. warnings.EnumerateArray().Select(static w => w.GetString()!)] : [],
            Workflow = JsonMarshal.GetRawUtf8Value(root.GetProperty("workflow")).ToArray(),
        };
    }
}
