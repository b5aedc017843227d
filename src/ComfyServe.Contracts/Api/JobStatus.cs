namespace ComfyServe.Contracts.Api;

/// <summary>The words of <see cref="GenerateResult.Status"/>.</summary>
public static class JobStatus
{
    /// <summary>Accepted, nothing done yet.</summary>
    public const string Pending = "pending";

    /// <summary>Only the first event of a stream says so; see <see cref="Pending"/>.</summary>
    public const string Queued = "queued";

    /// <summary>Inputs are ready; waiting for an engine.</summary>
    public const string Processing = "processing";

    /// <summary>An engine has the workflow.</summary>
    public const string Generating = "generating";

    /// <summary>The engine is done; outputs are being stored.</summary>
    public const string Generated = "generated";

    /// <summary>Terminal: outputs are stored.</summary>
    public const string Completed = "completed";

    /// <summary>Terminal: see <see cref="GenerateResult.Error"/>.</summary>
    public const string Failed = "failed";

    /// <summary>Terminal: the caller cancelled, went away, or the run was interrupted.</summary>
    public const string Cancelled = "cancelled";

    /// <summary>Whether <paramref name="status"/> never changes again.</summary>
    public static bool IsTerminal(string status) => status is Completed or Failed or Cancelled;
}
