using ComfyServe.Contracts.Api;

namespace ComfyServe.Api.Inputs;

/// <summary>An input could not be had.</summary>
internal sealed class InputException(JobErrorCode code, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Whether it was refused or could not be reached.</summary>
    public JobErrorCode Code { get; } = code;

    /// <summary>How long its host wants to be left alone before it is asked once more; null where asking again now is of no use.</summary>
    public TimeSpan? AskAgainAfter { get; init; }

    /// <summary>The inputs that could not be had, each with its reason; empty where no input in particular is meant.</summary>
    public IReadOnlyList<InputFailure> Failures { get; init; } = [];
}
