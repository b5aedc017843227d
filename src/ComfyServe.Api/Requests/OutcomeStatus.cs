using ComfyServe.Api.Jobs;
using ComfyServe.Contracts.Api;
using Microsoft.AspNetCore.Http;

namespace ComfyServe.Api.Requests;

/// <summary>The HTTP status that mirrors how a job ended. Decided by the error's code, never by words.</summary>
internal static class OutcomeStatus
{
    /// <summary>The status of a terminal snapshot.</summary>
    public static int Of(JobSnapshot snapshot) => snapshot.Status switch
    {
        JobStatus.Completed => StatusCodes.Status200OK,
        JobStatus.Cancelled => StatusCodes.Status499ClientClosedRequest,
        JobStatus.Failed when snapshot.Error is { } error => Of(error.Code),
        _ => StatusCodes.Status500InternalServerError,
    };

    /// <summary>422 when an input or the workflow was refused: that is the caller's to mend. 502 when something behind this service could not be reached, 503 when the service could not write the request down, 500 otherwise.</summary>
    public static int Of(JobErrorCode code) => code switch
    {
        JobErrorCode.EngineUnreachable or JobErrorCode.InputUnreachable or JobErrorCode.RunLost => StatusCodes.Status502BadGateway,
        JobErrorCode.InputRefused or JobErrorCode.WorkflowRefused => StatusCodes.Status422UnprocessableEntity,
        JobErrorCode.LedgerUnavailable => StatusCodes.Status503ServiceUnavailable,
        _ => StatusCodes.Status500InternalServerError,
    };
}
