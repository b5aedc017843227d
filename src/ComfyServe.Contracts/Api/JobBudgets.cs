namespace ComfyServe.Contracts.Api;

/// <summary>Seconds that the stages of a job may take; what is not given takes the service's own. None may be longer than the service's.</summary>
public sealed record JobBudgets
{
    /// <summary>From acceptance until an engine begins to execute the workflow.</summary>
    public int? Queue { get; init; }

    /// <summary>Execution on an engine.</summary>
    public int? Run { get; init; }

    /// <summary>Storing the outputs; files that are not stored by then carry an <c>upload_error</c>.</summary>
    public int? Upload { get; init; }
}
