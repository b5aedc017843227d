namespace ComfyServe.Contracts.Serverless;

/// <summary>Words for <see cref="EndedRequest.Status"/>.</summary>
public static class EndedStatus
{
    /// <summary>The model API answered.</summary>
    public const string Success = "Success";

    /// <summary>The model API could not be reached or broke off.</summary>
    public const string Error = "Error";

    /// <summary>The client went away.</summary>
    public const string Cancelled = "Cancelled";

    /// <summary>Refused: no right, or the worker's queue is too long.</summary>
    public const string Rejected = "Rejected";
}
