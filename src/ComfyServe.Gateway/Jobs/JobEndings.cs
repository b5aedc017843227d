using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using ComfyServe.Jobs;
using ComfyServe.Jobs.Deliveries;

namespace ComfyServe.Gateway.Jobs;

/// <summary>How jobs end, and what is told of it.</summary>
internal static class JobEndings
{
    /// <summary>The code of a job that was tried as often as allowed.</summary>
    public const string ParkedCode = "parked";

    /// <summary>The code of a job that was running each time that a gateway died.</summary>
    public const string SuspectCode = "suspected_of_crash";

    /// <summary>The ending of a job whose last try was lost with its gateway, or that is suspected of having ended it.</summary>
    public static JobEnding Parked(JobRecord job)
    {
        var (code, why) = job.IsSuspect
            ? (SuspectCode, string.Create(CultureInfo.InvariantCulture, $"a gateway died {job.Losses} times while it was running: it is suspected of the crash"))
            : (ParkedCode, string.Create(CultureInfo.InvariantCulture, $"the gateway that worked on it was lost at try {job.Attempts} of {job.MaxAttempts}"));
        return Of(job.Id, JobState.Failed, StoredJob.Read(job.Payload), code, $"{why}; send it again with POST …/jobs/{job.Id}/retry", default);
    }

    /// <summary>An ending, with its webhook.</summary>
    public static JobEnding Of(string jobId, JobState state, StoredJob job, string? code, string message, ReadOnlyMemory<byte> result) => new()
    {
        State = state,
        ErrorCode = code,
        Message = message,
        Result = result,
        Deliveries = job.Webhook is not { Url: { } } webhook ? [] :
        [
            new NewDelivery
            {
                Id = "msg_" + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(18)),
                Target = new DeliveryTarget { Url = webhook.Url, Secrets = string.IsNullOrEmpty(webhook.Secret) ? [] : [webhook.Secret], TimeoutSeconds = webhook.Timeout }.Write(),
                Body = Body(jobId, state, code, message, result),
            },
        ],
    };

    /// <summary>A job's status in the words of the wire.</summary>
    public static string Status(JobState state, string? code) => state switch
    {
        JobState.Waiting => "queued",
        JobState.Leased => "running",
        JobState.Completed => "completed",
        JobState.Cancelled => "cancelled",
        _ => code is ParkedCode or SuspectCode ? "parked" : "failed",
    };

    private static byte[] Body(string jobId, JobState state, string? code, string message, ReadOnlyMemory<byte> result)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteString("id", jobId);
            json.WriteString("status", Status(state, code));
            json.WriteString("error", code);
            json.WriteString("message", message);
            if (!result.IsEmpty)
            {
                json.WritePropertyName("result");
                json.WriteRawValue(result.Span);
            }

            json.WriteEndObject();
        }

        return bytes.ToArray();
    }
}
