namespace ComfyServe.Worker.Admission;

/// <summary>What the client was answered, for the gateway's log. Written by the forwarder before the request's end, read after it.</summary>
internal sealed class AnswerNote
{
    /// <summary>HTTP status; 0 while there is none.</summary>
    public int Status { get; set; }

    /// <summary>The API service's id of the job, if it told.</summary>
    public string? JobId { get; set; }

    /// <summary>Why there was no answer of the API service.</summary>
    public string? Reason { get; set; }
}
